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
	"nginx-exporter/internal/doctor"
	local "nginx-exporter/internal/doctor/status"
)

const (
	doctorCommand = "doctor"
	// statusDoctor is what doctor means without a further word.
	statusDoctor = doctorCommand + " status"
)

// blindStatus is the exit status of a doctor that could not look.
const blindStatus = 2

// Forms of a report.
const (
	outputText = "text"
	outputJSON = "json"
)

// examination is what can be said to the doctors.
type examination struct {
	output string
	watch  bool
	nginx  string
}

// addDoctor defines the command doctor.
func (c *cli) addDoctor() {
	x := &c.examination
	cmd := c.app.Command(doctorCommand, "Tell why the exporter cannot read nginx, and what mends it. Exits with 0 if all is well, 1 if not, 2 if it could not look.")
	cmd.Flag("output", "Form of the report: text or json.").Default(outputText).EnumVar(&x.output, outputText, outputJSON)
	cmd.Flag("watch", "Look again until all is well.").BoolVar(&x.watch)
	c.addDoctorStatus(cmd)
	c.addDoctorHPA(cmd)
}

// addDoctorStatus defines what looks at nginx from here.
func (c *cli) addDoctorStatus(doctor *kingpin.CmdClause) {
	cmd := doctor.Command("status", "Look at nginx from here, with the targets of the exporter. The word can be left out.").Default()
	cmd.Flag("nginx-binary", "Program that is asked for its configuration when something is wrong (nginx -T); empty for none.").
		Default("nginx").StringVar(&c.examination.nginx)
}

// doctorStatus looks at nginx.
func (c *cli) doctorStatus(args []string, stdout, stderr io.Writer) error {
	whose := "the exporter"
	if c.silent(args) {
		if other, process := running("/proc"); other != nil {
			c.config = other.config
			whose = fmt.Sprintf("the exporter of process %d", process)
		}
	}
	return c.examine(stdout, stderr, func(ctx context.Context) *doctor.Report {
		settings, err := c.config.Validate() // each time: files may be mended
		if err != nil {
			return local.Invalid(err)
		}
		options := local.Options{
			Whose: whose, FromFile: settings.FromFile(), Make: c.target, Listen: c.config.Web.Listen, Nginx: c.examination.nginx,
		}
		for _, target := range settings.Targets() {
			options.Targets = append(options.Targets, target.Client)
		}
		return local.Examine(ctx, options)
	})
}

// target returns how the exporter would ask a target that its flags named.
func (c *cli) target(uri string) (client.Options, error) {
	other := c.config
	other.File, other.Nginx.ScrapeURIs, other.Nginx.DefaultURI = "", []string{uri}, false
	settings, err := other.Validate()
	if err != nil {
		return client.Options{}, err
	}
	return settings.Targets()[0].Client, nil
}

// examine runs a doctor and prints its report; with --watch again and again,
// until all is well or a signal comes. Progress goes to standard error, so that
// standard output has one report.
func (c *cli) examine(stdout, stderr io.Writer, look func(context.Context) *doctor.Report) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report := look(ctx)
	if c.examination.watch {
		report = watchReport(ctx, stderr, report, look)
	}
	var err error
	if c.examination.output == outputJSON {
		err = report.WriteJSON(stdout)
	} else {
		err = report.WriteText(stdout, coloured(stdout, os.Getenv))
	}
	if code := report.Verdict().ExitCode(); err == nil && code != 0 {
		return reportedError(code)
	}
	return err
}

// watchReport looks again until all is well, and returns the last report. It
// tells what is wrong when that changes, and now and then that it still is.
func watchReport(ctx context.Context, progress io.Writer, report *doctor.Report, look func(context.Context) *doctor.Report) *doctor.Report {
	const pause, reminder = 2 * time.Second, 15 * time.Second
	began, told, line := time.Now(), time.Time{}, ""
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for report.Verdict() != doctor.Healthy {
		if now := progressOf(report); now != line || time.Since(told) >= reminder {
			line, told = now, time.Now()
			_, _ = fmt.Fprintf(progress, "%4ds  %s\n", int(time.Since(began).Seconds()), line) // nobody may be there to read it
		}
		select {
		case <-ctx.Done():
			return report
		case <-ticker.C:
		}
		next := look(ctx)
		if ctx.Err() != nil {
			return report // the look was cut short
		}
		report = next
	}
	return report
}

// progressOf is a report in one line.
func progressOf(report *doctor.Report) string {
	var codes []string
	for _, code := range report.Codes() {
		codes = append(codes, string(code))
	}
	return string(report.Verdict()) + ": " + strings.Join(codes, ", ")
}

// coloured reports whether what is written is read on a terminal that shows
// colours, by somebody who wants them.
//
// See https://no-color.org.
func coloured(to io.Writer, env func(string) string) bool {
	file, isFile := to.(*os.File)
	if !isFile || env("NO_COLOR") != "" || strings.EqualFold(env("TERM"), "dumb") {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// reportedError is an exit status whose reason has been told.
type reportedError int

// Error implements [error].
func (e reportedError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }
