# The commands of a day's work. "make help" lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.NOTPARALLEL:

GO ?= go
export GO
# Debian keeps nginx where only root looks for commands.
export PATH := $(PATH):/usr/sbin

VERSION := $(shell cat VERSION)
TOOLS := bin/tools/.built-$(shell cat tools/go.mod tools/go.sum | cksum | cut -d ' ' -f 1)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: build ## Show the exporter at work on a real nginx, then clean up
	@scripts/need.sh nginx curl
	@scripts/demo.sh bin/nginx-exporter

.PHONY: demo-plus
demo-plus: build ## Show it on the API of NGINX Plus, without a licence
	@scripts/need.sh curl
	@scripts/demo-plus.sh bin/nginx-exporter

.PHONY: build
build: ## Build bin/nginx-exporter with its version inside
	@scripts/build.sh bin/nginx-exporter

# Packages whose own tests must cover at least COVERAGE percent.
COVERED := nginx-exporter/client nginx-exporter/client/document nginx-exporter/client/plus nginx-exporter/collector nginx-exporter/collector/metric
COVERAGE := 90
TESTFLAGS ?=

.PHONY: test
test: ## Run all tests with the race detector, and check the coverage
	@scripts/need.sh nginx gcc promtool prometheus openssl curl perl systemd-analyze
	CGO_ENABLED=1 $(GO) test -race -count=1 -vet=off -timeout=10m -coverprofile=coverage.out $(TESTFLAGS) ./...
	@awk -v least=$(COVERAGE) -v packages="$(COVERED)" -f scripts/coverage.awk coverage.out

.PHONY: lint
lint: $(TOOLS) ## Check formatting, the house rules, shell scripts and go.mod
	@scripts/need.sh shellcheck
	bin/tools/golangci-lint run ./...
	shellcheck scripts/*.sh .ci/run
	$(GO) mod tidy -diff

.PHONY: golden
golden: ## Rewrite golden files, generated docs and scripts, to be read in git diff
	scripts/golden.sh 'Golden|Docs|Script'

.PHONY: docs
docs: ## Rewrite the generated docs alone
	scripts/golden.sh Docs

BENCH ?= .
COUNT ?= 1

.PHONY: bench
bench: ## Print Go benchmarks (BENCH=pattern, COUNT=10 for benchstat)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./client/... ./collector/... ./internal/web/...

DEBIAN_PEER := prometheus-nginx-exporter
PEER ?= $(DEBIAN_PEER)
ARGS ?=

.PHONY: bench-peer
bench-peer: build ## Compare with another exporter under load (PEER=/path ARGS=...)
	@scripts/need.sh nginx $(filter $(DEBIAN_PEER),$(PEER))
	$(GO) run ./internal/bench/peer -ours bin/nginx-exporter -peer '$(PEER)' $(ARGS)

FUZZTIME ?= 30s

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (30s)
	scripts/fuzz.sh $(FUZZTIME)

DOCKER ?= docker
DOCKERFLAGS ?=
BASE ?=

.PHONY: image
image: ## Build the container image (BASE=image to build in, DOCKER=podman)
	. ./scripts/version.sh; $(DOCKER) build $(DOCKERFLAGS) $(if $(BASE),--build-arg BUILD_BASE=$(BASE)) \
		--build-arg VERSION="$$VERSION" --build-arg REVISION="$$REVISION" \
		--build-arg BRANCH="$$BRANCH" --build-arg BUILD_DATE="$$BUILD_DATE" \
		-t nginx-exporter:$(VERSION) .

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf bin dist coverage.out

# The tools are built once for each state of tools/go.mod and tools/go.sum:
# golangci-lint takes minutes.
$(TOOLS):
	cd tools && CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w' -o ../bin/tools/ tool
	@rm -f bin/tools/.built-* && touch $@

.PHONY: chart-lint
chart-lint: ## Check the Helm chart: lint, schemas, rules, queries, README
	@scripts/chart.sh lint

.PHONY: chart-test
chart-test: ## Run the unit tests of the Helm chart
	@scripts/chart.sh test

.PHONY: chart-docs
chart-docs: ## Rewrite the README of the Helm chart, and what examples/kubernetes renders
	@scripts/chart.sh docs

E2E_BIN ?= bin/e2e

.PHONY: e2e
e2e: ## Scale nginx on a real control plane, as root (E2E_BIN=folder with the servers)
	@E2E_BIN='$(E2E_BIN)' e2e/run.sh

.PHONY: e2e-bin
e2e-bin: ## Build the servers for it into E2E_BIN: an hour the first time
	@e2e/build.sh '$(E2E_BIN)'
