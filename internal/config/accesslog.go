package config

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/client/accesslog/input"
	"nginx-exporter/collector"
	"nginx-exporter/collector/metric"
	source "nginx-exporter/collector/source/accesslog"
)

// AccessLog is an access log of nginx.
type AccessLog struct {
	Input     string `yaml:"input" doc:"Where nginx writes: spool:PATH (recommended), the PATH of a log file, udp://HOST:PORT or unix:PATH for syslog."`
	Name      string `yaml:"name,omitempty" doc:"Value of the label log of its metrics. Required from the second log of a target on, and from the second log without a target on."`
	Format    string `yaml:"format,omitempty" doc:"Name of a known format, or the log_format of nginx (default nginx_exporter)."`
	Escape    string `yaml:"escape,omitempty" doc:"Parameter escape of the log_format: default, json or none."`
	StateFile string `yaml:"state_file,omitempty" doc:"File that keeps the position in a log file across restarts; without it, reading begins at the end."`

	Routes    []string  `yaml:"routes,omitempty" doc:"Values of the label route, such as /users/{id} and /static/*; other paths are counted as other."`
	Exclude   []string  `yaml:"exclude,omitempty" doc:"Requests that are not counted, such as path:/healthz and user-agent:kube-probe/. Requests of the exporter for /stub_status are not either."`
	Buckets   []float64 `yaml:"buckets,omitempty" doc:"Upper bounds of durations in seconds (default 0.005 to 10)."`
	MaxSeries Count     `yaml:"max_series,omitempty" doc:"Maximum number of label sets; further requests are counted as other (default 1000)."`
	Names     string    `yaml:"names,omitempty" doc:"Names of the metrics: default, access-log-exporter or prometheus-nginxlog-exporter."`

	MethodDurations bool     `yaml:"method_durations,omitempty" doc:"Add the label method to durations and bytes."`
	CodeClass       bool     `yaml:"code_class,omitempty" doc:"Count responses by class, such as 2xx, instead of by code."`
	HostLabel       bool     `yaml:"host_label,omitempty" doc:"Use the Host header as label server if the format has no server_name. Clients can send any."`
	UpstreamAddr    bool     `yaml:"upstream_addr,omitempty" doc:"Use addresses of servers as label upstream instead of the name of the upstream."`
	Expire          Duration `yaml:"expire,omitempty" doc:"How long unused series of hosts and addresses are kept (default 1h)."`
}

// Log is a validated access log.
type Log struct {
	Settings AccessLog // as they were configured
	Address  input.Address
	Options  source.Options // without a logger

	// Target is the index of its target, or -1. Labels and Timeout are for logs
	// without a target.
	Target  int
	Labels  []metric.Label
	Timeout time.Duration
}

// Logs returns the access logs. The caller must not modify them.
func (s *Settings) Logs() []Log { return s.logs }

// setDirectory resolves relative paths. An invalid address stays as it is.
func (a *AccessLog) setDirectory(directory string) {
	if address, err := input.ParseAddress(a.Input); err == nil {
		a.Input = address.Resolve(directory).String()
	}
	if a.StateFile != "" && !filepath.IsAbs(a.StateFile) {
		a.StateFile = filepath.Join(directory, a.StateFile)
	}
}

// accessLogs returns the access logs of flags and file.
func (b *builder) accessLogs(file *File, targets []collector.TargetOptions) ([]Log, error) {
	type group struct {
		where  func(i int) string
		target int
		logs   []AccessLog
	}
	flags := group{where: func(int) string { return "--nginx.access-log" }, target: -1}
	if len(targets) == 1 {
		flags.target = 0
	}
	for i, text := range b.nginx.AccessLogs {
		flags.logs = append(flags.logs, AccessLog{Input: text, Format: b.nginx.AccessLogFormat})
		if i > 0 {
			flags.logs[i].Name = source.DefaultName + "_" + strconv.Itoa(i+1)
		}
	}
	groups := []group{flags}
	if file.Targets != nil {
		for n := range *file.Targets {
			where := func(i int) string { return fmt.Sprintf("--config.file: targets[%d]: access_logs[%d]", n, i) }
			groups = append(groups, group{where, n, (*file.Targets)[n].AccessLogs})
		}
	}
	groups = append(groups, group{func(i int) string { return fmt.Sprintf("--config.file: access_logs[%d]", i) }, -1, file.AccessLogs})
	var all []Log
	for _, g := range groups {
		for i := range g.logs {
			log, err := b.accessLog(&g.logs[i], g.target)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", g.where(i), err)
			}
			log.excludeOwn(b.userAgent, targets)
			all = append(all, log)
		}
	}
	return all, distinguish(all)
}

