package main

import (
	"context"
	"encoding/json"
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

	"nginx-exporter/internal/plustest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "plusserver:", err)
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
	api, err := o.api()
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	server := api.ServeWith(listener, counts(api))
	defer server.Close()
	fmt.Fprintln(out, server.URL)
	keepMoving(ctx, api, o.tick)
	return nil
}

// keepMoving increases the counters until the context ends.
func keepMoving(ctx context.Context, api *plustest.API, every time.Duration) {
	if every == 0 {
		<-ctx.Done()
		return
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			api.Tick()
		case <-ctx.Done():
			return
		}
	}
}

// counts adds the path /-/counts to an API. Requests for it are not counted.
func counts(api *plustest.API) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/-/counts" {
			api.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		body, err := json.Marshal(map[string]any{
			"requests":     api.Total(),
			"connections":  api.Connections(),
			"most_at_once": api.MostAtOnce(),
			"by_path":      api.Requests(),
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(body)
	})
}
