#!/usr/bin/env bash
# Says which of the given programs are missing, and how to get them; of Go also whether it is new
# enough. It installs nothing. Nothing is skipped for want of a program: what needs one fails here,
# with one message for all.
set -euo pipefail

missing=0
# Go 1.21 and later can fetch a newer Go by themselves, but not where GOTOOLCHAIN=local is set.
new_enough() {
    [ "$1" != go ] || [[ $(GOTOOLCHAIN=local go env GOVERSION) =~ go1\.(2[6-9]|[3-9][0-9]) ]]
}

for program in "$@"; do
    command -v "$program" >/dev/null && new_enough "$program" && continue
    missing=1
    case "$program" in
        cargo) how="install Rust with rustup (https://rustup.rs); it brings the pinned version" ;;
        cc)    how="install a C compiler, which Rust links with (Debian: apt-get install gcc libc6-dev; macOS: xcode-select --install)" ;;
        go)    how="install Go 1.26 or newer (https://go.dev/dl): it builds Kubernetes, which tests run against, and a NITRO client" ;;
        c++)   how="install a C++ compiler (Debian: apt-get install g++; macOS: xcode-select --install)" ;;
        cargo-fuzz) how="rustup toolchain install nightly && cargo install cargo-fuzz" ;;
        *)     how="install the package '$program' of your system" ;;
    esac
    printf 'missing or too old: %s\n    %s\n' "$program" "$how" >&2
done
exit "$missing"
