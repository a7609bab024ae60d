#!/usr/bin/env bash
# The product on this machine: makes certificates, starts a simulated appliance on a free port,
# shows the plan, carries it out, shows that nothing is left to do, and prints what is there now.
# Everything it makes is in one temporary folder, and nothing is left running.
set -euo pipefail
cd "$(dirname "$0")/.."
# What this shell is set to use is nothing to a demonstration.
unset ${!NITRO_*} ${!NS_*}

work=$(mktemp -d)
appliance=
finish() {
    if [ -n "$appliance" ]; then
        kill "$appliance" 2>/dev/null || true
        wait "$appliance" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ -t 1 ]; then
    title() { printf '\n\033[1m# %s\033[0m\n\n' "$*"; }
else
    title() { printf '\n# %s\n\n' "$*"; }
fi
run() {
    printf '$ %s\n' "${*//$work\//}"
    "$@"
}

title "Certificates: a CA, and one for www.guestbook.com that it signs"
make_certificates() (
    cd "$work"
    openssl req -x509 -sha256 -newkey rsa:4096 -keyout ca.key -out ca.crt -days 356 -nodes \
        -subj '/CN=My Cert Authority'
    openssl req -new -newkey rsa:4096 -keyout server.key -out server.csr -nodes \
        -subj '/CN=www.guestbook.com'
    openssl x509 -req -sha256 -days 365 -in server.csr -CA ca.crt -CAkey ca.key -set_serial 01 \
        -out server.crt
)
make_certificates 2>"$work/openssl.log" || { cat "$work/openssl.log" >&2; exit 1; }
value() { openssl base64 -A -in "$work/$1"; }
cat >"$work/secrets.yaml" <<SECRETS
apiVersion: v1
kind: Secret
metadata:
  name: tls-ca
data:
  tls.crt: $(value ca.crt)
---
apiVersion: v1
kind: Secret
metadata:
  name: wildcard-secret
type: kubernetes.io/tls
data:
  tls.crt: $(value server.crt)
  tls.key: $(value server.key)
SECRETS
for certificate in ca server; do
    openssl x509 -in "$work/$certificate.crt" -noout -subject -issuer
done

title "Building nitro-ingress and mock-nitro"
cargo build --locked --workspace --bins
bin=${CARGO_TARGET_DIR:-target}/debug
PATH=$bin:$PATH

title "A simulated appliance on a free port"
mock-nitro --listen 127.0.0.1:0 --journal "$work/journal.jsonl" >"$work/appliance.log" 2>&1 &
appliance=$!
for _ in $(seq 100); do
    url=$(sed -n 's/^mock-nitro listens on //p' "$work/appliance.log")
    [ -n "$url" ] && break
    kill -0 "$appliance" 2>/dev/null || break
    sleep 0.1
done
[ -n "$url" ] || { cat "$work/appliance.log" >&2; exit 1; }
echo "$url"

printf nsroot >"$work/password"
export NITRO_USERNAME=nsroot NITRO_PASSWORD_FILE=$work/password
arguments=(
    -f examples/mutual-authentication/ingress.yaml -f "$work/secrets.yaml" --nitro-url "$url"
)

title "What would change"
run nitro-ingress plan "${arguments[@]}"

title "Change it"
run nitro-ingress apply "${arguments[@]}"

title "What would change now"
run nitro-ingress plan "${arguments[@]}" | tee "$work/second.txt"
grep -q '^no changes$' "$work/second.txt" || { echo "the second plan is not empty" >&2; exit 1; }

# Prints the fields of the objects that NITRO answers with, one object a line.
show() {
    local type=$1 line field
    shift
    printf '%s\n' "${type%%\?*}"
    curl --noproxy '*' --silent --show-error --fail -H 'X-NITRO-USER: nsroot' -H 'X-NITRO-PASS: nsroot' \
        "$url/nitro/v1/config/$type" | tr '{' '\n' |
        while IFS= read -r line || [ -n "$line" ]; do
            local out= pattern
            for field in "$@"; do
                pattern='"'$field'": *"?(([^"\,}]|\\.)*)'
                [[ $line =~ $pattern ]] && out+=" $field=${BASH_REMATCH[1]//\\/}"
            done
            [ -z "$out" ] || [[ $line == *ns_default* ]] || printf '   %s\n' "$out"
        done
}
title "What is on the appliance, as NITRO answers"
show sslprofile name sslprofiletype clientauth clientcert serverauth commonname snienable tls12 tls13
show sslcertkey certkey cert key subject
show "sslvserver_sslcertkey_binding?bulkbindings=yes" vservername certkeyname ca snicert
show "sslservicegroup_sslcertkey_binding?bulkbindings=yes" servicegroupname certkeyname ca
show "servicegroup_servicegroupmember_binding?bulkbindings=yes" servicegroupname servername port
show csvserver name servicetype ipv46 port
show "csvserver_cspolicy_binding?bulkbindings=yes" name policyname priority
show cspolicy policyname rule
echo
echo "$(wc -l <"$work/journal.jsonl" | tr -d ' ') requests in all, this listing included"
