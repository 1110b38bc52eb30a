// libmicrohttpd for Swift: typed wrappers for what Swift cannot call.
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

// The library would resolve %XX in the path: %2F would come to part segments, and what follows a %00 would be lost.
static inline size_t mhd_keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void) context;
    (void) connection;
    return strlen(text);
}

// MHD_start_daemon is variadic; callbacks in an option array travel as intptr_t, which only C can write without a cast
// through undefined behaviour. `context` reaches every callback as its first argument.
static inline struct MHD_Daemon *mhd_start_external_epoll(
    int listen_socket,
    void *context,
    MHD_AcceptPolicyCallback accept_policy,
    MHD_AccessHandlerCallback access_handler,
    MHD_RequestCompletedCallback request_completed,
    MHD_NotifyConnectionCallback connection_changed,
    void *(*uri_seen)(void *, const char *, struct MHD_Connection *),
    unsigned int connection_limit,
    size_t connection_memory,
    char *certificate,
    char *key)
{
    bool tls = certificate && key;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, listen_socket, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, connection_limit, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t) connection_memory, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, 0, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t) request_completed, context},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t) connection_changed, context},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t) uri_seen, context},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t) mhd_keep_escapes, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
        {tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, key},
        // GnuTLS's usual set without what is older than TLS 1.2 (RFC 8996).
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *) "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0), 0, accept_policy, context, access_handler, context,
        MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

// The info functions are variadic and return unions behind pointers.
static inline int mhd_daemon_epoll_descriptor(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->epoll_fd : -1;
}

static inline int mhd_connection_socket(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static inline const struct sockaddr *mhd_connection_client_address(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : NULL;
}

// What the connection-changed callback stored for this connection.
static inline void *mhd_connection_context(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

// MHD_set_connection_option is variadic.
static inline void mhd_connection_set_timeout(struct MHD_Connection *connection, unsigned int seconds)
{
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, seconds);
}

// Bytes of the request's head, with the empty line; 0 before it is complete.
static inline size_t mhd_connection_head_size(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}

// MHD_set_response_options is variadic.
static inline enum MHD_Result mhd_response_closes_unchunked(struct MHD_Response *response)
{
    return MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
}

// The size and the two end marks are macros with casts.
static const uint64_t mhd_size_unknown = MHD_SIZE_UNKNOWN;
static const ssize_t mhd_end_of_stream = MHD_CONTENT_READER_END_OF_STREAM;
static const ssize_t mhd_end_with_error = MHD_CONTENT_READER_END_WITH_ERROR;