// excludeOwn excludes the requests of the exporter for the status page: by their
// user agent if the format has it, and by the path of the page if it is the usual
// one, since others may be pages of an application.
func (l *Log) excludeOwn(userAgent string, targets []collector.TargetOptions) {
	const usual = "/stub_status"
	fields := l.Options.Format.Fields()
	own := slices.Clone(l.Options.Exclude)
	if name, _, found := strings.Cut(userAgent, "/"); found && fields.Has(accesslog.FieldUserAgent) {
		own = append(own, "user-agent:"+name+"/")
	}
	if l.Target >= 0 && targets[l.Target].Client.Target.Path() == usual && fields.Has(accesslog.FieldURI) {
		own = append(own, "path:"+usual)
	}
	l.Options.Exclude = own
}

// accessLog validates an access log.
func (b *builder) accessLog(a *AccessLog, target int) (Log, error) {
	log := Log{Settings: *a, Target: target, Labels: sorted(b.labels), Timeout: b.nginx.Timeout}
	var err error
	if log.Address, err = input.ParseAddress(a.Input); err == nil {
		err = log.Address.Check()
	}
	if err != nil {
		return log, err
	}
	if a.StateFile != "" && log.Address.Kind != input.KindFile {
		return log, errors.New("state_file is only for log files")
	}
	if a.Name != "" && !model.LegacyValidation.IsValidMetricName(a.Name) {
		return log, fmt.Errorf("name: %q may contain only letters, digits and underscores", a.Name)
	}
	compiled, err := accesslog.Compile(accesslog.Options{Format: cmp.Or(a.Format, accesslog.Own), Escape: accesslog.Escape(a.Escape)})
	if err != nil {
		return log, fmt.Errorf("format: %w", err)
	}
	log.Options = source.Options{
		Name: a.Name, LabelLog: a.Name != "", Format: compiled, Names: source.Names(a.Names), Buckets: a.Buckets, MaxSeries: int(a.MaxSeries),
		Routes: a.Routes, Exclude: a.Exclude, MethodDurations: a.MethodDurations, CodeClass: a.CodeClass,
		HostLabel: a.HostLabel, UpstreamAddr: a.UpstreamAddr, Expire: time.Duration(a.Expire),
	}
	if _, err := source.New(nil, log.Options); err != nil {
		return log, err
	}
	for _, note := range append([]string{log.Address.Warning()}, strings.Join(compiled.Notes(), "; ")) {
		if note != "" {
			b.warn(fmt.Sprintf("access log %s: %s", log.Address, note))
		}
	}
	return log, nil
}

// distinguish checks that logs with the same labels have names.
func distinguish(logs []Log) error {
	for i := range logs {
		for j := range i {
			if err := logs[i].differs(&logs[j]); err != nil {
				return err
			}
		}
	}
	return nil
}

// sharesLabels reports whether only the name distinguishes the series of two logs.
func (l *Log) sharesLabels(other *Log) bool {
	return l.Target == other.Target || l.Target < 0 || other.Target < 0
}

func (l *Log) differs(other *Log) error {
	switch {
	case l.Address.IsSocket() == other.Address.IsSocket() && l.Address.Path == other.Address.Path:
		return fmt.Errorf("access log %s is given twice", l.Address)
	case l.Settings.StateFile != "" && l.Settings.StateFile == other.Settings.StateFile:
		return fmt.Errorf("access logs %s and %s have the same state_file", other.Address, l.Address)
	case l.Options.Name == other.Options.Name && l.sharesLabels(other):
		return fmt.Errorf("access logs %s and %s have the same name; set `name` in --config.file", other.Address, l.Address)
	}
	return nil
}
