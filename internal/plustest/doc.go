// Package plustest serves the REST API of NGINX Plus from documents, for
// tests, benchmarks and demonstrations on machines without a license.
//
// It owns the documents (a whole API in testdata/sample, odd but legal ones in
// testdata/odd), what each API version shows of them, the listings, the error
// bodies, generated documents of the sizes that speed is measured at, and the
// faults that a network adds. It must not import client, collector or anything
// else of the product, or both would share one mistake.
package plustest
