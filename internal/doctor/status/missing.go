package status

import (
	"fmt"
	"slices"
	"strings"

	"nginx-exporter/internal/doctor"
)

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
		"correct it, then run: "+reloadNginx)
}

// unusedLocation is the status page that is configured at the target although nginx
// does not serve it; nil if none is configured.
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
		"add \"listen "+l.shadowedBy+";\" to the status server, or give it another port; then run: "+reloadNginx)
}

func (o *observation) otherServerName() *doctor.Finding {
	l := o.unusedLocation()
	if l == nil || o.http == nil || l.listen.Default || l.host() != "" {
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
		"run: "+reloadNginx, "or, if systemd runs nginx: systemctl reload-or-restart nginx")
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
