package status

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"nginx-exporter/client/accesslog/input"
	"nginx-exporter/internal/doctor"
)

// Log is an access log that the exporter reads.
type Log struct {
	Address input.Address
	Name    string // the label log of its metrics
	Source  string // the label source
	Target  string // URI of its target, empty if it has none
	// Labels are those of the target or of the configuration.
	Labels map[string]string
}

// logObservation is what is known of an access log.
type logObservation struct {
	Log
	*examiner

	metrics exposition // of the running exporter, nil if it cannot be read
	file    error      // why the file cannot be opened for reading, nil if it can
	write   error      // the same for writing
}

// logCause is a row of the table of access logs.
type logCause struct {
	code  doctor.Code
	state doctor.State
	judge func(*logObservation) *doctor.Finding
}

// logCauses are in the order in which a line runs into them. All that are found are
// reported, up to the first that fails.
func logCauses() []logCause {
	return []logCause{
		{"log-unreadable", doctor.Failed, (*logObservation).unreadable},
		{"log-not-written", doctor.Failed, (*logObservation).notWritten},
		{"log-silent", doctor.Warning, (*logObservation).silent},
		{"log-format", doctor.Failed, (*logObservation).wrongFormat},
		{"log-some-lines", doctor.Warning, (*logObservation).someLines},
		{"log-shadowed", doctor.Warning, (*logObservation).shadowed},
		{"log-dropped", doctor.Warning, (*logObservation).dropped},
		{"log-unix-queue", doctor.Warning, (*logObservation).unixQueue},
		{"log-not-freed", doctor.Warning, (*logObservation).notFreed},
		{"log-labels-capped", doctor.Warning, (*logObservation).capped},
		{"log-durations-zero", doctor.Warning, (*logObservation).durationsZero},
	}
}

// examineLogs diagnoses all access logs.
func (e *examiner) examineLogs() []doctor.Step {
	var steps []doctor.Step
	if len(e.Logs) == 0 {
		return nil
	}
	var metrics exposition
	if e.Metrics != nil {
		if text, err := e.Metrics(e.ctx); err == nil {
			metrics = parseExposition(text)
		}
	}
	for _, l := range e.Logs {
		o := &logObservation{Log: l, examiner: e, metrics: metrics}
		if !l.Address.IsSocket() {
			o.file, o.write = try(l.Address.Path, os.O_RDONLY), try(l.Address.Path, os.O_WRONLY)
		}
		steps = append(steps, o.examine())
	}
	return steps
}

// try opens a file, and returns why that fails.
func try(path string, flag int) error {
	file, err := os.OpenFile(path, flag, 0)
	if err == nil {
		err = file.Close()
	}
	return err
}

func (o *logObservation) examine() doctor.Step {
	step := doctor.Step{Name: "access log " + o.Address.String(), State: doctor.OK}
	lines, known := o.value("nginx_exporter_log_lines_total")
	switch {
	case known:
		step.Message = fmt.Sprintf("%.0f lines read", lines)
	case o.metrics != nil:
		step.Message = "the running exporter has no metrics of this log"
	default:
		step.Message = "the exporter is not running here; its metrics were not checked"
	}
	for _, c := range logCauses() {
		found := c.judge(o)
		if found == nil {
			continue
		}
		found.Code = c.code
		step.State, step.Findings = c.state, append(step.Findings, *found)
		if c.state == doctor.Failed {
			break
		}
	}
	return step
}

// value returns the value of a metric of the log.
func (o *logObservation) value(name string) (float64, bool) {
	return o.metrics.sum(name, o.with("log", o.Name))
}

// with returns the labels of the log with another one.
func (o *logObservation) with(name, value string) map[string]string {
	labels := map[string]string{name: value}
	for n, v := range o.Labels {
		labels[n] = v
	}
	return labels
}

func evidence(name string, value float64) doctor.Evidence {
	return doctor.Evidence{Name: name, Value: strconv.FormatFloat(value, 'f', -1, 64)}
}

