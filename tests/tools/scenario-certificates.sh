#!/usr/bin/env bash
# Makes the certificates that stand in the Secrets of tests/scenarios, into the folder that is
# given. They were made once; made again they are others, with other names on the appliance.
# Those of X.509 version 1 are in tests/fixtures/certificates. Their keys guard nothing.
set -euo pipefail
mkdir -p "${1:?the folder to write to}"
cd "$1"

days=36500
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

# authority NAME SUBJECT
authority() {
    key "$1"
    openssl req -x509 -sha256 -key "$1.key" -out "$1.crt" -days $days -subj "/CN=$2"
}

# signed NAME SUBJECT ISSUER DAYS EXTENSION...
signed() {
    local name=$1 subject=$2 issuer=$3 until=$4
    shift 4
    [ -e "$name.key" ] || key "$name"
    openssl req -new -key "$name.key" -subj "/CN=$subject" -out "$name.csr"
    openssl x509 -req -sha256 -in "$name.csr" -CA "$issuer.crt" -CAkey "$issuer.key" \
        -days "$until" -CAcreateserial -extfile <(printf '%s\n' "$@") -out "$name.crt"
    rm "$name.csr"
}

leaf=basicConstraints=critical,CA:false

authority root "Guestbook Root CA"
authority root-next "Guestbook Root CA 2"
authority apache-root "Apache Root CA"
authority apache-root-next "Apache Root CA 2"

signed server www.guestbook.com root $days "$leaf" subjectAltName=DNS:www.guestbook.com
signed server-renewed www.guestbook.com root $days "$leaf" subjectAltName=DNS:www.guestbook.com
signed server-next-root www.guestbook.com root-next $days "$leaf" subjectAltName=DNS:www.guestbook.com
signed wildcard Guestbook root $days "$leaf" 'subjectAltName=DNS:*.guestbook.com'
signed expired Guestbook root 365 "$leaf" 'subjectAltName=DNS:*.guestbook.com'
signed client "ingress to apache" apache-root $days "$leaf" extendedKeyUsage=clientAuth
signed client-renewed "ingress to apache" apache-root $days "$leaf" extendedKeyUsage=clientAuth

# Names in the SAN only.
openssl genrsa -out shop.key 2048
openssl req -new -key shop.key -subj / -out shop.csr
openssl x509 -req -sha256 -in shop.csr -CA root.crt -CAkey root.key -days $days -CAcreateserial \
    -extfile <(printf '%s\n' "$leaf" "subjectAltName=critical,DNS:shop.example,DNS:*.shop.example") \
    -out shop.crt
rm shop.csr

signed intermediate "Guestbook Issuing CA" root $days basicConstraints=critical,CA:true,pathlen:0
signed server-by-intermediate www.guestbook.com intermediate $days "$leaf" \
    subjectAltName=DNS:www.guestbook.com
