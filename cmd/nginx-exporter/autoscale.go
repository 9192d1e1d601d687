package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

const (
	autoscaleCommand  = "autoscale"
	simulateAutoscale = autoscaleCommand + " simulate"
)

// badInputStatus is the exit status of autoscale for input that it cannot use.
const badInputStatus = 2

// addAutoscale defines the commands autoscale.
func (c *cli) addAutoscale() {
	cmd := c.app.Command(autoscaleCommand, "Autoscale nginx on its request rate.")
	c.addPlan(cmd)
	c.addApply(cmd)
	c.addSimulate(cmd)
}

// refuseExporterFlags reports a flag of the exporter, which a command ignores.
func (c *cli) refuseExporterFlags(command string, args []string) error {
	for _, f := range c.flags {
		if c.onCommandLine(args, f.name) {
			return &usageError{fmt.Errorf("--%s is a flag of the exporter, not of %s", f.name, command)}
		}
	}
	return nil
}

// days parses a duration that may have days, such as 7d or 1d12h.
func days(text string) (time.Duration, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return d, nil
	}
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration with a unit, such as 30s, 5m or 7d", text)
	}
	return time.Duration(d), nil
}

// daysValue is a flag for a duration.
type daysValue struct{ to *time.Duration }

// Set implements [kingpin.Value].
func (v daysValue) Set(text string) (err error) {
	*v.to, err = days(text)
	return err
}

// String implements [kingpin.Value].
func (v daysValue) String() string {
	if v.to == nil {
		return ""
	}
	return v.to.String()
}

// listValue is a flag for values separated by commas. It may be repeated.
type listValue[T any] struct {
	to    *[]T
	parse func(string) (T, error)
}

// Set implements [kingpin.Value].
func (v listValue[T]) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		value, err := v.parse(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		*v.to = append(*v.to, value)
	}
	return nil
}

// String implements [kingpin.Value].
func (v listValue[T]) String() string { return "" }

// IsCumulative tells kingpin that the flag may be repeated.
func (v listValue[T]) IsCumulative() bool { return true }

// replicas parses a number of replicas.
func replicas(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of replicas", text)
	}
	return int32(n), nil
}
