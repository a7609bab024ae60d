package clients

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// authority issues certificates.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// pair is a certificate and its key, each as PEM.
type pair struct {
	certificate, key []byte
}

// newAuthority makes a self-signed CA.
func newAuthority(t *testing.T, name string) (*authority, pair) {
	t.Helper()
	self := &authority{t: t}
	made := self.make(&x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	})
	return self, made
}

// issue makes a server certificate for these names.
func (a *authority) issue(names ...string) pair {
	a.t.Helper()
	return a.make(&x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0]},
		DNSNames:    names,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// make signs with the authority's key, or, for the authority itself, with the new one.
func (a *authority) make(template *x509.Certificate) pair {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().AddDate(1, 0, 0)
	issuer, signer := a.certificate, a.key
	if issuer == nil {
		issuer, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.certificate == nil {
		a.key = key
		if a.certificate, err = x509.ParseCertificate(der); err != nil {
			a.t.Fatal(err)
		}
	}
	bytes, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return pair{
		certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bytes}),
	}
}

const certificates = "/nsconfig/ssl"

// upload puts a file beside the appliance's certificates and returns its path.
func (a *appliance) upload(name string, content []byte) string {
	a.t.Helper()
	a.add("systemfile", fields{
		"filename":     name,
		"filelocation": certificates,
		"filecontent":  base64.StdEncoding.EncodeToString(content),
		"fileencoding": "BASE64",
	})
	return certificates + "/" + name
}

// certkey uploads a pair and makes a certkey of it; without a key it is a CA's.
func (a *appliance) certkey(name string, material pair) {
	a.t.Helper()
	object := fields{"certkey": name, "cert": a.upload(name+".crt", material.certificate)}
	if material.key != nil {
		object["key"] = a.upload(name+".key", material.key)
	}
	a.add("sslcertkey", object)
}
