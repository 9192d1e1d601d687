package hpa

import (
	"regexp"
	"strings"

	"nginx-exporter/internal/doctor"
)

// blind is a link that cannot be looked at, for the reason that the error is.
func blind(what string, err error) doctor.Step {
	return sightless("cannot look at "+what, unseen(err))
}

// unseen says why something cannot be looked at.
func unseen(err error) *doctor.Finding {
	switch reasonOf(err) {
	case noKubectl:
		return mend(seen(found(codeKubectl, "kubectl cannot be run"), "it says", "%s", err),
			"install kubectl, or name it with --kubectl=PATH")
	case noContext:
		return mend(mend(seen(found(codeContext, "kubectl has no cluster to talk to"), "it says", "%s", err),
			"kubectl config get-contexts"), "choose one with --context=NAME, or a file with --kubeconfig=FILE")
	case unauthorized:
		return mend(seen(found(codeUnauthorized, "the API server does not know who you are"), "it says", "%s", err),
			"log in again; kubectl auth whoami must work")
	case forbidden:
		return lacking(err)
	case noAnswer:
		return mend(seen(found(codeUnreachable, "the API server cannot be reached"), "it says", "%s", err),
			"kubectl version must work")
	}
	return seen(found(codeUnknown, "the API server does not give what was asked for"), "it says", "%s", err)
}

// lacking names the right that the user lacks.
func lacking(err error) *doctor.Finding {
	if strings.Contains(err.Error(), "cannot impersonate") {
		f := found(codeForbidden, "you may not ask in the name of the HPA controller, which may see less than you do")
		return mend(seen(f, "it says", "%s", err), "ask for the right to impersonate the service account horizontal-pod-autoscaler in kube-system")
	}
	f := seen(found(codeForbidden, "you lack a right: %s", right(err.Error())), "it says", "%s", err)
	return mend(f, "ask for it, or look as somebody who has it, with --as=USER or --context=NAME")
}

// right is "list pods in shop" of what Kubernetes says about it.
func right(message string) string {
	m := regexp.MustCompile(`cannot (\w+) resource "([^"]+)"(?: in API group "([^"]*)")?(?: in the namespace "([^"]*)")?`).FindStringSubmatch(message)
	if m == nil {
		return message
	}
	text := m[1] + " " + m[2]
	if m[3] != "" {
		text += "." + m[3]
	}
	if m[4] != "" {
		return text + " in " + m[4]
	}
	return text + " in the whole cluster"
}
