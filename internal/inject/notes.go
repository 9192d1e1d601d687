package inject

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"nginx-exporter/internal/sidecar"
)

// notes returns what an operator should know about an injected object. Empty ones do not count.
func (in *Input) notes(o *object, opts *Options) (notes []string) {
	running := o.pod.nginx(opts.Container)
	if len(running) > 1 {
		notes = append(notes, fmt.Sprintf("%d containers run nginx; the sidecar scrapes only %s", len(running), opts.ScrapeURI))
	}
	if len(running) > 0 && idleCommand(running[0]) != "" {
		notes = append(notes, fmt.Sprintf("warning: container %s does not run nginx, but %s", str(get(running[0], "name")), idleCommand(running[0])))
	}
	notes = append(notes, o.pod.hiddenBy(opts), in.pageNote(o, opts), in.openShiftNote(o, opts), in.replicasNote(o))
	notes = append(notes, in.logNotes(o, opts)...)
	notes = append(notes, in.meshNotes(o, opts)...)
	if !opts.IsNative() && slices.Contains([]string{"Job", "CronJob", "ScaledJob"}, o.kind) {
		notes = append(notes, "warning: an ordinary container keeps the Job from completing; use --native=auto")
	}
	return notes
}

// openShiftNote warns if the input is for OpenShift, but the sidecar is not.
func (in *Input) openShiftNote(o *object, opts *Options) string {
	if opts.OpenShift || !in.openShift && !strings.HasSuffix(o.group, "openshift.io") {
		return ""
	}
	return "warning: OpenShift's restricted-v2 refuses the user 65532 of the sidecar; use --openshift"
}

// pageNote says how nginx gets the status page that the sidecar scrapes, if nothing in the input shows that it has one.
func (in *Input) pageNote(o *object, opts *Options) string {
	if opts.StatusConfig || opts.ScrapeURI != sidecar.Defaults("").ScrapeURI || named(get(o.pod.spec, "volumes"), statusVolume) != nil {
		return ""
	}
	var pages []string
	for _, nginx := range o.pod.nginx(opts.Container) {
		pages = append(pages, in.pages(o, nginx)...)
	}
	switch {
	case slices.Contains(pages, opts.ScrapeURI):
		return ""
	case len(pages) > 0:
		return "warning: nginx has its status page at another address; use --scrape-uri=" + pages[0]
	}
	return "nginx has to serve " + opts.ScrapeURI + " itself; --status-config adds a status server"
}

// hiddenBy warns if the status server would receive requests meant for nginx: an image listens on the port on all addresses,
// and a server for the loopback address takes precedence there.
func (p *pod) hiddenBy(opts *Options) string {
	u, err := url.Parse(opts.ScrapeURI)
	if err != nil || !opts.StatusConfig {
		return ""
	}
	for _, nginx := range p.nginx(opts.Container) {
		if f, _ := familyOf(str(get(nginx, "image"))); f.port != "" && f.port == u.Port() {
			return "warning: the image listens on port " + f.port + ", which on loopback will serve the status page only; choose another port with --scrape-uri"
		}
	}
	return ""
}
