// Command statusserver serves a status interface of nginx from documents, for demos and
// for benchmarks of exporters in a separate process.
//
//	go run ./internal/standin/statusserver -dialect plus -listen 127.0.0.1:8080 -size L -tick 1s
//
// It owns its command line; package standin owns the server, with the counts of
// requests at /-/counts. It must not import the product.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

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

// run serves until the context ends. The first line that it writes is the URL to
// scrape, once the server is ready.
func run(ctx context.Context, args []string, out, usage io.Writer) error {
	o, err := parseOptions(args, usage)
	if err != nil {
		return err
	}
	nginx, err := o.nginx()
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	server := nginx.ServeWith(listener, nginx)
	defer server.Close()
	fmt.Fprintln(out, server.URL)
	keepMoving(ctx, nginx, o.tick)
	return nil
}

// keepMoving increases the counters until the context ends.
func keepMoving(ctx context.Context, nginx *standin.Nginx, every time.Duration) {
	if every == 0 {
		<-ctx.Done()
		return
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			nginx.Tick()
		case <-ctx.Done():
			return
		}
	}
}
