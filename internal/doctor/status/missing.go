package status

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

// symptom is what the response shows by itself. It is reported if no check
// recognizes the cause.
type symptom struct {
	code     doctor.Code
	problem  string // without a full stop
	evidence []doctor.Evidence
	fix      []string
}

// unknownSymptom is the code if the response is not that of a missing status
// page.
const unknownSymptom = "status-unknown"

func (o *observation) describe() *symptom {
	switch {
	case o.isSocket() && errors.Is(o.err, os.ErrNotExist):
		return &symptom{"socket-missing", "Socket " + o.target().Socket() + " does not exist", nil, []string{
			"add the server to nginx that is printed by: " + o.snippetCommand(), "in a pod, mount the same emptyDir into both containers",
		}}
	case o.isSocket() && errors.Is(o.err, syscall.ECONNREFUSED):
		return o.describeStale()
	case errors.Is(o.err, syscall.ECONNREFUSED):
		return &symptom{"nginx-refused", "Nothing is listening on " + o.hostPort(), o.listeningEvidence(), []string{
			"start nginx with the status server printed by: " + o.snippetCommand(),
		}}
	case o.malformed():
		return &symptom{"not-http", "The server at " + o.hostPort() + " does not speak HTTP", nil, []string{
			"correct the port in the target: another program, or a stream server of nginx, listens on this one",
		}}
	case o.http != nil:
		return o.describeHTTP()
	}
	return o.describeUnknown()
}

// describeHTTP describes a response that is not a status page.
func (o *observation) describeHTTP() *symptom {
	fix := []string{
		"find stub_status in the configuration of nginx: nginx -T | grep -B3 stub_status",
		"or add the server printed by: " + o.newServerCommand(),
	}
	quoted := []doctor.Evidence{o.bodyEvidence()}
	body, success := strings.TrimSpace(o.body()), o.code() == http.StatusOK || o.code() == http.StatusNoContent
	switch {
	case o.code() == http.StatusNotFound, o.code() == http.StatusGone, o.code() == http.StatusForbidden:
		return &symptom{
			"status-path", fmt.Sprintf("There is no status page at %s (HTTP status %d)", o.path(), o.code()),
			[]doctor.Evidence{{Name: "tried", Value: join(usualPaths())}},
			fix,
		}
	case o.code() >= http.StatusInternalServerError:
		fix = []string{"check the error log of nginx: tail /var/log/nginx/error.log"}
		if o.code() != http.StatusInternalServerError {
			fix = append(fix, "use another path if this location passes requests on: a status page needs no upstream")
		}
		return &symptom{"nginx-error", fmt.Sprintf("nginx responds with an error, %d %s", o.code(), http.StatusText(o.code())), nil, fix}
	case !success:
		return o.describeUnknown()
	case body == "":
		return &symptom{"status-empty", "The response at " + o.path() + " is empty", nil, fix}
	case strings.HasPrefix(body, "<"):
		return &symptom{"status-html", "The response at " + o.path() + " is a web page, not the status page", quoted, fix}
	}
	return &symptom{"status-other", "The response at " + o.path() + " is not a status page", quoted, fix}
}

func (o *observation) describeStale() *symptom {
	path := o.target().Socket()
	s := &symptom{code: "socket-stale", problem: "Nothing is listening on socket " + path, fix: []string{
		"start nginx; if it reports that the address is in use, remove the socket first: rm " + path,
	}}
	if info, err := os.Stat(path); err == nil {
		s.evidence = []doctor.Evidence{{Name: "socket created", Value: info.ModTime().UTC().Format(time.RFC3339)}}
	}
	return s
}

// listeningEvidence lists the addresses on which other programs of this machine
// listen.
func (o *observation) listeningEvidence() []doctor.Evidence {
	others, known := o.otherListeners()
	if !known || !o.isLocal() {
		return nil
	}
	addresses := "none"
	if len(others) > 0 {
		addresses = join(others)
	}
	return []doctor.Evidence{{Name: "listening addresses", Value: addresses}}
}

func (o *observation) describeUnknown() *symptom {
	s := &symptom{code: unknownSymptom, problem: "Unknown problem: " + o.summary(), evidence: []doctor.Evidence{o.errorEvidence()}}
	if o.http != nil {
		s.evidence = append(s.evidence, o.bodyEvidence())
	}
	if advice := client.AdviceOf(o.err); advice != "" {
		s.fix = []string{advice}
	}
	return s
}

// onlySymptom is the finding if no check recognizes the cause. The status page
// may still be at another path of the same server.
func (o *observation) onlySymptom() doctor.Finding {
	s := o.symptom()
	f := &doctor.Finding{Message: s.problem + ".", Evidence: s.evidence, Fix: s.fix}
	if other := o.otherPath(); s.code != unknownSymptom && other != nil {
		f = o.found(s.problem+"; the status page is at "+other.target().Path()+".", other)
	} else if nginx := o.localNginx(); nginx != nil && nginx.denied {
		f.Fix = append(f.Fix, "or run doctor as root, so that it can read the configuration of nginx")
	}
	f.Code = s.code
	return *f
}