func (o *logObservation) unreadable() *doctor.Finding {
	success, known := o.metrics.sum("nginx_exporter_source_success", o.with("source", o.Source))
	spoolLater := o.Address.Kind == input.KindSpool && os.IsNotExist(o.file)
	switch {
	case known && success == 0, !known && o.file != nil && !spoolLater:
	default:
		return nil
	}
	f := &doctor.Finding{Message: "The exporter cannot read this access log.", Fix: []string{
		"the log of the exporter has the reason and the fix, in the line with source=" + o.Source,
	}}
	if o.file != nil {
		f.Evidence = []doctor.Evidence{{Name: "opened from here", Value: o.file.Error()}}
	}
	return f
}

// requests returns how many requests of others the target has served, as far as
// stub_status is known.
func (o *logObservation) requests() (float64, bool) {
	all, known := o.metrics.sum("nginx_http_requests_total", o.Labels)
	own, _ := o.metrics.sum("nginx_exporter_nginx_requests_total", o.Labels)
	return all - own, known && o.Target != ""
}

func (o *logObservation) silent() *doctor.Finding {
	const enough = 10
	lines, known := o.value("nginx_exporter_log_lines_total")
	requests, served := o.requests()
	if !known || lines > 0 || !served || requests < enough {
		return nil
	}
	return &doctor.Finding{
		Message:  "No line has arrived since the exporter started, although nginx has served requests, maybe before.",
		Evidence: []doctor.Evidence{evidence("nginx_http_requests_total without the exporter's", requests), evidence("nginx_exporter_log_lines_total", lines)},
		Fix: []string{
			"if requests were served since the exporter started, reload nginx, in case its configuration is not the one it runs with: " + reloadNginx,
			"add to each server that has an access_log of its own: " + o.directive(),
		},
	}
}

func (o *logObservation) wrongFormat() *doctor.Finding { return o.format(true) }

func (o *logObservation) someLines() *doctor.Finding { return o.format(false) }

func (o *logObservation) format(all bool) *doctor.Finding {
	lines, _ := o.value("nginx_exporter_log_lines_total")
	failed, known := o.value("nginx_exporter_log_lines_failed_total")
	if !known || failed == 0 || all != (failed >= lines) {
		return nil
	}
	f := &doctor.Finding{
		Message:  "No line matches the configured format.",
		Evidence: []doctor.Evidence{evidence("nginx_exporter_log_lines_failed_total", failed), evidence("nginx_exporter_log_lines_total", lines)},
		Fix: []string{
			"compare the format of the exporter with the log_format of this access_log: nginx -T",
			"see what lines become: nginx-exporter check-config --sample=FILE",
		},
	}
	if !all {
		f.Message = "Some lines do not match the configured format."
	}
	return f
}

func (o *logObservation) dropped() *doctor.Finding {
	dropped, known := o.value("nginx_exporter_log_dropped_total")
	if !known || dropped == 0 {
		return nil
	}
	buffer, _ := o.value("nginx_exporter_log_buffer_bytes")
	return &doctor.Finding{
		Message:  "The kernel has dropped messages because the receive buffer was full.",
		Evidence: []doctor.Evidence{evidence("nginx_exporter_log_dropped_total", dropped), evidence("nginx_exporter_log_buffer_bytes", buffer)},
		Fix: []string{
			"allow a larger buffer on the host: sysctl net.core.rmem_max=4194304",
			"give the exporter more CPU, or use a spool file, which loses nothing",
		},
	}
}

func (o *logObservation) unixQueue() *doctor.Finding {
	if o.Address.Kind != input.KindUnix {
		return nil
	}
	f := &doctor.Finding{
		Message: "nginx discards log lines for a Unix socket when its queue is full, which the exporter cannot count.",
		Fix:     []string{"use udp://127.0.0.1:9514 instead, or a spool file: nginx-exporter snippet access-log"},
	}
	if queue, err := os.ReadFile(o.machine.Proc + "/sys/net/unix/max_dgram_qlen"); err == nil {
		f.Evidence = []doctor.Evidence{{Name: "net.unix.max_dgram_qlen", Value: strings.TrimSpace(string(queue))}}
	}
	return f
}

