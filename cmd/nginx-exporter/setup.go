package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/collector"
	"nginx-exporter/collector/metric"
	"nginx-exporter/internal/setup"
)

const setupCommand = "setup"

// setupRequest has the flags of setup.
type setupRequest struct {
	nginxBinary string
	listen      string
	yes, undo   bool
}

// addSetup defines the command setup.
func (c *cli) addSetup() {
	r := &c.setup
	cmd := c.app.Command(setupCommand, "Add a status page to the nginx of this machine, start the service of the exporter, and show the first metrics. Asks before it changes anything.")
	cmd.Flag("undo", "Take back what setup has changed.").BoolVar(&r.undo)
	cmd.Flag("yes", "Do not ask.").Short('y').BoolVar(&r.yes)
	cmd.Flag("listen", "Address of the status page, HOST:PORT; default: 127.0.0.1 with a free port.").StringVar(&r.listen)
	cmd.Flag("nginx-binary", "Binary of nginx.").Default("nginx").StringVar(&r.nginxBinary)
}

// runSetup runs the command setup.
func (c *cli) runSetup(args []string, stdout io.Writer) error {
	if err := c.refuseExporterFlags(setupCommand, args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	options := setup.Options{
		NginxBinary: c.setup.nginxBinary, Listen: c.setup.listen, DefaultURI: c.config.Nginx.ScrapeURIs[0], ServiceURI: runningURI,
		Responds: func(ctx context.Context, uri string) bool { _, err := c.readPage(ctx, uri); return err == nil },
	}
	newPlan := setup.New
	if c.setup.undo {
		newPlan = setup.NewUndo
	}
	plan, err := newPlan(ctx, options)
	if err != nil {
		return err
	}
	switch {
	case !plan.Empty():
		if err := c.carryOutSetup(ctx, plan, stdout); err != nil {
			return err
		}
	case c.setup.undo:
		_, err := fmt.Fprintln(stdout, "There is nothing to take back.")
		return err
	}
	if c.setup.undo {
		_, err := fmt.Fprintln(stdout, "Taken back.")
		return err
	}
	return c.showPage(ctx, plan, stdout)
}

// carryOutSetup shows the plan, asks, and applies it.
func (c *cli) carryOutSetup(ctx context.Context, plan *setup.Plan, stdout io.Writer) error {
	if err := plan.WriteText(stdout); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(stdout)
	if !c.setup.yes && !confirmed(ctx, stdout, os.Stdin) {
		return errDeclined
	}
	return plan.Apply(ctx)
}

// readPage scrapes a status page as the exporter would, and returns its metrics.
func (c *cli) readPage(ctx context.Context, uri string) ([]*dto.MetricFamily, error) {
	settings, err := settingsAt(&c.config, uri)
	if err != nil {
		return nil, err
	}
	scraper := collector.New(settings.CollectorOptions())
	defer scraper.Close()
	results, err := scraper.Check(ctx, settings.Targets()[0])
	if err != nil {
		return nil, err
	}
	read := &metric.Exposition{}
	for _, r := range results {
		if r.Success() {
			read.Add(r.Batch)
		} else {
			err = r.Err
		}
	}
	if read.Rows() > 0 {
		return read.Gather(), nil
	}
	return nil, err
}

// showPage waits until the exporter can read the page, and shows some of its metrics.
func (c *cli) showPage(ctx context.Context, plan *setup.Plan, stdout io.Writer) error {
	uri := plan.URI
	const limit, pause, most = 10 * time.Second, 100 * time.Millisecond, 8
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	families, err := c.readPage(ctx, uri)
	for err != nil {
		select {
		case <-ctx.Done():
			return fmt.Errorf("nginx serves no status page yet: %w; find out why: nginx-exporter doctor --nginx.scrape-uri=%s", err, uri)
		case <-ticker.C:
		}
		var next error
		if families, next = c.readPage(ctx, uri); next == nil || ctx.Err() == nil { // else the error before says more
			err = next
		}
	}
	_, _ = fmt.Fprintf(stdout, "The exporter reads %s:\n", uri)
	shown := 0
	for _, f := range families {
		name := f.GetName()
		if len(f.GetMetric()) != 1 || strings.HasPrefix(name, "nginx_exporter_") || shown == most {
			continue
		}
		m := f.GetMetric()[0]
		_, _ = fmt.Fprintf(stdout, "  %s %v\n", name, m.GetCounter().GetValue()+m.GetGauge().GetValue()+m.GetUntyped().GetValue())
		shown++
	}
	if plan.Service {
		_, err = fmt.Fprintln(stdout, "The service runs: curl http://127.0.0.1:9113/metrics")
		return err
	}
	flag := ""
	if uri != c.config.Nginx.ScrapeURIs[0] {
		flag = " --nginx.scrape-uri=" + uri
	}
	_, err = fmt.Fprintf(stdout, "Run the exporter: nginx-exporter%s\nThen: curl http://127.0.0.1:9113/metrics\n", flag)
	return err
}

// runningURI is what the exporter that runs on this machine reads, empty if that is not known.
func runningURI() string {
	other, _ := runningExporter("/proc")
	if other == nil || len(other.config.Nginx.ScrapeURIs) == 0 {
		return ""
	}
	return other.config.Nginx.ScrapeURIs[0]
}
