package config

import (
	"fmt"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// Limits limit clients of the exporter's own HTTP server.
type Limits struct {
	ReadTimeout     time.Duration // for receiving a request
	WriteTimeout    time.Duration // for sending a response
	IdleTimeout     time.Duration // of a connection without a request
	TimeoutOffset   time.Duration // subtracted from the scrape timeout of Prometheus
	DrainDelay      time.Duration // between a signal to stop and the shutdown
	ShutdownTimeout time.Duration // for requests in progress at the shutdown
	MaxConnections  int           // at the same time
}

// DefaultLimits returns the limits that apply without a configuration file.
func DefaultLimits() Limits {
	return Limits{
		ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 3 * time.Minute,
		TimeoutOffset: 500 * time.Millisecond, ShutdownTimeout: 8 * time.Second, MaxConnections: 512,
	}
}

// connectionsPerRequest leaves room for scrapes, probes, responses that are being
// written, and connections that are kept.
const connectionsPerRequest = 4

// FileWeb is the section web of the configuration file. Limits that are nil have
// their defaults.
type FileWeb struct {
	ReadTimeout     *Duration `yaml:"read_timeout,omitempty" doc:"Timeout for receiving a request (default 10s)."`
	WriteTimeout    *Duration `yaml:"write_timeout,omitempty" doc:"Timeout for sending a response (default 30s)."`
	IdleTimeout     *Duration `yaml:"idle_timeout,omitempty" doc:"Timeout of idle connections (default 3m)."`
	TimeoutOffset   *Delay    `yaml:"scrape_timeout_offset,omitempty" doc:"Offset subtracted from the Prometheus scrape timeout, at most 25% of it (default 500ms)."`
	DrainDelay      *Delay    `yaml:"drain_delay,omitempty" doc:"How long scrapes are still accepted after SIGTERM, while /-/ready fails (default 0s)."`
	ShutdownTimeout *Duration `yaml:"shutdown_timeout,omitempty" doc:"Timeout for requests in progress after the drain delay (default 8s)."`
	MaxConnections  *Count    `yaml:"max_connections,omitempty" doc:"Maximum number of client connections; above it, those idle longest are closed (default 512, or 4 times --web.max-requests if that is more)."`
}

// override replaces the limits that are in the file.
func (f *FileWeb) override(l *Limits) {
	set(&l.ReadTimeout, f.ReadTimeout)
	set(&l.WriteTimeout, f.WriteTimeout)
	set(&l.IdleTimeout, f.IdleTimeout)
	set(&l.TimeoutOffset, f.TimeoutOffset)
	set(&l.DrainDelay, f.DrainDelay)
	set(&l.ShutdownTimeout, f.ShutdownTimeout)
	set(&l.MaxConnections, f.MaxConnections)
}

func set[To time.Duration | int, From Duration | Delay | Count](to *To, from *From) {
	if from != nil {
		*to = To(*from)
	}
}

// Duration is a duration above zero with its unit, such as 5s.
type Duration time.Duration

// UnmarshalYAML refuses numbers without a unit, which would be nanoseconds.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	v, err := time.ParseDuration(node.Value)
	if err != nil || v <= 0 {
		return fmt.Errorf("line %d: %q is not a positive duration with a unit, such as 5s", node.Line, node.Value)
	}
	*d = Duration(v)
	return nil
}

// Delay is a duration of zero or more with its unit, such as 5s or 0s.
type Delay time.Duration

// UnmarshalYAML refuses numbers without a unit, which would be nanoseconds.
func (d *Delay) UnmarshalYAML(node *yaml.Node) error {
	v, err := time.ParseDuration(node.Value)
	if err != nil || v < 0 {
		return fmt.Errorf("line %d: %q is not a duration of zero or more with a unit, such as 5s", node.Line, node.Value)
	}
	*d = Delay(v)
	return nil
}

// Count is a whole number above zero.
type Count int

// UnmarshalYAML refuses other numbers.
func (c *Count) UnmarshalYAML(node *yaml.Node) error {
	v, err := strconv.Atoi(node.Value)
	if err != nil || v < 1 {
		return fmt.Errorf("line %d: %q is not a whole number above zero", node.Line, node.Value)
	}
	*c = Count(v)
	return nil
}
