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

	"github.com/alecthomas/kingpin/v2"

	"nginx-exporter/client"
	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
	"nginx-exporter/internal/doctor"
	nginxstatus "nginx-exporter/internal/doctor/status"
)

const (
	doctorCommand = "doctor"
	// statusDoctor is the default of doctor.
	statusDoctor = doctorCommand + " status"
)

// inconclusiveStatus is the exit status if no diagnosis was possible.
const inconclusiveStatus = 2

// Formats of a report.
const (
	outputText = "text"
	outputJSON = "json"
)

// doctorOptions are the flags of the doctor commands.
type doctorOptions struct {
	output      string
	watch       bool
	nginxBinary string
}

// addDoctor defines the command doctor.
func (c *cli) addDoctor() {
	o := &c.doctor
	cmd := c.app.Command(doctorCommand, "Diagnose why the exporter cannot read nginx, or why an HPA does not scale. Exits with 0 if healthy, 1 if a problem is found, 2 if diagnosis is not possible.")
	cmd.Flag("output", "Format of the report: text or json.").Default(outputText).EnumVar(&o.output, outputText, outputJSON)
	cmd.Flag("watch", "Repeat until healthy.").BoolVar(&o.watch)
	c.addDoctorStatus(cmd)
	c.addDoctorHPA(cmd)
}

// addDoctorStatus defines the command doctor status.
func (c *cli) addDoctorStatus(doctor *kingpin.CmdClause) {
	cmd := doctor.Command("status", "Check that the targets of the exporter can be read from here.").Default()
	cmd.Flag("nginx-binary", "Binary to run with -V and -T if there is a problem or an access log, to read the configuration of nginx; empty to disable.").
		Default("nginx").StringVar(&c.doctor.nginxBinary)
}

// doctorStatus runs the command doctor status.
func (c *cli) doctorStatus(args []string, stdout, stderr io.Writer) error {
	exporter := ""
	if c.targetsUnset(args) {
		if other, pid := runningExporter("/proc"); other != nil {
			c.config = other.config
			exporter = fmt.Sprintf("the exporter with PID %d", pid)
		}
	}
	return c.diagnose(stdout, stderr, func(ctx context.Context) *doctor.Report {
		settings, err := c.config.Validate() // each time, since files may change
		if err != nil {
			return nginxstatus.Invalid(err)
		}
		options := nginxstatus.Options{
			Exporter: exporter, FromFile: settings.FromFile(), Listen: c.config.Web.Listen, NginxBinary: c.doctor.nginxBinary,
			TargetOptions: func(uri string) (client.Options, error) { return targetOptions(&c.config, uri) },
		}
		for _, target := range settings.Targets() {
			options.Targets = append(options.Targets, target.Client)
		}
		options.Logs, options.Metrics = doctorLogs(settings), exposition(settings)
		o := settings.CollectorOptions()
		o.RateWindows = nil // no background scrapes
		scraper := collector.New(o)
		defer scraper.Close()
		options.ReadSources = func(ctx context.Context, target int) ([]nginxstatus.Source, error) {
			return readSources(ctx, scraper, settings.Targets()[target])
		}
		return nginxstatus.Examine(ctx, options)
	})
}

// readSources reads the sources of a target as a scrape does.
func readSources(ctx context.Context, scraper *collector.Collector, target collector.TargetOptions) ([]nginxstatus.Source, error) {
	results, err := scraper.Check(ctx, target)
	var sources []nginxstatus.Source
	for _, r := range results {
		sources = append(sources, nginxstatus.Source{Name: r.Source, Err: r.Err})
	}
	return sources, err
}

// settingsAt validates the configuration with one target that is given by
// --nginx.scrape-uri beside the other flags.
func settingsAt(c *config.Config, uri string) (*config.Settings, error) {
	other := *c
	other.File, other.Nginx.ScrapeURIs, other.Nginx.DefaultURI = "", []string{uri}, false
	return other.Validate()
}

// targetOptions returns the client options of such a target.
func targetOptions(c *config.Config, uri string) (client.Options, error) {
	settings, err := settingsAt(c, uri)
	if err != nil {
		return client.Options{}, err
	}
	return settings.Targets()[0].Client, nil
}

// diagnose prints the report of an examination; with --watch, the first healthy
// report, or the last one before a signal.
func (c *cli) diagnose(stdout, stderr io.Writer, examine func(context.Context) *doctor.Report) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report := examine(ctx)
	if c.doctor.watch {
		report = watch(ctx, stderr, report, examine)
	}
	var err error
	if c.doctor.output == outputJSON {
		err = report.WriteJSON(stdout)
	} else {
		err = report.WriteText(stdout, colored(stdout, os.Getenv))
	}
	if code := report.Verdict().ExitCode(); err == nil && code != 0 {
		return reportedError(code)
	}
	return err
}

// watch repeats an examination until the report is healthy or a signal arrives,
// and returns the last report. It writes a progress line when the findings
// change, and at regular intervals.
func watch(ctx context.Context, progress io.Writer, report *doctor.Report, examine func(context.Context) *doctor.Report) *doctor.Report {
	return watchLines(ctx, progress, report, examine, progressLine)
}

// watchLines is watch with the progress lines of its caller.
func watchLines(ctx context.Context, progress io.Writer, report *doctor.Report, examine func(context.Context) *doctor.Report,
	lineOf func(*doctor.Report) string,
) *doctor.Report {
	const pause, reminder = 2 * time.Second, 15 * time.Second
	began, written, line := time.Now(), time.Time{}, ""
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for report.Verdict() != doctor.Healthy {
		if now := lineOf(report); now != line || time.Since(written) >= reminder {
			line, written = now, time.Now()
			_, _ = fmt.Fprintf(progress, "%4ds  %s\n", int(time.Since(began).Seconds()), line) // progress is optional
		}
		select {
		case <-ctx.Done():
			return report
		case <-ticker.C:
		}
		next := examine(ctx)
		if ctx.Err() != nil {
			return report // the next one was cut short
		}
		report = next
	}
	return report
}

// progressLine is a report in one line.
func progressLine(report *doctor.Report) string {
	var codes []string
	for _, code := range report.Codes() {
		codes = append(codes, string(code))
	}
	return string(report.Verdict()) + ": " + strings.Join(codes, ", ")
}

// colored reports whether the output is a terminal with colors, and the user
// has not disabled them.
//
// See https://no-color.org.
func colored(to io.Writer, env func(string) string) bool {
	file, isFile := to.(*os.File)
	if !isFile || env("NO_COLOR") != "" || strings.EqualFold(env("TERM"), "dumb") {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// reportedError is an exit status whose reason is in the report.
type reportedError int

// Error implements [error].
func (e reportedError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }
