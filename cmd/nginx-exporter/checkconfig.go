package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"nginx-exporter/collector/source/accesslog"
	"nginx-exporter/internal/config"
)

// checkRequest has the flags of check-config.
type checkRequest struct {
	sample string // file with lines of an access log, - for standard input
}

// addCheckConfig defines the command check-config.
func (c *cli) addCheckConfig() {
	cmd := c.app.Command(checkConfigCommand, "Validate flags, environment and configuration file, and exit.")
	cmd.Flag("sample", "Show what lines of an access log become: values, metrics, and why lines are not counted. - for standard input.").
		PlaceHolder("FILE").StringVar(&c.check.sample)
}

// checkConfig validates the configuration without starting the exporter.
func checkConfig(c *config.Config, r *checkRequest, stdout io.Writer) error {
	settings, err := c.Validate()
	if err != nil {
		return err
	}
	var sample io.ReadCloser
	if r.sample != "" {
		if sample, err = openSample(settings.Logs(), r.sample); err != nil {
			return fmt.Errorf("--sample: %w", err)
		}
		defer sample.Close()
	}
	for _, warning := range settings.Warnings() {
		if _, err := fmt.Fprintln(stdout, "warning:", warning); err != nil {
			return err
		}
	}
	for _, target := range settings.Targets() {
		if _, err := fmt.Fprintln(stdout, "target:", target.Client.Target); err != nil {
			return err
		}
	}
	for _, log := range settings.Logs() {
		if _, err := fmt.Fprintln(stdout, "access log:", log.Address); err != nil {
			return err
		}
	}
	if sample != nil {
		return explain(settings.Logs()[0].Options, sample, stdout)
	}
	_, err = fmt.Fprintln(stdout, "the configuration is valid")
	return err
}

// openSample opens the sample of the one access log. The caller closes it.
func openSample(logs []config.Log, path string) (io.ReadCloser, error) {
	switch {
	case len(logs) == 0:
		return nil, errors.New("requires an access log: set --nginx.access-log, or access_logs in --config.file")
	case len(logs) > 1:
		return nil, fmt.Errorf("requires a configuration with one access log, not %d", len(logs))
	case path == "-":
		return os.Stdin, nil
	}
	return os.Open(path)
}

// explain shows what lines become.
func explain(options accesslog.Options, lines io.Reader, stdout io.Writer) error {
	source, err := accesslog.New(nil, options)
	if err != nil {
		return err
	}
	if err := source.Explain(lines, stdout); err != nil {
		return fmt.Errorf("--sample: %w", err)
	}
	return nil
}
