package cluster

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestErrorOf(t *testing.T) {
	tests := []struct{ stderr, reason, message string }{
		{"Error from server (NotFound): the server could not find the requested resource\n", NotFound, "the server could not find the requested resource"},
		{
			"Error from server (Forbidden): pods is forbidden: User \"x\" cannot list resource \"pods\"\nin API group \"\"", Forbidden,
			`pods is forbidden: User "x" cannot list resource "pods" in API group ""`,
		},
		{"Error from server: no such thing", "", "no such thing"},
		{"E1125 12:00:00.000000 memcache.go:1] x\nError from server (ServiceUnavailable): the server is currently unable to handle the request", Unavailable, "the server is currently unable to handle the request"},
		{"error: You must be logged in to the server (Unauthorized)", Unauthorized, "error: You must be logged in to the server (Unauthorized)"},
		{"The connection to the server localhost:8080 was refused - did you specify the right host or port?", NoContext, ""},
		{`error: context "x" does not exist`, NoContext, ""},
		{"The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?", NoResponse, ""},
		{"Unable to connect to the server: dial tcp: lookup x: no such host", NoResponse, ""},
		{"Unable to connect to the server: context deadline exceeded", NoResponse, ""},
		{"Unable to connect to the server: getting credentials: exec: executable gke-gcloud-auth-plugin not found", Unauthorized, ""},
	}
	for _, tt := range tests {
		got := ErrorOf(tt.stderr)
		if got.Reason != tt.reason || tt.message != "" && got.Message != tt.message {
			t.Errorf("%q is %+v", tt.stderr, *got)
		}
	}
}

func TestParseService(t *testing.T) {
	tests := []struct {
		address string
		want    string
		inside  bool
	}{
		{"http://prometheus-operated.monitoring.svc:9090", "http://prometheus-operated.monitoring.svc:9090", true},
		{"http://prometheus.monitoring.svc.cluster.local:9090/prom/", "http://prometheus.monitoring.svc:9090/prom", true},
		{"http://prometheus", "http://prometheus.here.svc:80", true},
		{"https://prometheus.monitoring", "https://prometheus.monitoring.svc:443", true},
		{"http://10.0.0.1:9090", "", false},
		{"http://[::1]:9090", "", false},
		{"https://prometheus.example.com", "", false},
		{"ftp://prometheus", "", false},
		{"", "", false},
	}
	for _, tt := range tests {
		got, inside := ParseService(tt.address, "here")
		if inside != tt.inside || inside && got.String() != tt.want {
			t.Errorf("%s is %v, %t", tt.address, got, inside)
		}
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"15s": 15 * time.Second, "1m30s": 90 * time.Second, "500ms": 500 * time.Millisecond, "1d": 24 * time.Hour, "1w": 7 * 24 * time.Hour,
		"": 0, "s": 0, "5": 0, "5x": 0, "1m5": 0,
	} {
		if got := parseDuration(text); got != want {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestSelector(t *testing.T) {
	labels := map[string]string{"app": "web", "tier": "front"}
	tests := []struct {
		selector string
		matches  bool
		text     string
	}{
		{`{}`, true, ""},
		{`{"matchLabels": {"app": "web"}}`, true, "app=web"},
		{`{"matchLabels": {"app": "web", "x": "y"}}`, false, "app=web,x=y"},
		{`{"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]}`, true, "app in (web,api)"},
		{`{"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}`, false, "app notin (web)"},
		{`{"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["web"]}]}`, true, "x notin (web)"},
		{`{"matchExpressions": [{"key": "tier", "operator": "Exists"}]}`, true, "tier"},
		{`{"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}`, false, "!tier"},
		{`{"matchExpressions": [{"key": "tier", "operator": "Odd"}]}`, false, "tier"},
	}
	for _, tt := range tests {
		var s Selector
		if err := json.Unmarshal([]byte(tt.selector), &s); err != nil {
			t.Fatal(err)
		}
		if s.Matches(labels) != tt.matches || s.String() != tt.text {
			t.Errorf("%s is %s and matches: %t", tt.selector, &s, s.Matches(labels))
		}
	}
	var none *Selector
	if !none.Matches(labels) || none.String() != "" {
		t.Error("a nil selector does not select everything")
	}
}

// A kubectl that is missing or fails is reported.
func TestProgram(t *testing.T) {
	folder := t.TempDir()
	script := func(name, text string) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
		return file
	}
	tests := []struct{ kubectl, reason, out string }{
		{filepath.Join(folder, "none"), NoKubectl, ""},
		{script("silent", "exit 3"), NoKubectl, ""},
		{script("fine", `echo "$@"`), "", "get --raw /x --as=me\n"},
		{script("gone", "echo 'Error from server (NotFound): no' >&2; exit 1"), NotFound, ""},
	}
	for _, tt := range tests {
		k := kubectl{run: program(tt.kubectl), responses: map[string]response{}, args: []string{"--as=you"}}
		var text string
		err := k.get(t.Context(), "me", "/x", &text)
		if ReasonOf(err) != tt.reason || text != tt.out {
			t.Errorf("%s: %q, %v", tt.kubectl, text, err)
		}
	}
}
