#!/usr/bin/env bash
# Drives the simulated appliance with a NITRO client that others wrote, in Go. The modules come by
# go.mod and go.sum.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo build --locked --workspace --bins
target=${CARGO_TARGET_DIR:-target}
[[ $target == /* ]] || target=$PWD/$target
export MOCK_NITRO=$target/debug/mock-nitro
cd tests/clients/go
# Without the cache, since the program under test is not an input that Go knows.
go test -count=1 -v ./... | grep -v '^=== '
