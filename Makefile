# RaftKV. `make help` lists what there is.
SHELL      := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# What `make chaos` takes: SCENARIO=leader-kill DRIVER=auto|docker|process SEED=7 OUT=runs
SCENARIO ?= all
DRIVER   ?= $(or $(RAFTKV_DRIVER),auto)
SEED     ?=
OUT      ?= runs
PROFILE  ?= standard
FOR      ?= 10m
SEEDS    ?= 300
STATES   ?= 300000
ROUNDS   ?= 100
TARGET   ?= FuzzStep
PACKAGE  ?= ./raft

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.buildVersion=$(VERSION)
STATIC  := CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)'
# The race detector needs a C compiler.
RACE    := $(shell command -v gcc >/dev/null && echo -race)
# What runs without the race detector is compiled as the programs are, so that a
# fresh machine compiles every package once for all of it.
PLAIN   := CGO_ENABLED=0 GOFLAGS='$(strip $(shell go env GOFLAGS) -trimpath)'
DOCKER  := $(shell timeout 20 docker version >/dev/null 2>&1 && echo yes)
COMPOSE := $(shell docker compose version >/dev/null 2>&1 && echo 'docker compose' || echo docker-compose)
UNITS   = $(shell go list ./... | grep -v '^raftkv/scenarios$$')
# Packages whose tests start nodes, clusters and containers: one at a time, so
# that they do not starve each other.
ALONE   = $(filter raftkv/client raftkv/cmd/% raftkv/harness/% raftkv/node raftkv/node/peer,$(UNITS))

.PHONY: help build store static tools generate fmt lint check-generated check-format test unit sim worlds fuzz bugs levers million points scenarios chaos etcd up down images demo bench engine start stop ci soak powerloss shrink clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | column -t -s "$$(printf '\t')"

build: ## Build bin/raftkv and bin/chaos.
	$(STATIC) -o bin/ ./cmd/raftkv ./cmd/chaos

store: ## Build bin/raftkv alone.
	$(STATIC) -o bin/raftkv ./cmd/raftkv

static: ## Build the static Linux binary that the image holds.
	GOOS=linux $(STATIC) -o bin/linux/raftkv ./cmd/raftkv

tools: ## Build the pinned generators and linters into tools/bin.
	cd tools && go build -o bin/ tool

generate: tools ## Write the protobuf code anew.
	tools/bin/buf generate

fmt: ## Format all Go code.
	gofmt -w $$(git ls-files '*.go')

check-generated: tools
	tools/bin/buf lint
	@before=$$(git ls-files '*.pb.go' | xargs sha256sum); tools/bin/buf generate; \
	after=$$(git ls-files '*.pb.go' | xargs sha256sum); \
	[ "$$before" = "$$after" ] || { echo 'generated code is out of date: run make generate and commit it' >&2; exit 1; }

check-format:
	@bad=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$bad" ] || { echo "not formatted, run make fmt: $$bad" >&2; exit 1; }

