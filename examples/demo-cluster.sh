#!/usr/bin/env bash
# The product in a cluster, on this machine: a Kubernetes API server, a simulated appliance, the
# controller between them, and kubectl. An Ingress with mutual TLS on both sides is applied, broken,
# mended and deleted, and at each step it is shown what the cluster is told of it.
#
# Everything listens on loopback, on ports that are free, and everything it makes is in one temporary
# folder. Nothing is left running or lying around, even if this script is killed: each server is on
# tests/tools/leash.sh, which ends it when our end of a pipe is closed.
#
# DEMO_PROGRAMS names a folder that has nitro-ingress and mock-nitro already, which are built if not.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=${DEMO_PROGRAMS:-}
# What this shell is set to use is nothing to a demonstration.
unset ${!NITRO_*} ${!NS_*} ${!KUBE_*} KUBECONFIG

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    title() { printf '\n\033[1m# %s\033[0m\n\n' "$*"; }
else
    title() { printf '\n# %s\n\n' "$*"; }
fi

title "The programs"
target=${CARGO_TARGET_DIR:-target}
if [ -z "$programs" ]; then
    cargo build --locked --workspace --bins
    programs=$target/debug
fi
tests/tools/kubernetes.sh etcd kube-apiserver kubectl
tools=$(cd "$target/tools" && pwd)
PATH=$(cd "$programs" && pwd):$tools:$PATH
for program in nitro-ingress mock-nitro etcd kube-apiserver kubectl; do
    command -v "$program"
done

