package hpa

import (
	"regexp"
	"strings"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

// unknown is the code of unexplained problems.
const unknown doctor.Code = "unknown"

// unobserved returns the finding that a fact could not be observed; nil without an error.
func unobserved(what string, err error) *finding {
	if err == nil {
		return nil
	}
	f := reason(err)
	f.state, f.step = doctor.Unknown, "cannot read "+what
	return f
}

// unobservedLocally is unobserved for errors of kubectl and the API server; nil for those
// of servers behind the API server.
func (d *diagnosis) unobservedLocally(what string, err error) *finding {
	if !d.IsLocal(err) {
		return nil
	}
	return unobserved(what, err)
}

// reason returns the finding why something could not be observed.
func reason(err error) *finding {
	f := unchecked("", "The API server returned an unexpected error.").as(unknown)
	switch cluster.ReasonOf(err) {
	case cluster.NoKubectl:
		f = unchecked("", "kubectl cannot be run.").as("kubectl-missing").fix("install kubectl, or set --kubectl=PATH")
	case cluster.NoContext:
		f = unchecked("", "kubectl is not configured for a cluster.").as("kubectl-no-context").
			fix("kubectl config get-contexts").fix("choose a context with --context=NAME, or a file with --kubeconfig=FILE")
	case cluster.Unauthorized:
		f = unchecked("", "The API server rejects the credentials of kubectl.").as("cluster-unauthorized").
			fix("log in again; kubectl auth whoami must work")
	case cluster.Forbidden:
		return forbidden(err)
	case cluster.NoResponse:
		f = unchecked("", "The API server cannot be reached.").as("cluster-unreachable").fix("check the connection; kubectl version must work")
	}
	return f.evidence("error", err)
}

// forbidden returns the finding that the user lacks a permission.
func forbidden(err error) *finding {
	const code = "right-missing"
	if strings.Contains(err.Error(), "cannot impersonate") {
		return unchecked("", "You do not have permission to impersonate the HPA controller, which may have fewer permissions than you.").as(code).
			evidence("error", err).
			fix("ask for permission to impersonate the service account horizontal-pod-autoscaler in kube-system")
	}
	return unchecked("", "You do not have permission to %s.", permission(err.Error())).as(code).evidence("error", err).
		fix("ask for the permission, or run as a user who has it: --as=USER or --context=NAME")
}

// permission extracts the permission from an error of Kubernetes: "list pods in namespace
// shop".
func permission(message string) string {
	m := regexp.MustCompile(`cannot (\w+) resource "([^"]+)"(?: in API group "([^"]*)")?(?: in the namespace "([^"]*)")?`).FindStringSubmatch(message)
	if m == nil {
		return "do this: " + message
	}
	text := m[1] + " " + m[2]
	if m[3] != "" {
		text += "." + m[3]
	}
	if m[4] != "" {
		return text + " in namespace " + m[4]
	}
	return text + " in all namespaces"
}

// unreported returns the finding that Prometheus, which responded before, does not report
// something; nil without an error.
func (d *diagnosis) unreported(what string, err error) *finding {
	if err == nil || cluster.IsClientSide(err) {
		return unobserved(what, err)
	}
	return unchecked("cannot read "+what, "Prometheus at %s does not report %s.", d.Prometheus().Name, what).as(unknown).evidence("error", err)
}
