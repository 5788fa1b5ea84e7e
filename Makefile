# Maru. `make run` and `make test` need Go 1.26 and nothing else.

export CGO_ENABLED ?= 0
export MARU_DATA   ?= $(abspath ../shared/data)

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
FUZZTIME ?= 5s
SIMRUNS  ?= 10000
LINT     := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: run build arm64 test race lint fuzz sim bench check generate clean help

help:            ## what there is
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

run: build       ## run the embedded exchange with paper orders, until Ctrl-C
	@./bin/maru run

build:           ## bin/maru, one static binary
	@go build -trimpath -ldflags "-s -w" -o bin/maru ./cmd/maru

arm64:           ## bin/maru-arm64, for a 64-bit Raspberry Pi
	GOARCH=arm64 go build -trimpath -ldflags "-s -w" -o bin/maru-arm64 ./cmd/maru

test:            ## every test; what needs recorded data says SKIP without it
	go test ./...

race:            ## every test under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race ./...

lint:            ## formatting, vet and golangci-lint
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "not gofmt-ed"; exit 1; }
	go vet ./...
	GOARCH=arm64 go vet ./...
	go run $(LINT) run ./...

fuzz:            ## every fuzz target for FUZZTIME
	@./.ci/fuzz $(FUZZTIME)

sim: build       ## SIMRUNS simulated runs of a whole node against a venue that misbehaves
	@./bin/maru sim --runs $(SIMRUNS) --complete

bench:           ## the benchmarks of docs/performance.md, as one table
	@go run ./cmd/bench

check: lint test race fuzz ## all of them

generate:        ## protobuf code, reference pages
	go generate ./...
	go test ./config ./actors/order ./actors/telemetry ./cmd/maru -run 'Doc|Markdown|Reference' -update

clean:           ## what was built
	rm -rf bin
