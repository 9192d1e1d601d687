package main

import (
	"fmt"
	"io"

	"nginx-exporter/internal/config"
)

// checkConfig validates the configuration without starting the exporter.
func checkConfig(c *config.Config, stdout io.Writer) error {
	settings, err := c.Validate()
	if err != nil {
		return err
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
	_, err = fmt.Fprintln(stdout, "the configuration is valid")
	return err
}