func (o *logObservation) notFreed() *doctor.Finding {
	const much = 1 << 30
	allocated, known := o.value("nginx_exporter_log_allocated_bytes")
	denied := os.IsPermission(o.write)
	if o.Address.Kind != input.KindSpool || !denied && !(known && allocated >= much) {
		return nil
	}
	f := &doctor.Finding{
		Message: "The space of the spool file is not given back.",
		Fix: []string{
			"chmod 0666 " + o.Address.Path,
			"let the exporter create the file: start it before nginx, with permission to write to the directory",
		},
	}
	if denied {
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: "opened for writing from here", Value: o.write.Error()})
	}
	if known {
		f.Evidence = append(f.Evidence, evidence("nginx_exporter_log_allocated_bytes", allocated))
	}
	return f
}

func (o *logObservation) capped() *doctor.Finding {
	limited, known := o.value("nginx_exporter_log_series_limited_total")
	if !known || limited == 0 {
		return nil
	}
	series, _ := o.value("nginx_exporter_log_series")
	return &doctor.Finding{
		Message:  "Requests are counted with the value other, since there are too many combinations of label values.",
		Evidence: []doctor.Evidence{evidence("nginx_exporter_log_series_limited_total", limited), evidence("nginx_exporter_log_series", series)},
		Fix:      []string{"use fewer routes, or raise max_series of the access log in --config.file"},
	}
}

func (o *logObservation) durationsZero() *doctor.Finding {
	const enough = 1000
	count, known := o.metrics.sum("nginx_http_request_duration_seconds_count", o.Labels)
	sum, _ := o.metrics.sum("nginx_http_request_duration_seconds_sum", o.Labels)
	if !known || count < enough || sum > 0 {
		return nil
	}
	return &doctor.Finding{
		Message:  "All durations of requests are 0.",
		Evidence: []doctor.Evidence{evidence("nginx_http_request_duration_seconds_count", count)},
		Fix:      []string{"no action needed if nginx serves only static content; otherwise check that the log_format has $request_time: nginx -T"},
	}
}

// Metrics returns the exposition of the running exporter.
type Metrics func(ctx context.Context) (string, error)

// exposition has the samples of an exposition by name.
type exposition map[string][]sample

type sample struct {
	labels map[string]string
	value  float64
}

// parseExposition parses the text format as this exporter writes it, without
// timestamps. It skips what it does not know.
func parseExposition(text string) exposition {
	e := exposition{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		end := strings.LastIndexByte(line, ' ')
		if end < 0 || line[0] == '#' {
			continue
		}
		value, err := strconv.ParseFloat(line[end+1:], 64)
		if err != nil {
			continue
		}
		name, rest, _ := strings.Cut(line[:end], "{")
		e[name] = append(e[name], sample{parseLabels(strings.TrimSuffix(rest, "}")), value})
	}
	return e
}

func parseLabels(text string) map[string]string {
	labels := map[string]string{}
	for text != "" {
		name, rest, found := strings.Cut(text, `="`)
		end := 0
		for end < len(rest) && rest[end] != '"' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		if !found || end >= len(rest) {
			return labels
		}
		value, err := strconv.Unquote(`"` + rest[:end] + `"`)
		if err != nil {
			value = rest[:end]
		}
		labels[name] = value
		text = strings.TrimPrefix(rest[end+1:], ",")
	}
	return labels
}

// sum adds the samples that have the labels, and reports whether there are any.
func (e exposition) sum(name string, labels map[string]string) (total float64, known bool) {
	for _, s := range e[name] {
		fits := true
		for n, v := range labels {
			fits = fits && s.labels[n] == v
		}
		if fits {
			total, known = total+s.value, true
		}
	}
	return total, known
}
