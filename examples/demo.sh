#!/usr/bin/env bash
# The product on this machine: makes certificates, starts a simulated appliance and two back ends,
# shows the plan, carries it out, shows that nothing is left to do, prints what is there now, and
# sends requests through it. Everything it makes is in one temporary folder, all addresses are of
# loopback, and nothing is left running.
set -euo pipefail
cd "$(dirname "$0")/.."
# What this shell is set to use is nothing to a demonstration.
unset ${!NITRO_*} ${!NS_*}

work=$(mktemp -d)
running=()
stop() {
    kill "$@" 2>/dev/null || true
    wait "$@" 2>/dev/null || true
}
finish() {
    [ ${#running[@]} -eq 0 ] || stop "${running[@]}"
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ -t 1 ]; then
    title() { printf '\n\033[1m# %s\033[0m\n\n' "$*"; }
else
    title() { printf '\n# %s\n\n' "$*"; }
fi
# run COMMAND...: shows a command as a person would type it in the folder of its files, and runs it.
run() {
    local word line='$'
    for word in "${@//$work\//}"; do
        [[ $word =~ ^[A-Za-z0-9./:=_@-]+$ ]] || word="'$word'"
        line+=" $word"
    done
    printf '%s\n' "$line"
    "$@"
}

# started LOG COMMAND...: starts a program that says where it listens, and keeps its process id.
started() {
    local log=$work/$1
    shift
    "$@" >"$log" 2>&1 &
    pid=$!
    running+=("$pid")
    for _ in $(seq 100); do
        url=$(sed -n 's/^.* listens on //p' "$log")
        [ -z "$url" ] || return 0
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$log" >&2
    exit 1
}

title "Certificates: a CA, what it signs for www.guestbook.com and for a client, and a foreign CA"
make_certificates() (
    cd "$work"
    openssl req -x509 -sha256 -newkey rsa:4096 -keyout ca.key -out ca.crt -days 356 -nodes \
        -subj '/CN=My Cert Authority'
    openssl req -new -newkey rsa:4096 -keyout server.key -out server.csr -nodes \
        -subj '/CN=www.guestbook.com'
    openssl x509 -req -sha256 -days 365 -in server.csr -CA ca.crt -CAkey ca.key -set_serial 01 \
        -out server.crt
    openssl req -new -newkey rsa:4096 -keyout client.key -out client.csr -nodes \
        -subj '/CN=My Client'
    openssl x509 -req -sha256 -days 365 -in client.csr -CA ca.crt -CAkey ca.key -set_serial 02 \
        -out client.crt
    openssl req -x509 -sha256 -newkey rsa:4096 -keyout foreign.key -out foreign.crt -days 356 -nodes \
        -subj '/CN=www.guestbook.com'
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
for certificate in ca server client foreign; do
    openssl x509 -in "$work/$certificate.crt" -noout -subject -issuer
done

# The same example with addresses of this machine.
front=127.0.10.10
sed -e "s/192\.0\.2\.10/$front/" -e 's/10\.244\.1\.7/127.0.10.21/; s/10\.244\.2\.4/127.0.10.22/' \
    examples/mutual-authentication/ingress.yaml >"$work/ingress.yaml"

title "Building nitro-ingress and mock-nitro"
cargo build --locked --workspace --bins
bin=${CARGO_TARGET_DIR:-target}/debug
PATH=$bin:$PATH

title "Two back ends, which demand a certificate of the appliance"
back_end() {
    started "$1.log" mock-nitro backend --listen "$1:8443" --tls-cert-file "$2.crt" \
        --tls-key-file "$2.key" --client-ca "$work/ca.crt"
    echo "$url"
}
back_ends=()
for address in 127.0.10.21 127.0.10.22; do
    back_end "$address" "$work/server"
    back_ends+=("$pid")
done

title "A simulated appliance on a free port; where it is told to listen to 443, it listens to 8443"
started appliance.log mock-nitro --listen 127.0.0.1:0 --journal "$work/journal.jsonl" \
    --data-plane --port-offset 8000
nitro=$url
echo "$nitro"

printf nsroot >"$work/password"
export NITRO_USERNAME=nsroot NITRO_PASSWORD_FILE=$work/password
arguments=(
    -f "$work/ingress.yaml" -f "$work/secrets.yaml" --nitro-url "$nitro"
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
        "$nitro/nitro/v1/config/$type" | tr '{' '\n' |
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

# ask ARGUMENT...: the status of an answer, and what stands in it; fails without an answer.
ask() {
    run curl --noproxy '*' --silent --show-error --cacert "$work/ca.crt" \
        --resolve "www.guestbook.com:8443:$front" --write-out 'HTTP status %{http_code}\n' "$@" \
        https://www.guestbook.com:8443/ 2>&1 | tee "$work/answer.txt"
}
# expect TEXT: ends the demonstration if the last answer does not have it.
expect() {
    grep -q -- "$1" "$work/answer.txt" || { echo "no $1 in the answer" >&2; exit 1; }
}

title "A client with a certificate of the CA is served"
ask --cert "$work/client.crt" --key "$work/client.key"
expect 'HTTP status 200'
expect '"sni": "www.guestbook.com"'
expect '"client_certificate": "CN=www.guestbook.com"'
echo "The back end saw the certificate of the appliance, and the name that it asked for."

title "Without a certificate the handshake ends"
ask && exit 1
expect 'HTTP status 000'
title "With one that another CA has signed, too"
ask --cert "$work/foreign.crt" --key "$work/foreign.key" && exit 1
expect 'HTTP status 000'

title "Back ends with a certificate of another CA are none: the client gets an error, no answer"
stop "${back_ends[@]}"
for address in 127.0.10.21 127.0.10.22; do
    back_end "$address" "$work/foreign"
done
ask --cert "$work/client.crt" --key "$work/client.key"
expect 'HTTP status 503'
echo
echo "What the appliance says to that:"
grep 'member' "$work/appliance.log"
