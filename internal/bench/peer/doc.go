// Command peer runs the same scrapes against two exporter binaries in turn
// and prints what each of them cost: CPU time, latency, memory and requests to
// nginx, and the ratios between the two.
//
// It owns the target of the load, both exporter processes and the arithmetic
// on what it measured, and sees the exporters from outside alone, the way
// Prometheus and the kernel do: it must not import any package of the product,
// of the emulator of NGINX Plus apart.
// A further kind of target is one more file with a workload in it and one line
// in the list of workloads.
package main
