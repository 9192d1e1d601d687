// Package status diagnoses why the exporter cannot read the status page of nginx.
// It observes each target with the exporter's own request, and judges that with the
// table of causes. A judge makes further requests that change one thing at a time.
//
// table.go has the causes in the order in which they are checked; the other files
// have their judges by topic. The package must not import config or collector: the
// caller passes validated targets. Time, bytes and the number of requests are
// limited.
package status

import (
	"cmp"
	"context"
	"os"
	"runtime"
	"sync"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

// Options say what is examined.
type Options struct {
	// Targets are those of the exporter; FromFile means that they come from the
	// configuration file.
	Targets  []client.Options
	FromFile bool
	// Logs are the access logs of the exporter, and Metrics its exposition if it is
	// running; nil if not.
	Logs    []Log
	Metrics Metrics
	// Exporter says whose targets they are; "the exporter" if empty.
	Exporter string
	// TargetOptions returns the client options of a target given by
	// --nginx.scrape-uri.
	TargetOptions func(uri string) (client.Options, error)
	// ReadSources reads what the exporter reads of a target; nil to disable.
	ReadSources ReadSources
	// Listen has the addresses on which the exporter listens, HOST:PORT.
	Listen []string
	// NginxBinary is run with -V and -T to read the configuration of nginx; it
	// is not run if empty.
	NginxBinary string
	// machine says where to search; tests set it, zero values mean this machine.
	machine machine
}

// machine has the usual places of a machine.
type machine struct {
	System  string   // a GOOS
	Proc    string   // where procfs is mounted
	Ports   []int    // usual ports of a status page
	Sockets []string // glob patterns of Unix sockets
	Dirs    []string // with binaries, searched after PATH
	Env     func(string) string
}

func (m *machine) setDefaults() {
	m.System = cmp.Or(m.System, runtime.GOOS)
	m.Proc = cmp.Or(m.Proc, "/proc")
	if m.Ports == nil {
		m.Ports = []int{8080, 80, 8081, 81, 8888, 8000, 8090, 9145, 18080, 49151}
	}
	if m.Sockets == nil {
		m.Sockets = []string{"/run/nginx*.sock", "/run/nginx/*.sock", "/var/run/nginx*.sock", "/var/run/nginx/*.sock", "/tmp/nginx*.sock"}
	}
	if m.Dirs == nil {
		m.Dirs = []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/nginx/sbin", "/usr/local/openresty/nginx/sbin"}
	}
	if m.Env == nil {
		m.Env = os.Getenv
	}
}

// maxTime limits an examination.
const maxTime = 14 * time.Second

// Examine diagnoses all targets.
func Examine(ctx context.Context, options Options) *doctor.Report {
	report := &doctor.Report{Subject: "nginx status as seen by " + cmp.Or(options.Exporter, "the exporter"), Independent: true}
	if len(options.Targets) == 0 && len(options.Logs) == 0 {
		report.Steps = []doctor.Step{unchecked("targets", doctor.Finding{
			Code: "no-targets", Message: "The configuration file has an empty list of targets.",
			Fix: []string{"add a target under targets in --config.file, or remove targets from the file to use --nginx.scrape-uri"},
		})}
		return report
	}
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	e := newExaminer(ctx, options)
	report.Steps = make([]doctor.Step, len(options.Targets))
	const concurrency = 8
	slots := make(chan struct{}, concurrency)
	var all sync.WaitGroup
	for i := range options.Targets {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			report.Steps[i] = e.examine(i)
		})
	}
	all.Wait()
	report.Steps = append(report.Steps, e.examineLogs()...)
	return report
}

// Invalid is the report for an invalid configuration of the exporter.
func Invalid(err error) *doctor.Report {
	return &doctor.Report{Subject: "configuration of the exporter", Independent: true, Steps: []doctor.Step{unchecked("configuration", doctor.Finding{
		Code: "config-invalid", Message: err.Error(),
		Fix: []string{"correct it, then run: nginx-exporter check-config"},
	})}}
}

func unchecked(name string, finding doctor.Finding) doctor.Step {
	return doctor.Step{Name: name, State: doctor.Unknown, Message: "not checked", Findings: []doctor.Finding{finding}}
}

// examiner serves one examination, which ctx ends.
type examiner struct {
	Options

	ctx   context.Context
	nginx func() *nginxBinary // nil if there is none; it is run when first needed
}

func newExaminer(ctx context.Context, options Options) *examiner {
	options.machine.setDefaults()
	return &examiner{Options: options, ctx: ctx, nginx: sync.OnceValue(func() *nginxBinary {
		return inspect(ctx, options.NginxBinary, options.machine.Dirs)
	})}
}

// withLimits adds to a finding on another system than Linux what was not checked.
func (o *observation) withLimits(f doctor.Finding) doctor.Finding {
	const linux = "linux"
	if o.machine.System != linux && o.isLocal() {
		f.Evidence = append(f.Evidence, doctor.Evidence{
			Name: "not checked on " + o.machine.System, Value: "whether nginx is running, and where programs listen: doctor reads that on Linux only",
		})
	}
	return f
}

// examine diagnoses one target.
func (e *examiner) examine(target int) doctor.Step {
	options := e.Targets[target]
	step := doctor.Step{Name: options.Target.String()}
	if options.Host != "" {
		step.Name += " (Host: " + options.Host + ")"
	}
	o := e.observe(options)
	step.Message = o.summary()
	switch {
	case !o.healthy():
		step.State, step.Findings = doctor.Failed, []doctor.Finding{o.withLimits(o.diagnose())}
	default:
		step.State = doctor.OK
		if step.Findings = o.warnings(); len(step.Findings) > 0 {
			step.State = doctor.Warning
		}
		o.examineSources(&step, target)
	}
	return step
}
