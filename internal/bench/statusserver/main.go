// Command statusserver serves the status of Angie, or that of nginx-module-vts, from
// documents, for demonstrations and for benchmarks in a separate process. That of
// NGINX Plus is served by plusserver.
//
//	go run ./internal/bench/statusserver -listen 127.0.0.1:8082 -tick 1s
//
// It owns its command line; angietest and standin own the documents. It must not
// import the product.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"nginx-exporter/internal/angietest"
	"nginx-exporter/internal/standin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "statusserver:", err)
		os.Exit(1)
	}
}

// status is a status with counters that increase.
type status interface {
	http.Handler
	Tick()
}

// newStatus returns a status and the path at which it is served.
func newStatus(dialect string, servers int) (status, string, error) {
	switch {
	case dialect == "vts":
		const path = "/status/format/json"
		return &vts{path: path, size: standin.VTS{Servers: max(3, servers), Filters: 3, Upstreams: 1, Peers: max(3, servers), Caches: 1}}, path, nil
	case dialect != "angie":
		return nil, "", fmt.Errorf("-dialect: %q is neither angie nor vts", dialect)
	case servers > 0:
		return angietest.New("/status/", angietest.Size{Upstreams: 1, Peers: servers, Zones: servers, Keys: servers}.Status()), "/status/", nil
	default:
		return angietest.New("/status/", angietest.Full()), "/status/", nil
	}
}

// vts is the status of nginx-module-vts.
type vts struct {
	path  string
	size  standin.VTS
	steps atomic.Int64
}

// Tick implements status.
func (v *vts) Tick() { v.steps.Add(1) }

// ServeHTTP implements [http.Handler].
func (v *vts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != v.path {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(v.size.Document(int(v.steps.Load()))) // the client may have left
}

// run serves until the context ends. The first line that it writes is the URL to
// scrape, once the server is ready.
func run(ctx context.Context, args []string, out, usage io.Writer) error {
	fs := flag.NewFlagSet("statusserver", flag.ContinueOnError)
	fs.SetOutput(usage)
	listen := fs.String("listen", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	tick := fs.Duration("tick", 0, "increase the counters so often (0: never)")
	servers := fs.Int("servers", 0, "generate a status with so many zones and upstream servers (default: the sample, vts: 3)")
	dialect := fs.String("dialect", "angie", "status to serve: angie or vts")
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	status, path, err := newStatus(*dialect, *servers)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", *listen)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	server := &http.Server{Handler: status, ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Fprintf(out, "http://%s%s\n", listener.Addr(), path)
	keepMoving(ctx, status, *tick)
	err = server.Close()
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		return served
	}
	return err
}

// keepMoving increases the counters until the context ends.
func keepMoving(ctx context.Context, status status, every time.Duration) {
	if every <= 0 {
		<-ctx.Done()
		return
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			status.Tick()
		case <-ctx.Done():
			return
		}
	}
}
