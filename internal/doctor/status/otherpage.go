package status

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"nginx-exporter/internal/doctor"
)

// Status pages that the exporter does not read, recognized by the beginning of the
// response.

// otherPage is the finding for a page that the exporter does not read: the status
// page of the same server or machine if there is one, else what to do.
func (o *observation) otherPage(message string, fix ...string) *doctor.Finding {
	for _, search := range []func() *alternative{o.otherPath, o.otherServer} {
		if other := search(); other != nil {
			return o.found(message, other)
		}
	}
	return &doctor.Finding{Message: message, Evidence: []doctor.Evidence{o.bodyEvidence()}, Fix: fix}
}

// stubStatusFix is the fix where nginx has stub_status beside another page.
func (o *observation) stubStatusFix() string {
	return "add a status page to nginx, printed by: " + o.newServerCommand()
}

func (o *observation) plusOldStatus() *doctor.Finding {
	if keys := o.topLevelKeys(); !containsAll(keys, "version", "nginx_version", "address") {
		return nil
	}
	return o.otherPage("The target is the status module of NGINX Plus, which the API has replaced.",
		"use NGINX Plus R13 or later, add \"location /api { api; }\" to the server, and set the target to the path /api",
		"the whole server is printed by: nginx-exporter snippet nginx-plus")
}

func (o *observation) phpFPMPage() *doctor.Finding {
	isText := regexp.MustCompile(`(?m)^process manager: +(static|dynamic|ondemand)$`).MatchString(strings.ReplaceAll(o.body(), "\r", ""))
	isJSON := containsAll(o.topLevelKeys(), "pool", "process manager")
	if !isText && !isJSON && !strings.Contains(o.body(), "<title>PHP-FPM Status Page</title>") {
		return nil
	}
	return o.otherPage("The target is the status page of PHP-FPM, not of nginx.", o.stubStatusFix())
}

func (o *observation) unitAPI() *doctor.Finding {
	keys := o.topLevelKeys()
	if !o.serverIs("Unit") && !containsAll(keys, "certificates", "config") && !containsAll(keys, "connections", "requests", "applications") {
		return nil
	}
	return o.otherPage("The target is NGINX Unit, which has no stub_status; the exporter does not read its control API.",
		"set the target to the status page of an nginx in front of Unit")
}

// serverIs reports whether the Server header names a product.
func (r *response) serverIs(product string) bool {
	return r.http != nil && (r.http.Header.Get("Server") == product || strings.HasPrefix(r.http.Header.Get("Server"), product+"/"))
}

// topLevelKeys lists the keys of the JSON object in the response, as far as it was
// read: a response can be longer. It is empty for anything else.
func (r *response) topLevelKeys() []string {
	if r.http == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(r.http.Body))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil
	}
	var keys []string
	for d.More() {
		token, err := d.Token()
		key, isKey := token.(string)
		if err != nil || !isKey {
			break
		}
		keys = append(keys, key)
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			break
		}
	}
	return keys
}

func containsAll(keys []string, wanted ...string) bool {
	return !slices.ContainsFunc(wanted, func(key string) bool { return !slices.Contains(keys, key) })
}
