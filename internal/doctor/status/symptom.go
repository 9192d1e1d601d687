package status

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

// symptom is what the response shows by itself. It is reported if no judge finds the
// cause.
type symptom struct {
	code     doctor.Code
	problem  string // without a full stop
	evidence []doctor.Evidence
	fix      []string
}

// unknownSymptom is the code if the response is not that of a missing status
// page.
const unknownSymptom = "status-unknown"

// describe returns the symptom of a target that cannot be read.
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
		if o.code() == http.StatusServiceUnavailable {
			fix = append(fix, "or exempt the status location from limit_req and limit_conn")
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

// onlySymptom is the finding if no judge finds the cause. The status page may still
// be at another path of the same server.
func (o *observation) onlySymptom() doctor.Finding {
	s := o.symptom()
	f := &doctor.Finding{Message: s.problem + ".", Evidence: s.evidence, Fix: s.fix}
	if s.code != unknownSymptom {
		if other := o.otherPath(); other != nil {
			f = o.found(s.problem+"; the status page is at "+other.target().Path()+".", other)
		} else if nginx := o.localNginx(); nginx != nil && nginx.denied {
			f.Fix = append(f.Fix, "or run doctor as root, so that it can read the configuration of nginx")
		}
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
