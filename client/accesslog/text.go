package accesslog

import (
	"fmt"
	"strings"
)

// String returns all values that the line has, such as status=200 method="GET".
func (r *Record) String() string {
	var parts []string
	add := func(field Field, name string, value any) {
		if r.Fields.Has(field) {
			parts = append(parts, fmt.Sprintf("%s=%v", name, value))
		}
	}
	add(FieldStatus, "status", fmt.Sprintf("%03d", r.Status))
	add(FieldMethod, "method", abbreviate(r.Method))
	add(FieldServer, "server", abbreviate(r.Server))
	add(FieldHost, "host", abbreviate(r.Host))
	add(FieldURI, "uri", abbreviate(r.URI))
	add(FieldUserAgent, "agent", abbreviate(r.UserAgent))
	add(FieldRequestTime, "time", r.RequestTime)
	add(FieldBytesIn, "in", r.BytesIn)
	add(FieldBytesOut, "out", r.BytesOut)
	add(FieldCompletion, "completed", r.Completed)
	add(FieldUpstream, "upstream", abbreviate(r.Upstream))
	add(FieldCache, "cache", abbreviate(r.Cache))
	for i := range r.Attempts {
		parts = append(parts, "["+r.Attempts[i].String()+"]")
	}
	return strings.Join(parts, " ")
}

// String returns all values of the attempt, such as group=0 status=200.
func (a *Attempt) String() string {
	parts := []string{fmt.Sprint("group=", a.Group)}
	add := func(field Field, name string, value any) {
		if a.Fields.Has(field) {
			parts = append(parts, fmt.Sprintf("%s=%v", name, value))
		}
	}
	add(FieldAddr, "addr", abbreviate(a.Addr))
	add(FieldCode, "status", fmt.Sprintf("%03d", a.Status))
	add(FieldConnectTime, "connect", a.ConnectTime)
	add(FieldHeaderTime, "header", a.HeaderTime)
	add(FieldResponseTime, "response", a.ResponseTime)
	return strings.Join(parts, " ")
}

// abbreviate quotes a text, and only counts the bytes of a long one.
func abbreviate(text []byte) string {
	const most = 300
	if len(text) > most {
		return fmt.Sprintf("%.20q...(%d bytes)", text, len(text))
	}
	return fmt.Sprintf("%q", text)
}
