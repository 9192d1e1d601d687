package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"nginx-exporter/internal/autoscale/load"
	"nginx-exporter/internal/autoscale/report"
	"nginx-exporter/internal/autoscale/simulate"
)

// simulation has the flags of autoscale simulate.
type simulation struct {
	shape      load.Shape
	file       load.File
	prometheus load.Prometheus
	since      time.Duration
	until      string

	settings settingFlags

	format   string
	html     string
	chart    bool
	changes  bool
	search   bool
	maxAbove float64
}

// addSimulate defines the command autoscale simulate.
func (c *cli) addSimulate(autoscale *kingpin.CmdClause) {
	s := &c.simulation
	cmd := autoscale.Command("simulate", "Replay a request rate through an HPA, without a cluster.")
	s.addLoad(cmd)
	s.settings.add(cmd)
	cmd.Flag("format", "Format of the result: text or json.").Default(outputText).EnumVar(&s.format, outputText, outputJSON)
	cmd.Flag("html", "Also write a page with an interactive chart to this file.").PlaceHolder("FILE").StringVar(&s.html)
	cmd.Flag("chart", "Draw a chart in the terminal.").Default("true").BoolVar(&s.chart)
	cmd.Flag("changes", "List the first changes of the replicas with their reasons.").BoolVar(&s.changes)
	cmd.Flag("search", "Search for the setting with the fewest pod-hours that is above the target for at most --max-above of the time.").BoolVar(&s.search)
	cmd.Flag("max-above", "With --search: percentage of time that may be above the target.").Default("1").FloatVar(&s.maxAbove)
}

// addLoad defines the flags for the load.
func (s *simulation) addLoad(cmd *kingpin.CmdClause) {
	p := &s.prometheus
	cmd.Flag("load", "Shape of a made-up load: step, spike, sine or flash-crowd.").PlaceHolder("SHAPE").StringVar(&s.shape.Name)
	cmd.Flag("base", "Requests per second at the start of the shape.").Default("100").FloatVar(&s.shape.Base)
	cmd.Flag("peak", "Highest requests per second of the shape.").Default("1000").FloatVar(&s.shape.Peak)
	cmd.Flag("duration", "Duration of the shape.").Default("2h").SetValue(daysValue{&s.shape.Duration})
	cmd.Flag("file", "CSV (time, requests per second) or OpenMetrics file with the load; - for standard input.").PlaceHolder("FILE").StringVar(&s.file.Path)
	cmd.Flag("series", "Column of the CSV file, or series of the OpenMetrics file, if there are several.").PlaceHolder("NAME").StringVar(&s.file.Series)
	cmd.Flag("counter", "The values of the file are a counter of requests.").BoolVar(&s.file.Counter)
	cmd.Flag("prometheus.url", "URL of the Prometheus with the load, which may have credentials.").PlaceHolder("URL").StringVar(&p.URL)
	cmd.Flag("query", "PromQL query for the load, which must return one series.").
		Default("sum(rate(nginx_http_requests_total[1m]))").StringVar(&p.Query)
	cmd.Flag("since", "How far back the query begins.").Default("7d").SetValue(daysValue{&s.since})
	cmd.Flag("until", "End of the query, as in 2026-01-31T12:00:00Z. Default: now.").PlaceHolder("TIME").StringVar(&s.until)
	cmd.Flag("step", "Time between samples of the query.").Default("15s").SetValue(daysValue{&p.Step})
}

// simulateAutoscale runs the command.
func (c *cli) simulateAutoscale(args []string, stdout io.Writer) error {
	if err := c.refuseExporterFlags(simulateAutoscale, args); err != nil {
		return &statusError{badInputStatus, err}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, err := c.simulation.run(ctx)
	if err == nil {
		err = c.simulation.write(r, stdout)
	}
	if err != nil {
		return &statusError{badInputStatus, err}
	}
	if r.Search != nil && r.Search.Found == nil {
		return reportedError(1)
	}
	return nil
}

// run simulates.
func (s *simulation) run(ctx context.Context) (*report.Report, error) {
	if s.maxAbove < 0 || s.maxAbove > 100 {
		return nil, &usageError{errors.New("--max-above is a percentage: it must be 0 to 100")}
	}
	settings, notes, err := s.settings.all()
	if err != nil {
		return nil, err
	}
	if s.search {
		if len(settings) > 1 {
			return nil, &usageError{errors.New("--search varies one setting: give one value for each flag")}
		}
		settings = simulate.Candidates(settings[0])
	}
	l, done, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	results, summary, err := simulate.Run(l.Points, settings)
	if err != nil {
		return nil, err
	}
	r := &report.Report{Load: l.Name, Relative: l.Relative, Summary: summary, Results: results, Notes: append(notes, l.Notes()...)}
	if s.search {
		s.best(r)
	}
	return r, nil
}

// best keeps the setting itself and the cheapest ones.
func (s *simulation) best(r *report.Report) {
	const most = 5
	limit := s.maxAbove / 100
	cheapest := simulate.Cheapest(r.Results[1:], limit)
	r.Search = &simulate.Search{Limit: limit, Tried: len(r.Results) - 1}
	r.Results = r.Results[:1]
	if len(cheapest) > 0 {
		r.Search.Found = cheapest[0]
		r.Results = append(r.Results, cheapest[:min(len(cheapest), most)]...)
	}
}

// load opens the load. Exactly one source is given.
func (s *simulation) load(ctx context.Context) (*load.Load, func(), error) {
	given := 0
	for _, source := range []string{s.shape.Name, s.file.Path, s.prometheus.URL} {
		if source != "" {
			given++
		}
	}
	if given != 1 {
		return nil, nil, &usageError{errors.New("give one load: --load, --file or --prometheus.url")}
	}
	nothing := func() {}
	switch {
	case s.shape.Name != "":
		l, err := s.shape.Load()
		return l, nothing, err
	case s.file.Path != "":
		return s.file.Load(os.Stdin)
	}
	p := s.prometheus
	p.End = time.Now().Truncate(p.Step)
	if s.until != "" {
		var err error
		if p.End, err = time.Parse(time.RFC3339, s.until); err != nil {
			return nil, nil, fmt.Errorf("--until=%s is not a time such as 2026-01-31T12:00:00Z", strconv.Quote(s.until))
		}
	}
	p.Begin = p.End.Add(-s.since)
	l, err := p.Load(ctx)
	return l, nothing, err
}

// write writes the result.
func (s *simulation) write(r *report.Report, stdout io.Writer) error {
	if s.html != "" {
		var page bytes.Buffer
		if err := r.WriteHTML(&page); err != nil {
			return err
		}
		if err := replaceFile(s.html, page.Bytes()); err != nil {
			if e, ok := errors.AsType[*os.PathError](err); ok {
				err = e.Err // without the name of the temporary file
			}
			return fmt.Errorf("--html=%s cannot be written: %w", strconv.Quote(s.html), err)
		}
	}
	if s.format == outputJSON {
		return r.WriteJSON(stdout)
	}
	return r.WriteText(stdout, report.TextOptions{Chart: s.chart, Changes: s.changes, Width: columns(os.Getenv)})
}

// columns is the width of the terminal, as far as the shell exports it.
func columns(env func(string) string) int {
	const standard = 100
	if n, err := strconv.Atoi(env("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return standard
}

// replaceFile writes a file completely or not at all.
func replaceFile(path string, content []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	const readable = 0o644
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(readable), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
