// What Linux has and Swift's Glibc module does not import.
#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>
