package client_test

import (
	"crypto/tls"
	"syscall"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/nginxtest"
)

// BenchmarkTransports asks a real nginx for its status page, over our own
// transport and over http.Transport. cpu-ns/op is what this process spent on
// all cores, nginx left out.
func BenchmarkTransports(b *testing.B) {
	uri := nginxtest.StartStatus(b, "keepalive_requests 1000000000;")
	for way, options := range map[string]client.Options{"wire": {}, "transport": {Transport: trust{&tls.Config{MinVersion: tls.VersionTLS12}}}} {
		b.Run(way, func(b *testing.B) {
			options.Target, options.Timeout = target(b, uri), patience
			c := connect(b, options)
			if _, err := ask(b, c); err != nil { // which connects
				b.Fatal(err)
			}
			b.ReportAllocs()
			before := cpuTime(b)
			for b.Loop() {
				if _, err := c.StubStatus(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
