# "make help" lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.NOTPARALLEL:

GO ?= go
export GO
# Debian installs nginx in /usr/sbin, which is not on every PATH.
export PATH := $(PATH):/usr/sbin
# All but the race detector do without C, so that they share the compiled packages.
export CGO_ENABLED := 0

TOOLS := bin/tools/.built-$(shell cat tools/go.mod tools/go.sum | cksum | cut -d ' ' -f 1)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: build ## Run the exporter on a real nginx, show metrics and a failure, clean up (DEMO_KEEP=1: at Ctrl-C)
	@scripts/need.sh nginx curl
	@scripts/demo.sh bin/nginx-exporter

.PHONY: demo-plus
demo-plus: build ## The same on a simulated NGINX Plus API, without a license
	@scripts/need.sh curl
	@scripts/demo-standin.sh plus bin/nginx-exporter

.PHONY: demo-angie
demo-angie: build ## The same on a simulated Angie
	@scripts/need.sh curl
	@scripts/demo-standin.sh angie bin/nginx-exporter

.PHONY: demo-vts
demo-vts: build ## The same on a simulated nginx-module-vts
	@scripts/need.sh curl
	@scripts/demo-standin.sh vts bin/nginx-exporter

.PHONY: build
build: ## Build bin/nginx-exporter
	@scripts/build.sh bin/nginx-exporter

# Packages that need COVERAGE percent coverage by their own tests.
COVERED := nginx-exporter/client nginx-exporter/client/api nginx-exporter/client/document nginx-exporter/client/angie nginx-exporter/client/plus nginx-exporter/client/stubstatus nginx-exporter/client/vts nginx-exporter/collector nginx-exporter/collector/metric \
	nginx-exporter/collector/source nginx-exporter/collector/source/angie nginx-exporter/collector/source/exporter nginx-exporter/collector/source/plus nginx-exporter/collector/source/stubstatus nginx-exporter/collector/source/vts
COVERAGE := 90
TESTFLAGS ?=

.PHONY: test
test: ## Run all tests, those with goroutines with the race detector, and check coverage
	@scripts/need.sh nginx gcc promtool prometheus openssl curl perl ps systemd-analyze
	$(GO) -C packaging/image test -count=1 ./...
	scripts/test.sh $(TESTFLAGS)
	@awk -v least=$(COVERAGE) -v packages="$(COVERED)" -f scripts/coverage.awk coverage.out

AXE := bin/axe/axe.min.js
PICTURES ?=

.PHONY: test-page
test-page: build $(AXE) ## Test the live page in Chromium (PICTURES=directory for a picture of each state)
	@scripts/need.sh chromium nginx prometheus
	PICTURES='$(abspath $(PICTURES))' $(GO) test -count=1 -timeout=30m -tags=browser -v $(TESTFLAGS) ./internal/page

# The accessibility rules of axe-core, which are only for this test.
$(AXE):
	@scripts/need.sh npm
	mkdir -p bin/axe && cd bin/axe && npm pack --silent axe-core@4.14.1 && tar -xzf axe-core-*.tgz --strip-components=1 package/axe.min.js

# Modules with code of ours, but those of the charts, which chart-lint checks, and e2e/controller, which would build Kubernetes.
MODULES := . packaging/image e2e

