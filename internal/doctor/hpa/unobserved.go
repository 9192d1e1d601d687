package hpa

import (
	"regexp"
	"strings"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

// unknown is the code of what cannot be explained.
const unknown doctor.Code = "unknown"

// unobserved is a step that cannot be judged, since a fact could not be observed;
// nil if it could.
func unobserved(what string, err error) *finding {
	if err == nil {
		return nil
	}
	f := reason(err)
	f.state, f.step = doctor.Unknown, "cannot read "+what
	return f
}

// reason says why something could not be observed.
func reason(err error) *finding {
	switch cluster.ReasonOf(err) {
	case cluster.NoKubectl:
		return unchecked("", "kubectl cannot be run.").as("kubectl-missing").evidence("error", "%s", err).
			fix("install kubectl, or set --kubectl=PATH")
	case cluster.NoContext:
		return unchecked("", "kubectl is not configured for a cluster.").as("kubectl-no-context").evidence("error", "%s", err).
			fix("kubectl config get-contexts").
			fix("choose a context with --context=NAME, or a file with --kubeconfig=FILE")
	case cluster.Unauthorized:
		return unchecked("", "The API server rejects the credentials of kubectl.").as("cluster-unauthorized").evidence("error", "%s", err).
			fix("log in again; kubectl auth whoami must work")
	case cluster.Forbidden:
		return forbidden(err)
	case cluster.NoResponse:
		return unchecked("", "The API server cannot be reached.").as("cluster-unreachable").evidence("error", "%s", err).
			fix("check the connection; kubectl version must work")
	}
	return unchecked("", "The API server returned an unexpected error.").as(unknown).evidence("error", "%s", err)
}

// forbidden names the permission that the user lacks.
func forbidden(err error) *finding {
	const code = "right-missing"
	if strings.Contains(err.Error(), "cannot impersonate") {
		return unchecked("", "You do not have permission to impersonate the HPA controller, which may have fewer permissions than you.").as(code).
			evidence("error", "%s", err).
			fix("ask for permission to impersonate the service account horizontal-pod-autoscaler in kube-system")
	}
	return unchecked("", "You do not have permission to %s.", permission(err.Error())).as(code).evidence("error", "%s", err).
		fix("ask for the permission, or run as a user who has it: --as=USER or --context=NAME")
}

// permission is "list pods in namespace shop" of the error of Kubernetes.
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

// unreported is something that a Prometheus does not report, though it responded
// before; nil without an error.
func (d *diagnosis) unreported(what string, err error) *finding {
	if err == nil || cluster.IsClientSide(err) {
		return unobserved(what, err)
	}
	return unchecked("cannot read "+what, "Prometheus at %s does not report %s.", d.Prometheus().Name, what).as(unknown).evidence("error", "%s", err)
}
