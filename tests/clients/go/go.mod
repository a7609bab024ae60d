module nitro-ingress.dev/tests/clients/go

go 1.25

require github.com/chiradeep/go-nitro v0.0.0-20200522165541-e35ec60a1d1b
