package client_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkTransports asks a real nginx for its status page, over our own
// transport and over http.Transport. cpu-ns/op is what this process spent on
// all cores, nginx left out.
func BenchmarkTransports(b *testing.B) {
	uri := startNginx(b)
	for way, options := range ways() {
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

// startNginx starts Debian's nginx behind a unix socket, and returns how it is
// asked.
func startNginx(b *testing.B) string {
	b.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		path = "/usr/sbin/nginx" // Debian keeps it where only root looks
	}
	// A path below b.TempDir can be too long for a socket.
	folder, err := os.MkdirTemp("", "nginx") //nolint:usetesting // a longer path does not fit a socket
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(folder) }) // in the system's own folder for such things
	socket := filepath.Join(folder, "s")
	conf := "daemon off;\nmaster_process off;\npid pid;\nerror_log error.log;\nevents {}\nhttp {\naccess_log off;\n" +
		"keepalive_requests 1000000000;\nclient_body_temp_path a;\nproxy_temp_path b;\nfastcgi_temp_path c;\nuwsgi_temp_path d;\nscgi_temp_path e;\n" +
		"server { listen unix:" + socket + "; location = /stub_status { stub_status; } }\n}\n"
	if err := os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(conf), 0o600); err != nil {
		b.Fatal(err)
	}
	command := exec.CommandContext(b.Context(), path, "-p", folder, "-c", "nginx.conf")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = patience
	if err := command.Start(); err != nil {
		b.Fatalf("nginx is needed: %v", err)
	}
	var ended sync.WaitGroup
	ended.Go(func() { _ = command.Wait() }) // it ends by our signal
	b.Cleanup(ended.Wait)                   // the context of the benchmark has ended by then
	eventually(b, "nginx to listen", func() bool {
		text, err := os.ReadFile(filepath.Join(folder, "pid"))
		return err == nil && len(text) > 0
	})
	return "unix:" + socket + ":/stub_status"
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