.PHONY: lint
lint: $(TOOLS) ## Check formatting, house rules, scripts, workflows, licenses, vulnerabilities
	@scripts/need.sh shellcheck
	for module in $(MODULES); do (cd $$module && $(CURDIR)/bin/tools/golangci-lint run --allow-parallel-runners ./...); done
	for module in $(MODULES) charts/promql charts/tools; do $(GO) -C $$module mod tidy -diff; done
	shellcheck scripts/*.sh .ci/run packaging/deb/{postinst,prerm,postrm} packaging/rpm/{pre,post,preun,postun} packaging/apk/{pre-install,post-upgrade,pre-deinstall} packaging/test/*.sh packaging/completions/nginx-exporter.bash e2e/*.sh examples/kubernetes/try.sh examples/testdata/cluster.sh
	scripts/notice.sh | diff -u NOTICE -
	cd tools/actionlint && $(GO) tool actionlint
	scripts/vulncheck.sh '$(VULNDB)' '$(EXCEPTIONS)'

VULNDB ?=
EXCEPTIONS ?= scripts/vulncheck/exceptions.txt

.PHONY: vulncheck
vulncheck: $(TOOLS) ## Check for known vulnerabilities (VULNDB=https://vuln.go.dev)
	scripts/vulncheck.sh '$(VULNDB)' '$(EXCEPTIONS)'

.PHONY: notice
notice: ## Rewrite NOTICE: the modules in the program, and their licenses
	scripts/notice.sh >NOTICE

.PHONY: golden
golden: ## Rewrite golden files, generated docs and scripts; review git diff
	scripts/golden.sh 'Golden|Docs|Script'

.PHONY: docs
docs: ## Rewrite only generated docs
	scripts/golden.sh Docs

BENCH ?= .
COUNT ?= 1

.PHONY: bench
bench: ## Run Go benchmarks (BENCH=pattern, COUNT=10 for benchstat)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./client/... ./collector/... ./internal/web/...

DEBIAN_PEER := prometheus-nginx-exporter
PEER ?= $(DEBIAN_PEER)
ARGS ?=

.PHONY: bench-peer
bench-peer: build ## Compare with another exporter (PEER=/path ARGS=...)
	@scripts/need.sh nginx $(filter $(DEBIAN_PEER),$(PEER))
	$(GO) run ./internal/bench/peer -ours bin/nginx-exporter -peer '$(PEER)' $(ARGS)

ALE ?=
ALE_CONFIG ?=
NGINXLOG ?=
LOGBENCH ?= .

.PHONY: bench-log
bench-log: build ## Access logs: lines per CPU second, losses (ALE, ALE_CONFIG, NGINXLOG=/path of others)
	@scripts/need.sh nginx wrk
	OURS=bin/nginx-exporter ALE='$(ALE)' ALE_CONFIG='$(ALE_CONFIG)' NGINXLOG='$(NGINXLOG)' scripts/benchlog.sh '$(LOGBENCH)'

FUZZTIME ?= 30s

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (30s)
	scripts/fuzz.sh $(FUZZTIME)

DOCKER ?= docker
DOCKERFLAGS ?=
BASE ?=

.PHONY: image
image: ## Build the container image (BASE=build image, DOCKER=podman)
	. ./scripts/version.sh; $(DOCKER) build $(DOCKERFLAGS) $(if $(BASE),--build-arg BUILD_BASE=$(BASE)) \
		--build-arg VERSION="$$VERSION" --build-arg REVISION="$$REVISION" \
		--build-arg BRANCH="$$BRANCH" --build-arg BUILD_DATE="$$BUILD_DATE" \
		-t "nginx-exporter:$${VERSION/+/-}" .

DIST ?= dist

.PHONY: archives
archives: ## Build archives for all systems into DIST (TARGETS='linux/amd64 darwin/arm64')
	@scripts/archives.sh '$(DIST)'

.PHONY: sbom
sbom: ## Write SBOMs of the programs of "make archives" into DIST
	@scripts/sbom.sh '$(DIST)'

.PHONY: image-layout
image-layout: ## Write the image for all architectures into DIST, without Docker (after archives and sbom)
	@scripts/image.sh '$(DIST)'

.PHONY: chart-package
chart-package: ## Package the chart into DIST (CHART_KEYRING=secring.gpg CHART_KEY=name to sign it)
	@scripts/chart.sh package '$(DIST)'

.PHONY: release
release: archives sbom image-layout chart-package packages ## Build all files of a release into DIST, with checksums
	scripts/checksums.sh '$(DIST)'

.PHONY: test-image
test-image: ## Run the image in Docker, as root: a restricted pod, and examples/compose
	@scripts/need.sh dockerd docker-compose skopeo nginx prometheus curl ip nsenter
	TARGETS=linux/$(shell $(GO) env GOARCH) scripts/archives.sh bin/dist
	scripts/sbom.sh bin/dist
	scripts/image.sh bin/dist
	scripts/testimage.sh bin/dist

COLLECTIONS ?=

.PHONY: test-ansible
test-ansible: ## Check the play in examples/ansible (COLLECTIONS=directory with prometheus.prometheus: and run it)
	@scripts/need.sh ansible-playbook python3
	scripts/testansible.sh $(if $(COLLECTIONS),'$(COLLECTIONS)' '$(DIST)')

.PHONY: test-archives
test-archives: ## Build all archives twice, in different places, and compare
	$(GO) test -count=1 -timeout=120m -run TestArchives ./scripts -args -all-targets

.PHONY: packages
packages: ## Build the Linux packages into DIST, for amd64 and arm64
	@scripts/packages.sh '$(DIST)'

TESTS ?=

.PHONY: test-packages
test-packages: ## Install the packages in virtual machines with systemd, as root (TESTS=debian)
	scripts/test-packages.sh $(TESTS)

.PHONY: clean
clean: ## Remove build output
	rm -rf bin dist coverage.out

# Tools are rebuilt when tools/go.mod or tools/go.sum change, which takes minutes.
$(TOOLS):
	cd tools && $(GO) build -trimpath -buildvcs=false -ldflags '-s -w' -o ../bin/tools/ tool
	@rm -f bin/tools/.built-* && touch $@

.PHONY: chart-lint
chart-lint: $(TOOLS) ## Check the Helm chart and its Go code: lint, schemas, rules, queries, README
	@scripts/chart.sh lint

.PHONY: chart-test
chart-test: ## Run the unit tests of the Helm chart
	@scripts/chart.sh test

PICTURES ?=

.PHONY: pictures
pictures: ## Draw the dashboards in light and dark with 1, 30 and 500 pods (PICTURES=fleet-30)
	@scripts/need.sh chromium node npm promtool prometheus
	scripts/pictures.sh '$(PICTURES)'

RECORD ?=

.PHONY: record
record: ## Record new runs for the tests and pictures of the dashboards: 15 minutes (RECORD=angie)
	@scripts/need.sh nginx
	$(GO) test -count=1 -timeout=40m -run 'TestRecord/$(RECORD)' -parallel=4 ./internal/dashboard/recorded -record

.PHONY: chart-docs
chart-docs: ## Rewrite the chart README and rendered.yaml of examples/kubernetes
	@scripts/chart.sh docs

E2E_BIN ?= bin/e2e

.PHONY: e2e
e2e: ## Run end-to-end tests, as root, or on an existing cluster (E2E_KUBECONFIG, E2E_CONTEXT)
	@E2E_BIN='$(E2E_BIN)' e2e/run.sh

.PHONY: e2e-bin
e2e-bin: ## Build the servers for e2e into E2E_BIN: an hour the first time
	@e2e/build.sh '$(E2E_BIN)'

CASES ?= 1500
SEED ?= 1

.PHONY: prove-hpa
prove-hpa: ## Compare autoscale simulate with the real HPA controller (CASES=of each kind, SEED=n)
	cd e2e/controller && $(GO) test -count=1 -timeout=60m -v -args -cases=$(CASES) -seed=$(SEED)
