// Command plusserver serves the REST API of NGINX Plus from documents, for
// demonstrations and for benchmarks of exporters in a separate process.
//
//	go run ./internal/bench/plusserver -listen 127.0.0.1:8080 -size L -tick 1s
//
// It owns its command line and the counts at /-/counts; plustest owns the API. It
// must not import the product.
package main
