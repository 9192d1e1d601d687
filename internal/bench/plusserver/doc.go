// Command plusserver serves the REST API of NGINX Plus from documents, as a
// process of its own: for demonstrations, and for measuring exporters without
// the server's share.
//
//	go run ./internal/bench/plusserver -listen 127.0.0.1:8080 -size L -tick 1s
//
// It owns its command line and the counts at /-/counts; what it serves belongs
// to plustest. It must not import the product.
package main
