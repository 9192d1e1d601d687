// Command statusserver serves the status of Angie from a document, for
// demonstrations and for benchmarks in a separate process.
//
//	go run ./internal/bench/statusserver -listen 127.0.0.1:8082 -tick 1s
//
// It owns its command line; angietest owns the status. It must not import the
// product.
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
	"syscall"
	"time"

	"nginx-exporter/internal/angietest"
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

// run serves until the context ends. The first line that it writes is the URL to
// scrape, once the server is ready.
func run(ctx context.Context, args []string, out, usage io.Writer) error {
	fs := flag.NewFlagSet("statusserver", flag.ContinueOnError)
	fs.SetOutput(usage)
	listen := fs.String("listen", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	tick := fs.Duration("tick", 0, "increase the counters so often (0: never)")
	servers := fs.Int("servers", 0, "serve a generated status with so many zones and upstream servers instead of the sample")
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	text := angietest.Full()
	if *servers > 0 {
		text = angietest.Size{Upstreams: 1, Peers: *servers, Zones: *servers, Keys: *servers}.Status()
	}
	status := angietest.New("/status/", text)
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", *listen)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	server := &http.Server{Handler: status, ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Fprintf(out, "http://%s/status/\n", listener.Addr())
	keepMoving(ctx, status, *tick)
	err = server.Close()
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		return served
	}
	return err
}

// keepMoving increases the counters until the context ends.
func keepMoving(ctx context.Context, status *angietest.Status, every time.Duration) {
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
