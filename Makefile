# Every target is one line of help: `make` prints them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# Where Swift's archives and swiftly unpack it, for shells whose PATH does not say so.
export PATH := $(PATH):/opt/swift/usr/bin:$(HOME)/.local/share/swiftly/bin
# The compiler keeps caches in HOME; some users have none that can be written.
ifneq ($(shell test -w "$(HOME)" && echo writable),writable)
export HOME := $(CURDIR)/.build/home
$(shell mkdir -p "$(HOME)")
endif
# With Swift's own libraries inside, the program takes some 10 % less of the CPU, and runs without them beside it.
RELEASE := -c release --static-swift-stdlib

.PHONY: help run test build bench bench-calls bench-data bench-identity lint docs clean test-thread test-address e2e programs

help: ## Print this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

run: ## Install what is missing, build for release and serve on 127.0.0.1:8080 until Ctrl-C (ARGS="--listen …")
	@Scripts/setup run
	swift build $(RELEASE) --product witan
	@exec .build/release/witan serve $(ARGS)

test: ## Install what is missing and run every test
	@Scripts/setup test
	swift build --build-tests
	@Scripts/venv .venv-postgres Tests/EndToEnd/requirements-postgres.txt
	@Scripts/venv .venv-mail Tests/EndToEnd/requirements-mail.txt
	@Scripts/swift-tests
	@Scripts/postgres-versions
	@$(MAKE) --no-print-directory e2e

e2e: programs ## Run the end-to-end tests against the real program only (ARGS="-k stream")
	@Scripts/venv .venv Tests/EndToEnd/requirements.txt
	@Scripts/venv .venv-litellm Tests/EndToEnd/requirements-litellm.txt
	@Scripts/venv .venv-moto Tests/EndToEnd/requirements-moto.txt
	@Scripts/venv .venv-mail Tests/EndToEnd/requirements-mail.txt
	@Scripts/venv .venv-identity Tests/EndToEnd/requirements-identity.txt
	E2E_THIRD_PARTY=1 .venv/bin/python -m pytest Tests/EndToEnd $(ARGS)

programs:
	@Scripts/setup test
	swift build --product witan
	swift build --product mock-upstream

build: ## Build everything for debugging
	@Scripts/setup build
	swift build

bench: bench-calls bench-data bench-identity ## Measure beside peers, print the tables: calls, data layer, identity

bench-calls: ## Measure calls beside nginx and the bare upstream only (ARGS="…")
	@Scripts/setup bench
	swift build $(RELEASE) --product witan
	swift build $(RELEASE) --product mock-upstream
	/usr/bin/python3 Benchmarks/run.py $(ARGS)

bench-data: ## Measure the data layer beside PostgreSQL's own programs only (ARGS="…")
	@Scripts/setup bench
	swift build $(RELEASE) --product witan
	swift build $(RELEASE) --product audit-load
	/usr/bin/python3 Benchmarks/data.py $(ARGS)

bench-identity: ## Measure keys, how fast changes reach another node, and sign-ins beside calls (ARGS="…")
	@Scripts/setup bench
	swift build $(RELEASE) --product witan
	swift build $(RELEASE) --product mock-upstream
	swift build $(RELEASE) --product identity-load
	/usr/bin/python3 Benchmarks/identity.py $(ARGS)

lint: ## Check the format, the rules of STYLE.md and the migrations
	@Scripts/setup build
	swift format lint --strict --recursive Sources Tests Benchmarks Package.swift
	swift build --build-tests
	@Scripts/swift-tests TidyTests InventoryTests.OwnSchemaTests

docs: ## Write docs/reference and schema.sql again from the program
	@Scripts/setup build
	swift build --product witan
	.build/debug/witan reference docs/reference --schema schema.sql

test-thread: ## Run the tests with ThreadSanitizer in the program (ARGS="PostgresTests" narrows the Swift part)
	@Scripts/setup test
	@Scripts/sanitize thread $(ARGS)

test-address: ## Run the tests with AddressSanitizer in the program
	@Scripts/setup test
	@Scripts/sanitize address $(ARGS)

clean: ## Remove what was built (the data directory .witan stays)
	rm -rf .build .venv .venv-litellm .venv-moto .venv-postgres .venv-mail .venv-identity Benchmarks/results
