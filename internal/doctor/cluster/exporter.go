package cluster

import (
	"regexp"
	"strings"
)

// Page is what the exposition of an exporter says of its nginx.
type Page struct {
	Up      bool     // of every nginx
	HasUp   bool     // there is nginx_up at all
	Reasons []string // "3 times refused": failed scrapes of nginx so far
}

// Page reads the exposition of an exporter, over TLS if that is what it expects.
func (o *Observation) Page(e *Exporter) (Page, error) {
	key := e.Pod.Metadata.Name
	page, found := o.pages[key]
	if !found {
		f := lazy(func() (Page, error) { return o.readPage(e) })
		page = &f
		o.pages[key] = page
	}
	return page.Get()
}

func (o *Observation) readPage(e *Exporter) (Page, error) {
	text, err := o.ExporterResponse(e, "http", e.Path)
	if ReasonOf(err) == BadRequest || err != nil && strings.Contains(err.Error(), "malformed HTTP") {
		text, err = o.ExporterResponse(e, "https", e.Path)
	}
	if err != nil {
		return Page{}, err
	}
	return parsePage(text), nil
}

func parsePage(text string) (p Page) {
	reason := regexp.MustCompile(`^nginx_exporter_scrape_errors_total\{.*reason="([a-z_]+)".*\} ([0-9.e+]+)$`)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, _, _ := strings.Cut(line, " ")
		name, _, _ = strings.Cut(name, "{")
		switch name {
		case "nginx_up", "nginxplus_up":
			p.Up = (p.Up || !p.HasUp) && strings.HasSuffix(line, " 1")
			p.HasUp = true
		case "nginx_exporter_scrape_errors_total":
			if m := reason.FindStringSubmatch(line); m != nil && m[2] != "0" {
				p.Reasons = append(p.Reasons, m[2]+" times "+m[1])
			}
		}
	}
	return p
}

// isErrorLine reports lines of errors: of klog, of our own log, and of programs
// that end.
func isErrorLine(line string) bool {
	return regexp.MustCompile(`^[EF][0-9]{4} |level=(error|warn)|(?i)\b(error|fatal|panic|emerg)\b`).MatchString(line)
}
