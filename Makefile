# What people type. Each target does its own set-up: cargo brings the toolchain that
# rust-toolchain.toml pins, Go the modules of the go.sum files below tests/.

.DEFAULT_GOAL := help
.PHONY: help demo demo-cluster test check bless laws mutants fuzz bench

TRANSITIONS ?= 100000
SECONDS ?= 60

# The same cases every time; `make laws` looks for new ones.
SEED := PROPTEST_RNG_SEED=1

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "make %-13s %s\n", $$1, $$2 }'

demo: ## the product on this machine: certificates, appliance, plan, apply, second plan
	@tests/tools/need.sh cargo cc openssl curl
	@examples/demo.sh

demo-cluster: ## the same in a cluster: API server, controller, and what kubectl shows
	@tests/tools/need.sh cargo cc go openssl
	@examples/demo-cluster.sh

test: ## everything that proves the product
	@tests/tools/need.sh cargo cc go openssl
	tests/tools/kubernetes.sh
	$(SEED) cargo test --workspace --locked
	tests/tools/clients.sh

check: ## formatting, lints, documentation and the quick tests: while you work
	@tests/tools/need.sh cargo cc
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --document-private-items --locked
	$(SEED) cargo test --workspace --locked --lib

bless: ## rewrite what golden tests expect; read the difference before you commit it
	@tests/tools/need.sh cargo cc
	BLESS=1 cargo test --workspace --locked --lib --test it --test scenarios

laws: ## the laws of planning over TRANSITIONS random transitions, in release
	@tests/tools/need.sh cargo cc
	LAWS_TRANSITIONS=$(TRANSITIONS) cargo test --release --locked laws

mutants: ## apply each patch of tests/mutants, which breaks a promise; tests must fail
	@tests/tools/need.sh cargo cc git
	tests/tools/mutants.sh

fuzz: ## SECONDS on each fuzz target, with the nightly compiler and cargo-fuzz
	@tests/tools/need.sh cargo c++ cargo-fuzz
	cargo +nightly fuzz run rule -- -max_total_time=$(SECONDS)
	cargo +nightly fuzz run annotation -- -max_total_time=$(SECONDS)
	cargo +nightly fuzz run expression -- -max_total_time=$(SECONDS)

bench: ## requests, time and memory; writes the tables of docs/performance.md
	@tests/tools/need.sh cargo cc go
	tests/tools/kubernetes.sh etcd kube-apiserver
	cargo bench --locked --bench requests
	cargo bench --locked --bench scale
	cargo bench --locked --bench cluster
	cargo bench --locked --bench core
