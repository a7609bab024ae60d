#!/usr/bin/env bash
# Makes examples/*/secrets.yaml, which hold certificates of 2025 to 2125. They were made once; made
# again they are others, and so are the outputs on the pages of docs/ (`make bless`).
set -euo pipefail
examples=$(cd "$(dirname "$0")/../../examples" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
touch index
printf '[c]\ndatabase = index\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\npolicy = p\nunique_subject = no\nstring_mask = utf8only\n[p]\ncommonName = optional\n' >config

# issue NAME SUBJECT ISSUER EXTENSION...: a certificate by the issuer, which may be itself.
issue() {
    local name=$1 subject=$2 issuer=$3 by=(-selfsign)
    shift 3
    [ "$name" = "$issuer" ] || by=(-cert "$issuer.crt")
    key "$name"
    openssl req -new -key "$name.key" -subj "/CN=$subject" -out "$name.csr"
    openssl ca -batch -notext -config config -name c "${by[@]}" -keyfile "$issuer.key" \
        -startdate 20250101000000Z -enddate 21250101000000Z \
        -extfile <(printf '%s\n' "$@") -in "$name.csr" -out "$name.crt" 2>>log || { cat log >&2; exit 1; }
}
authority() { issue "$1" "$2" "$1" basicConstraints=critical,CA:true; }
leaf=basicConstraints=critical,CA:false

authority guestbook "Guestbook CA"
issue www www.guestbook.com guestbook "$leaf" subjectAltName=DNS:www.guestbook.com
authority shop "Shop CA"
issue server shop.example shop "$leaf" 'subjectAltName=DNS:shop.example,DNS:*.shop.example'
authority customers "Customers CA"
authority staff "Staff CA"
authority cart "Cart CA"
issue client "ingress to cart" cart "$leaf" extendedKeyUsage=clientAuth

# secret NAME MEMBER=FILE...
secret() {
    printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\nstringData:\n' "$1"
    shift
    local member
    for member in "$@"; do
        printf '  %s: |\n' "${member%%=*}"
        sed 's/^/    /' "${member#*=}"
    done
}
head='# The keys are known to everybody who reads this: they are for trying things out and nothing else.'
{
    echo "$head"
    secret tls-ca tls.crt=guestbook.crt
    secret wildcard-secret tls.crt=www.crt tls.key=www.key
} >"$examples/mutual-authentication/secrets.yaml"
{
    echo "$head"
    echo '# The certificate of shop.example and *.shop.example.'
    secret shop-tls tls.crt=server.crt tls.key=server.key
    echo '# Who issues the certificates of clients.'
    secret customers-ca ca.crt=customers.crt
    secret staff-ca ca.crt=staff.crt
    echo '# Who issues the certificate of the Service "cart", and what it wants to be shown.'
    secret cart-ca ca.crt=cart.crt
    secret cart-client tls.crt=client.crt tls.key=client.key
} >"$examples/shop/secrets.yaml"
