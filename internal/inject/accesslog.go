package inject

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/sidecar"
	"nginx-exporter/internal/snippet"
)

// logFile sorts before other files, whose servers may then use its log_format.
const logFile = "00-nginx-exporter-log.conf"

// accessLog returns the configuration of the access log, for a container in which its directory is free.
func (p *pod) accessLog(nginx *yaml.Node) (string, error) {
	if at, volume := p.coveredBy(nginx, sidecar.SpoolDir); at != "" {
		return "", fmt.Errorf("container %s mounts volume %s at %s", str(get(nginx, "name")), volume, at)
	}
	text, err := snippet.AccessLog()
	return "# Access log of nginx, for the exporter in the same pod.\n" + text, err
}

// byHand says what is missing in a pod whose nginx does not get the configuration of the access log.
func byHand(err error) string {
	var place *placeError
	problem := err.Error()
	if errors.As(err, &place) {
		problem = place.problem
	}
	return "warning: nothing is logged until http {} of nginx has what nginx-exporter snippet access-log prints: " + problem
}

// logNotes returns what an operator should know about the access log.
func (in *Input) logNotes(o *object, opts *Options) (notes []string) {
	if !opts.AccessLog {
		return nil
	}
	if !opts.IsNative() && !opts.OpenShift {
		notes = append(notes, "warning: nginx may start before an ordinary container and create the access log with mode 0644, so that its "+
			"disk space is not given back; use --native=auto")
	}
	var servers []string
	for _, nginx := range o.pod.nginx(opts.Container) {
		for name, file := range in.mountedConfs(o, nginx) {
			if file.logOff {
				notes = append(notes, "warning: access_log off in http {} of ConfigMap "+name+" disables the added access log, too; remove it")
			}
			for _, server := range file.ownLogs {
				servers = append(servers, server+" of ConfigMap "+name)
			}
		}
	}
	slices.Sort(servers)
	if servers = slices.Compact(servers); len(servers) > 0 {
		notes = append(notes, "warning: servers with an access_log of their own ignore that of http {}; add \"access_log "+sidecar.SpoolFile+
			" nginx_exporter buffer=64k flush=1s;\" to "+few(servers))
	}
	slices.Sort(notes)
	return slices.Compact(notes)
}

// few lists names, not all of a long list.
func few(names []string) string {
	const most = 10
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}