lint: tools check-format ## Formatting, vet, staticcheck.
	$(PLAIN) go vet ./...
	$(PLAIN) tools/bin/staticcheck ./...
	bash -n scripts/*.sh .ci/run

unit: ## Unit tests, with the race detector where there is a C compiler.
	go test $(RACE) -timeout 20m $(filter-out $(ALONE),$(UNITS))
	go build $(RACE) $(ALONE)
	go test $(RACE) -timeout 20m -p 1 $(ALONE)

test: ## Everything that go test runs: units, then the scenarios on Docker or, without it, on local processes.
	go test -timeout 30m ./...

# What the simulator's targets pass on; each may be empty.
SIMULATE = go test $(if $(PLANT),-tags raftkv_bugs) -c -o bin/sim.test ./raft/rafttest && \
	GOGC=400 bin/sim.test -test.timeout 0 -test.v $(if $(SEED),-seed $(SEED)) $(if $(NODES),-nodes $(NODES)) \
	$(if $(DURATION),-duration $(DURATION)) $(if $(PLANT),-plant '$(PLANT)') $(if $(FAULTS),-faults '$(FAULTS)') $(if $(KEEP),-keep '$(KEEP)') $(if $(TRACE),-tracefile '$(abspath $(TRACE))')

sim: ## Run the simulator: make sim SEEDS=20000 JOBS=2 [SEED=1] [PLANT=…] (docs/SIMULATOR.md)
	$(SIMULATE) -test.run 'TestSeeds$$' -progress -seeds $(SEEDS) $(if $(JOBS),-jobs $(JOBS))

shrink: ## Reduce a failing run of the simulator to little: make shrink SEED=12 [PLANT=…]
	$(SIMULATE) -test.run 'TestShrink$$' -shrink

worlds: ## All interleavings of three nodes: make worlds STATES=500000
	go test ./raft -run 'TestSmallWorlds$$' -timeout 0 -world.states $(STATES) -v

fuzz: ## Fuzz one target: make fuzz TARGET=FuzzStep PACKAGE=./raft
	go test $(PACKAGE) -run xxx -fuzz '$(TARGET)$$' -fuzztime 3m -fuzzminimizetime 1x

bugs: ## Plant known bugs in the engine, one by one: the simulator has to catch each.
	$(PLAIN) go vet -tags raftkv_bugs ./raft/...
	$(PLAIN) go test -tags raftkv_bugs ./raft/... -run 'Bug|Figure8' -count=1 -v

levers: ## Test the levers of a node built for testing.
	$(PLAIN) go vet -tags raftkv_faults,raftkv_failpoints ./node/...
	$(PLAIN) go test -tags raftkv_faults,raftkv_failpoints ./node/levers ./node/failpoint -count=1

million: ## Judge a million puts and gets by 100 clients: fails beyond 10 s or 2 GB.
	go test ./history/check -run xxx -bench AMillion -benchtime 1x -v

points: ## Kill a node at each named point between two of its effects: make points ROUNDS=100
	go test ./scenarios -run TestKillAtEachPointLosesNothing -timeout 0 -count=1 -point-rounds $(ROUNDS) -v

powerloss: ## Take the power from three of five nodes, as root on Linux: make powerloss ROUNDS=50
	go test ./scenarios -run TestPowerLossOfThreeLosesNothing -timeout 0 -count=1 -power-rounds $(ROUNDS) -v

scenarios: ## Run all scenarios as tests: make scenarios DRIVER=process SEED=7
	RAFTKV_DRIVER=$(DRIVER) go test ./scenarios -count=1 -timeout 30m -v $(if $(SEED),-seed $(SEED))

chaos: build ## Break a cluster and judge it: make chaos SCENARIO=leader-kill DRIVER=process SEED=7
	bin/chaos run --scenario $(SCENARIO) --driver $(DRIVER) --out $(OUT) $(if $(SEED),--seed $(SEED))

etcd: tools ## Put etcd under the harness: it passes, and its serializable reads are caught.
	cd harness/etcd && export $(PLAIN) && go vet ./... && ../../tools/bin/staticcheck ./... && go test -count=1 -timeout 10m -v ./...

soak: build ## Drawn schedules, seed after seed: make soak PROFILE=brutal FOR=30m DRIVER=process SEED=7
	bin/chaos soak --profile $(PROFILE) --for $(FOR) --driver $(DRIVER) --out $(OUT) $(if $(SEED),--seed $(SEED))

start: ## Five local nodes on 127.0.0.1:7001 to 7005.
	scripts/start_cluster.sh

stop: ## Stop them.
	scripts/stop_cluster.sh

demo: ## A tour on five local nodes.
	scripts/demo.sh

bench: ## Writes per second on five local nodes.
	scripts/bench.sh

engine:
	@[ -n '$(DOCKER)' ] || { echo 'no Docker engine answers: start it, or run local processes with make start' >&2; exit 1; }

up: engine static ## Five nodes in containers, from the static binary, with no registry.
	RAFTKV_TARGET=prebuilt $(COMPOSE) up --build -d || { echo 'compose failed, see above; make down removes what it left' >&2; exit 1; }

images: static ## Test both ways to the image, and the compose file.
	scripts/test_compose.sh
	scripts/test_golang_image.sh

down: ## Stop and remove them and their data.
	$(COMPOSE) down --volumes --remove-orphans

ci: check-generated lint unit bugs levers ## What CI runs.
	scripts/test_start.sh
	RAFTKV_DRIVER=process $(PLAIN) go test ./scenarios -count=1 -timeout 20m -v
	$(MAKE) etcd
ifeq ($(DOCKER),yes)
	RAFTKV_DRIVER=docker $(PLAIN) go test ./scenarios -count=1 -timeout 20m -v -run 'TestScenarios'
	$(MAKE) images
else
	@echo 'no Docker engine answers: the scenarios ran on local processes only'
endif

clean: ## Remove what was built and recorded.
	rm -rf bin tools/bin runs .cluster
