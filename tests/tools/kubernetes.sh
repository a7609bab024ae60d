#!/usr/bin/env bash
# Builds the programs of a Kubernetes control plane that the tests run against, and helm, into
# target/tools: each once, from the modules that its go.mod and go.sum pin. Where KUBEBUILDER_ASSETS
# names a directory that holds a program already, that one is taken.
#
#   tests/tools/kubernetes.sh [PROGRAM...]     all of them if none is named
set -euo pipefail
cd "$(dirname "$0")/../.."

kubernetes=v1.36.5
bin=${CARGO_TARGET_DIR:-target}/tools
mkdir -p "$bin"
bin=$(cd "$bin" && pwd)
cd tests/tools

# build MODULE PROGRAM PACKAGE LDFLAGS
build() {
    local module=$1 program=$2 package=$3 flags=$4
    if [ -x "${KUBEBUILDER_ASSETS:-/nowhere}/$program" ]; then
        ln -sf "$KUBEBUILDER_ASSETS/$program" "$bin/$program"
        return
    fi
    # What is newer than its module needs no building.
    [ -x "$bin/$program" ] && [ "$bin/$program" -nt "$module/go.sum" ] && return
    echo "building $program (the first time takes minutes)" >&2
    (cd "$module" && CGO_ENABLED=0 GOFLAGS=-mod=readonly \
        go build -trimpath -ldflags "-s -w $flags" -o "$bin/$program.new" "$package")
    mv "$bin/$program.new" "$bin/$program"
}

stamp=""
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    minor=${kubernetes#v1.}
    stamp+=" -X $package.gitVersion=$kubernetes -X $package.gitMajor=1 -X $package.gitMinor=${minor%.*}"
done

[ $# -gt 0 ] || set -- etcd kube-apiserver kubectl kube-controller-manager helm
./need.sh go
for program in "$@"; do
    case $program in
        etcd) build etcd etcd go.etcd.io/etcd/server/v3 "" ;;
        helm) build helm helm helm.sh/helm/v4/cmd/helm "-X helm.sh/helm/v4/internal/version.version=v4.3.1" ;;
        kube-apiserver | kubectl | kube-controller-manager)
            build kube "$program" "k8s.io/kubernetes/cmd/$program" "$stamp" ;;
        *) echo "$0: unknown program $program" >&2; exit 2 ;;
    esac
done