work=$(mktemp -d)
finish() {
    # This is what all the servers wait for.
    exec 9>&-
    wait
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP
mkfifo "$work/leash"
# One end of a pipe cannot be opened without the other.
exec 8<>"$work/leash" 9>"$work/leash" 8>&-

# Shows a command as one would type it, and runs it; it does not hold the leash.
run() {
    printf '$ %s\n' "${*//$work\//}"
    "$@" 9>&-
}
# start NAME PROGRAM [ARGUMENT...]: runs a server in the temporary folder, where its log is.
leashes=()
start() {
    local name=$1 leash=$PWD/tests/tools/leash.sh folder=()
    shift
    # The first sees to the folder, since it ends last.
    [ ${#leashes[@]} -gt 0 ] || folder=(--remove "$work")
    (
        cd "$work"
        exec "$leash" "$work/$name.log" ${folder[@]+"${folder[@]}"} "$@" \
            <"$work/leash" >"$work/$name.pid" 9>&-
    ) &
    leashes+=($!)
}
# What a server said, to whoever has to find out why it does not do what it should.
fail() {
    printf '%s\n' "$1" >&2
    tail -n 40 "$work/$2.log" >&2
    exit 1
}

start etcd etcd "--data-dir=$work/etcd" --unsafe-no-fsync \
    --listen-client-urls=unix://etcd:1 --advertise-client-urls=unix://etcd:1 \
    --listen-peer-urls=unix://etcd:2 --initial-advertise-peer-urls=unix://etcd:2 \
    --initial-cluster=default=unix://etcd:2

title "An API server and a simulated appliance"
make_keys() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$work/accounts.key"
    openssl pkey -in "$work/accounts.key" -pubout -out "$work/accounts.pub"
}
make_keys 2>"$work/openssl.log" || fail "no key can be made" openssl
token=$(openssl rand -hex 16)
printf '%s,admin,admin,system:masters\n' "$token" >"$work/tokens.csv"
is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
is_running() { kill -0 "${leashes[${#leashes[@]} - 1]}" 2>/dev/null; }
is_ready() { kubectl get --raw /readyz >/dev/null 2>&1 9>&-; }

# Starts an API server on some port and waits until it is ready. Not so if somebody else has just
# taken the port.
api_server() {
    local port=$((20000 + RANDOM))
    until is_free "$port"; do port=$((20000 + RANDOM)); done
    server=https://127.0.0.1:$port
    cat >"$work/kubeconfig" <<CONFIG
apiVersion: v1
kind: Config
clusters: [{name: demo, cluster: {server: "$server", certificate-authority: certs/apiserver.crt}}]
users: [{name: admin, user: {token: $token}}]
contexts: [{name: demo, context: {cluster: demo, user: admin}}]
current-context: demo
CONFIG
    # Without the addresses it wants a default route, and publishes the address of this machine.
    start api-server kube-apiserver --etcd-servers=unix://etcd:1 "--secure-port=$port" \
        --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --endpoint-reconciler-type=none \
        "--cert-dir=$work/certs" --token-auth-file=tokens.csv --authorization-mode=RBAC \
        --service-account-issuer=https://kubernetes.default.svc \
        --service-account-key-file=accounts.pub --service-account-signing-key-file=accounts.key \
        --service-cluster-ip-range=10.0.0.0/24 --disable-admission-plugins=ServiceAccount
    for _ in $(seq 300); do
        is_ready && return
        if ! is_running; then
            grep -q 'address already in use' "$work/api-server.log" || fail "it has ended" api-server
            return 1
        fi
        sleep 0.2
    done
    fail "the API server is not ready after a minute" api-server
}
# kubectl keeps notes; nothing of this run is of use to another.
export KUBECONFIG=$work/kubeconfig KUBECACHEDIR=$work/cache
api_server || api_server || api_server || fail "no port is free for long" api-server
echo "Kubernetes $(kubectl get --raw /version 9>&- | sed -n 's/.*"gitVersion": "\([^"]*\)".*/\1/p') at $server"

start appliance mock-nitro --listen 127.0.0.1:0
for _ in $(seq 100); do
    url=$(sed -n 's/^mock-nitro listens on //p' "$work/appliance.log" 2>/dev/null || true)
    [ -n "$url" ] && break
    is_running || break
    sleep 0.1
done
[ -n "$url" ] || fail "the appliance does not listen" appliance
echo "NetScaler at $url"

title "Certificates: a CA, and one for www.guestbook.com that it signs"
make_certificates() (
    cd "$work"
    openssl req -x509 -sha256 -newkey rsa:2048 -keyout ca.key -out ca.crt -days 356 -nodes \
        -subj '/CN=My Cert Authority'
    openssl req -new -newkey rsa:2048 -keyout server.key -out server.csr -nodes \
        -subj '/CN=www.guestbook.com'
    printf 'subjectAltName=DNS:www.guestbook.com\n' >server.ext
    openssl x509 -req -sha256 -days 365 -in server.csr -CA ca.crt -CAkey ca.key -set_serial 01 \
        -extfile server.ext -out server.crt
)
make_certificates 2>"$work/openssl.log" 9>&- || fail "no certificate can be made" openssl
run kubectl create secret generic tls-ca "--from-file=tls.crt=$work/ca.crt"
run kubectl create secret tls wildcard-secret "--cert=$work/server.crt" "--key=$work/server.key"

title "The controller"
echo '$ nitro-ingress crds | kubectl apply --server-side -f -'
nitro-ingress crds 9>&- | kubectl apply --server-side -f - 9>&-
run kubectl wait --for=condition=Established crd/ingressreports.nitro-ingress.dev \
    crd/netscalers.nitro-ingress.dev --timeout=1m
printf nsroot >"$work/password"
options=(
    --nitro-url "$url" --nitro-username nsroot --nitro-password-file "$work/password"
    --controller-name citrix.com/ingress-controller
)
echo "$ nitro-ingress controller ${options[*]//$work\//} --save-delay 1s &"
start controller nitro-ingress controller "${options[@]}" --listen 127.0.0.1:0 --save-delay 1s --color never

programmed() {
    run kubectl wait --for=condition=Programmed ingressreport/web-ingress --timeout=1m ||
        fail "it is not programmed" controller
}

title "An Ingress: mutual TLS at the front, mutual TLS at the back"
run kubectl apply -f examples/mutual-authentication/ingress.yaml
run kubectl wait --for=create ingressreport/web-ingress --timeout=1m ||
    fail "it has no report" controller
programmed
run kubectl get ingressreports
run kubectl get ingress web-ingress

title "What is on the appliance for it"
run kubectl get ingressreport web-ingress -o \
    'jsonpath={range .status.objects[*]}{.kind} {.name}{"\n"}{end}'

title "Somebody breaks the Secret with the CA: the last good configuration stays"
run kubectl patch secret tls-ca -p '{"stringData": {"tls.crt": "garbage"}}'
run kubectl wait --for=condition=Programmed=false ingressreport/web-ingress --timeout=1m ||
    fail "it is not noticed" controller
run kubectl get ingressreports
run kubectl events --for ingress/web-ingress

title "The Secret is mended"
echo '$ kubectl create secret generic tls-ca --from-file=tls.crt=ca.crt --dry-run=client -o yaml | kubectl replace -f -'
kubectl create secret generic tls-ca --from-file=tls.crt="$work/ca.crt" --dry-run=client -o yaml 9>&- |
    kubectl replace -f - 9>&-
programmed
run kubectl get ingressreports

title "The Ingress is deleted"
run kubectl delete ingress web-ingress
run kubectl wait --for=delete ingressreport/web-ingress --timeout=1m ||
    fail "its report is still there" controller

title "Nothing of it is left on the appliance"
# Its files go last, once the configuration is saved without them.
for _ in $(seq 120); do
    nitro-ingress plan "${options[@]}" >"$work/plan.txt" 2>&1 9>&- || true
    grep -q '^no changes$' "$work/plan.txt" && break
    sleep 0.5
done
run nitro-ingress plan "${options[@]}" | tee "$work/plan.txt"
grep -q '^no changes$' "$work/plan.txt" || fail "something is left to do" controller

title "The controller stops, and gives the lease up for others to take"
run kill -TERM "$(cat "$work/controller.pid")"
for _ in $(seq 300); do
    is_running || break
    sleep 0.1
done
! is_running || fail "it goes on" controller
run kubectl get lease nitro-ingress
