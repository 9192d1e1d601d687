// Package status tells why the exporter cannot read the status of nginx: it
// looks at the targets as the exporter does, then tries what else could be
// meant, and says what works.
//
// One file has the checks of one kind of trouble; explain.go has their order.
// The package must not import config or collector: who calls it brings targets
// that are checked. Everything is bounded: time, bytes, and what is tried.
package status

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

// Options say what is examined.
type Options struct {
	// Targets are what the exporter asks; FromFile says that the configuration
	// file names them.
	Targets  []client.Options
	FromFile bool
	// Whose targets they are, "the exporter" if nothing is said.
	Whose string
	// Make returns the options with which the exporter would ask a target that
	// its flags named so.
	Make func(uri string) (client.Options, error)
	// Listen is where the exporter itself listens: HOST:PORT and so on.
	Listen []string
	// Nginx is the program that is asked for its configuration, empty for none.
	Nginx string
	// Machine is where things are looked for; zero values are those of here.
	Machine Machine
}

// Machine is what is usual on a machine.
type Machine struct {
	Proc    string   // the file system proc
	Ports   []int    // where a status page may be
	Sockets []string // patterns of sockets
	Folders []string // of programs, besides PATH
	Env     func(string) string
}

func (m *Machine) complete() {
	m.Proc = cmp.Or(m.Proc, "/proc")
	if m.Ports == nil {
		m.Ports = []int{8080, 80, 8081, 81, 8888, 8000, 8090, 9145, 18080, 49151}
	}
	if m.Sockets == nil {
		m.Sockets = []string{"/run/nginx*.sock", "/run/nginx/*.sock", "/var/run/nginx*.sock", "/var/run/nginx/*.sock", "/tmp/nginx*.sock"}
	}
	if m.Folders == nil {
		m.Folders = []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/nginx/sbin", "/usr/local/openresty/nginx/sbin"}
	}
	if m.Env == nil {
		m.Env = os.Getenv
	}
}

// budget bounds an examination.
const budget = 14 * time.Second

// Examine looks at all targets.
func Examine(ctx context.Context, options Options) *doctor.Report {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	e := &examiner{Options: options}
	e.Machine.complete()
	report := &doctor.Report{Subject: "the status of nginx, as " + cmp.Or(options.Whose, "the exporter") + " sees it", Independent: true}
	if len(options.Targets) == 0 {
		report.Steps = []doctor.Step{blind("targets", doctor.Finding{
			Code: "no-targets", Message: "the configuration names no target",
			Fix: []string{"add a target under targets in --config.file, or leave targets out there to have those of --nginx.scrape-uri"},
		})}
		return report
	}
	report.Steps = make([]doctor.Step, len(options.Targets))
	const atOnce = 8
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i := range options.Targets {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			report.Steps[i] = e.target(ctx, options.Targets[i])
		})
	}
	all.Wait()
	return report
}

// Invalid is the report where the configuration of the exporter is wrong.
func Invalid(err error) *doctor.Report {
	return &doctor.Report{Subject: "the configuration of the exporter", Steps: []doctor.Step{blind("configuration", doctor.Finding{
		Code: "config-invalid", Message: err.Error(),
		Fix: []string{"correct it, and check with: nginx-exporter check-config"},
	})}}
}

func blind(name string, finding doctor.Finding) doctor.Step {
	return doctor.Step{Name: name, State: doctor.Unknown, Message: "could not look", Findings: []doctor.Finding{finding}}
}

// examiner examines. What it finds out about the machine serves all targets.
type examiner struct {
	Options

	inspecting sync.Once
	inspected  *program
}

// nginx returns what the program says, nil if there is none. It is only asked
// when something is wrong.
func (e *examiner) nginx(ctx context.Context) *program {
	e.inspecting.Do(func() { e.inspected = inspect(ctx, e.Nginx, e.Machine.Folders) })
	return e.inspected
}

// target looks at one target.
func (e *examiner) target(ctx context.Context, options client.Options) doctor.Step {
	link := doctor.Step{Name: options.Target.String()}
	if options.Host != "" {
		link.Name += " (Host: " + options.Host + ")"
	}
	s := ask(ctx, options, mostForFirst)
	if s.healthy() {
		link.State, link.Message = doctor.OK, s.tells()
		if link.Findings = warnings(s); len(link.Findings) > 0 {
			link.State = doctor.Warning
		}
		return link
	}
	finding := e.explain(ctx, s)
	link.State, link.Message, link.Findings = doctor.Failed, s.answered(), []doctor.Finding{finding}
	return link
}

// tells says what a healthy target is.
func (s *sight) tells() string {
	if s.plus != nil {
		return fmt.Sprintf("the API of NGINX Plus, version %d", s.plus.Version)
	}
	if version := s.stub.Version; version != "" {
		return "stub_status of nginx " + version
	}
	return "stub_status"
}

// warnings tells what is odd about a page that can be read.
func warnings(s *sight) []doctor.Finding {
	if s.stub == nil {
		return nil
	}
	var found []doctor.Finding
	if columns := extraColumns(s.body()); len(columns) > 0 {
		found = append(found, doctor.Finding{
			Code: "status-columns", Message: "the page has columns that are not nginx's own, and are left out: " + short(strings.Join(columns, ", ")),
			Fix: []string{"nothing needs to be done: figures are read by the names of their columns"},
		})
	}
	if s.stub.Invalid() > 0 {
		found = append(found, doctor.Finding{
			Code: "status-wrapped", Message: "nginx printed a number below zero as a huge one; that figure is left out",
			Fix: []string{"nothing needs to be done: it is right again at one of the next scrapes"},
		})
	}
	return found
}

// extraColumns lists the columns of the line of names that nginx itself does
// not have.
func extraColumns(page string) []string {
	for line := range strings.Lines(page) {
		if names := strings.Fields(line); len(names) > 1 && names[0] == "server" {
			return slices.DeleteFunc(names[1:], func(name string) bool {
				return slices.Contains([]string{"accepts", "handled", "requests"}, name)
			})
		}
	}
	return nil
}
