# Everything a person does with this project. `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.SILENT:
.ONESHELL:
.DEFAULT_GOAL := help

SWIFT ?= swift
IMAGE ?= inference-gateway
CONFIGURATION ?= release
BINARY := .build/$(CONFIGURATION)/inference-gateway
SWIFT_FILES := Package.swift Sources Tests

# Arguments of `make run-client`, for example CLIENT_ARGS='--message "Hello"'.
CLIENT_ARGS ?=

.PHONY: help
help: ## list the targets
	awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: dependencies
dependencies: ## install the C libraries' headers where they are missing (Debian, Ubuntu)
	.ci/dependencies

.PHONY: build
build: dependencies ## build the program; its output goes to standard error
	$(SWIFT) build -c $(CONFIGURATION) --product inference-gateway >&2

.PHONY: demo
demo: build ## mock upstream, gateway and client in one: prints the three sections
	exec $(BINARY) demo

.PHONY: run-gateway
run-gateway: build ## serve, configured by the environment and .env
	exec $(BINARY) serve

.PHONY: run-gateway-dev
run-gateway-dev: ## serve, and rebuild and restart when a source changes
	exec .ci/watch $(MAKE) --no-print-directory run-gateway CONFIGURATION=debug

.PHONY: run-client
run-client: build ## one question to a running gateway (CLIENT_ARGS='…')
	exec $(BINARY) chat $(CLIENT_ARGS)

.PHONY: mock-upstream
mock-upstream: build ## a scriptable upstream on port 8001 (MOCK_PORT)
	exec $(BINARY) mock-upstream

.PHONY: health-gateway
health-gateway: build ## is the gateway there?
	exec $(BINARY) health

.PHONY: health-upstream
health-upstream: build ## does the gateway reach its upstream?
	exec $(BINARY) health --upstream

.PHONY: check-dedicated
check-dedicated: build ## the state of a Friendli Dedicated endpoint
	exec $(BINARY) check-dedicated

.PHONY: test
test: dependencies ## all tests; what failed is said again at the end
	log=$$(mktemp)
	trap 'rm -f "$$log"' EXIT
	$(SWIFT) test 2>&1 | tee "$$log" || { printf '\nfailed:\n'; grep -a '✘\|error:' "$$log" | tail -n 40; exit 1; }

.PHONY: test-clients
test-clients: build ## real clients against the program: OpenAI's SDK, LiteLLM, LangChain, curl and others (Python, pip's index)
	GATEWAY_BINARY=$(abspath $(BINARY)) Tests/Clients/run

# Seconds that `make fuzz` gives each target.
SECONDS ?= 60

.PHONY: fuzz
fuzz: dependencies ## fuzz each target for SECONDS seconds; what is found is written to .build-fuzz
	$(SWIFT) build --package-path Tests/Fuzzers --scratch-path .build-fuzz -c release --sanitize=fuzzer
	for corpus in Tests/FuzzTests/Corpus/*/; do
		target=$$(basename "$$corpus")
		mkdir -p ".build-fuzz/corpus/$$target"
		printf '\n== %s\n' "$$target"
		FUZZ_TARGET=$$target .build-fuzz/release/Fuzzer -max_total_time=$(SECONDS) -max_len=4096 -verbosity=0 \
			-print_final_stats=1 -artifact_prefix=".build-fuzz/$$target-" ".build-fuzz/corpus/$$target" "$$corpus"
	done

.PHONY: bench-summaries
bench-summaries: build ## how long readers wait for summaries and for the answer, in each mode
	exec $(BINARY) bench-summaries

.PHONY: bench-parse
bench-parse: build ## what the reasoning parsers cost for each delta
	exec $(BINARY) bench-parse

.PHONY: bench-stalled
bench-stalled: build ## the memory that a thousand clients cost who do not read
	exec $(BINARY) bench-stalled

# Minutes that `make soak` takes, and completions at the same time.
MINUTES ?= 30
STREAMS ?= 200

.PHONY: soak
soak: build ## mixed traffic with faults, leaving clients and drains, for MINUTES minutes: is anything lost, does anything grow?
	exec $(BINARY) soak --minutes $(MINUTES) --streams $(STREAMS)

.PHONY: test-tsan
test-tsan: dependencies ## all tests under the thread sanitizer
	SWIFT=$(SWIFT) .ci/sanitize thread

.PHONY: test-asan
test-asan: dependencies ## the tests under the address sanitizer, but for those on which Foundation's Process fails by itself
	SWIFT=$(SWIFT) ASAN_OPTIONS=detect_leaks=0 .ci/sanitize address --skip ProcessTests

.PHONY: format
format: ## format the sources in place
	$(SWIFT) format format --in-place --parallel --recursive $(SWIFT_FILES)

.PHONY: lint
lint: ## check the sources' format
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_FILES)

.PHONY: image
image: ## build the container image
	docker build --tag $(IMAGE) .

.PHONY: clean
clean: ## remove what was built
	rm -rf .build .build-*