// absent returns the problem if there is no status page at the target and none
// at another path of the same server, else nothing.
func (o *observation) absent() string {
	if o.symptom().code == unknownSymptom || o.otherPath() != nil {
		return ""
	}
	return o.symptom().problem
}

func (o *observation) listenAddress() *doctor.Finding {
	if o.absent() == "" || o.otherAddress() == nil {
		return nil
	}
	other := o.otherAddress()
	return o.found(fmt.Sprintf("nginx serves its status page on address %s, not on %s.", other.target().Host(), o.target().Host()), other)
}

func (o *observation) statusElsewhere() *doctor.Finding {
	problem := o.absent()
	if problem == "" || o.otherServer() == nil {
		return nil
	}
	other := o.otherServer()
	return o.found(fmt.Sprintf("%s; nginx serves its status page at %s.", problem, other.target()), other)
}

// fromConfig is a finding from the configuration of nginx.
func (o *observation) fromConfig(detail string, evidence []doctor.Evidence, fix ...string) *doctor.Finding {
	return &doctor.Finding{
		Message:  o.symptom().problem + detail,
		Evidence: append([]doctor.Evidence{{Name: "nginx binary", Value: o.nginx().path}}, evidence...),
		Fix:      fix,
	}
}

// absentNginx is the nginx binary of this machine where there is no status page
// at the target, else nil.
func (o *observation) absentNginx() *nginxBinary {
	if o.absent() == "" {
		return nil
	}
	return o.localNginx()
}

func (o *observation) moduleMissing() *doctor.Finding {
	nginx := o.absentNginx()
	if nginx == nil {
		return nil
	}
	rejected := strings.HasPrefix(nginx.configError, `unknown directive "stub_status"`)
	plus := slices.ContainsFunc(nginx.locations, func(l location) bool { return l.plus })
	if !rejected && (!nginx.hasBuild || nginx.hasModule || plus) {
		return nil
	}
	return o.fromConfig("; this nginx was built without stub_status.",
		[]doctor.Evidence{{Name: "nginx -V", Value: "no --with-http_stub_status_module"}},
		"install the nginx of your distribution or of nginx.org, or build it with --with-http_stub_status_module")
}

func (o *observation) nginxConfigBroken() *doctor.Finding {
	nginx := o.absentNginx()
	if nginx == nil || nginx.configError == "" {
		return nil
	}
	return o.fromConfig("; nginx rejects its configuration, so that it neither starts nor reloads.",
		[]doctor.Evidence{{Name: "nginx -T", Value: nginx.configError}},
		"correct it, then run: nginx -t && nginx -s reload")
}

// unusedLocation is the status page that the configuration of nginx has at the
// target, although there is none; nil if there is none in the configuration.
func (o *observation) unusedLocation() *location {
	if o.absentNginx() == nil {
		return nil
	}
	return o.configuredHere()
}

func (o *observation) listenShadowed() *doctor.Finding {
	l := o.unusedLocation()
	if l == nil || o.http == nil || l.shadowedBy == "" {
		return nil
	}
	return o.fromConfig(fmt.Sprintf("; the status server listens on %s, but another server listens on %s and takes precedence.", l.listen, l.shadowedBy),
		configuredIn(l),
		"add \"listen "+l.shadowedBy+";\" to the status server, or give it another port; then run: nginx -t && nginx -s reload")
}

func (o *observation) otherServerName() *doctor.Finding {
	l := o.unusedLocation()
	if l == nil || o.http == nil || l.listen.isDefault || l.host() != "" {
		return nil
	}
	return o.fromConfig("; the status page belongs to a server with another name: "+truncate(strings.Join(l.names, " "))+".",
		configuredIn(l),
		"set "+o.setting("--nginx.host-header=NAME", "host: NAME")+", with a name that matches, or serve the status page from a server of its own")
}

func (o *observation) nginxNotReloaded() *doctor.Finding {
	l := o.unusedLocation()
	if l == nil {
		return nil
	}
	return o.fromConfig("; the configuration of nginx has a status page there, but nginx has not loaded it.",
		configuredIn(l),
		"run: nginx -s reload", "or, if nginx is not running: systemctl start nginx")
}

func (o *observation) statusNotConfigured() *doctor.Finding {
	nginx := o.absentNginx()
	if nginx == nil || !nginx.hasConfig || len(nginx.locations) > 0 {
		return nil
	}
	return o.fromConfig(", and nginx has no stub_status location configured.", nil, o.snippetText()...)
}

func configuredIn(l *location) []doctor.Evidence {
	return []doctor.Evidence{{Name: "configured in", Value: l.file}}
}

// podNetwork recognizes a pod in which no program but the exporter listens.
func (o *observation) podNetwork() *doctor.Finding {
	s := o.symptom()
	if others, known := o.otherListeners(); s.code != "nginx-refused" || !o.inPod() || !o.isLocal() || !known || len(others) > 0 {
		return nil
	}
	return &doctor.Finding{
		Message: s.problem + ", nor on any other port of this pod: nginx is not up yet, or runs in another pod.",
		Fix: []string{
			"run the exporter in the pod of nginx, as nginx-exporter inject sets it up, with the same hostNetwork for both",
			"if both are in one pod, check the container of nginx: kubectl logs POD -c nginx",
		},
	}
}
