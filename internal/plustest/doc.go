// Package plustest serves the REST API of NGINX Plus from documents, for
// tests, benchmarks and demonstrations on machines without a license.
//
// It owns the documents (a whole API in testdata/sample, unusual but valid ones in
// testdata/odd), what each API version has of them, the listings, the error
// bodies, generated documents for benchmarks, and network faults. It must not
// import client, collector or anything else of the product: a shared mistake would
// not be found.
package plustest
