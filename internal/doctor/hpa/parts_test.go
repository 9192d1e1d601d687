package hpa

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/doctor"
)

func TestRefusalOf(t *testing.T) {
	tests := []struct{ stderr, reason, message string }{
		{"Error from server (NotFound): the server could not find the requested resource\n", notFound, "the server could not find the requested resource"},
		{
			"Error from server (Forbidden): pods is forbidden: User \"x\" cannot list resource \"pods\"\nin API group \"\"", forbidden,
			`pods is forbidden: User "x" cannot list resource "pods" in API group ""`,
		},
		{"Error from server: no such thing", "", "no such thing"},
		{"E1125 12:00:00.000000 memcache.go:1] x\nError from server (ServiceUnavailable): the server is currently unable to handle the request", unavailable, "the server is currently unable to handle the request"},
		{"error: You must be logged in to the server (Unauthorized)", unauthorized, "error: You must be logged in to the server (Unauthorized)"},
		{"The connection to the server localhost:8080 was refused - did you specify the right host or port?", noContext, ""},
		{`error: context "x" does not exist`, noContext, ""},
		{"The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?", noAnswer, ""},
		{"Unable to connect to the server: dial tcp: lookup x: no such host", noAnswer, ""},
		{"Unable to connect to the server: context deadline exceeded", noAnswer, ""},
		{"Unable to connect to the server: getting credentials: exec: executable gke-gcloud-auth-plugin not found", unauthorized, ""},
	}
	for _, tt := range tests {
		got := refusalOf(tt.stderr)
		if got.reason != tt.reason || tt.message != "" && got.message != tt.message {
			t.Errorf("%q is %+v", tt.stderr, *got)
		}
	}
}

func TestServiceOf(t *testing.T) {
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
		got, inside := serviceOf(tt.address, "here")
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
		if got := duration(text); got != want {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestQuantity(t *testing.T) {
	for text, want := range map[string]float64{"12": 12, "250m": 0.25, "2k": 2000, "1M": 1e6, "x": math.NaN(), "": math.NaN(), "xm": math.NaN()} {
		if got := quantity(text); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
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
		var s selector
		if err := json.Unmarshal([]byte(tt.selector), &s); err != nil {
			t.Fatal(err)
		}
		if s.matches(labels) != tt.matches || s.String() != tt.text {
			t.Errorf("%s is %s and matches: %t", tt.selector, &s, s.matches(labels))
		}
	}
	var none *selector
	if !none.matches(labels) || none.String() != "" {
		t.Error("no selector is no selector of everything")
	}
}

func TestRight(t *testing.T) {
	for message, want := range map[string]string{
		`pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "shop"`:                                                             "list pods in shop",
		`horizontalpodautoscalers.autoscaling is forbidden: User "x" cannot list resource "horizontalpodautoscalers" in API group "autoscaling" in the namespace "a"`: "list horizontalpodautoscalers.autoscaling in a",
		`nodes is forbidden: User "x" cannot get resource "nodes" in API group "" at the cluster scope`:                                                               "get nodes in the whole cluster",
		"something else": "something else",
	} {
		if got := right(message); got != want {
			t.Errorf("%s is %q", message, got)
		}
	}
}

// Every code has a cause, every cause a code, and each is told in sentences.
func TestCauses(t *testing.T) {
	source, err := os.ReadFile("code.go")
	if err != nil {
		t.Fatal(err)
	}
	known := map[doctor.Code]bool{}
	for _, c := range Causes() {
		if known[c.Code] {
			t.Errorf("%s is there twice", c.Code)
		}
		known[c.Code] = true
		for _, text := range []string{c.Symptom, c.Meaning, c.Fix} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q is no sentence", c.Code, text)
			}
		}
	}
	count := 0
	for line := range strings.Lines(string(source)) {
		if _, value, found := strings.Cut(line, "doctor.Code = "); found {
			count++
			if code := strings.Trim(strings.TrimSpace(value), `"`); !known[doctor.Code(code)] {
				t.Errorf("%s has no cause", code)
			}
		}
	}
	if count != len(known) {
		t.Errorf("%d codes and %d causes", count, len(known))
	}
}

// A kubectl that is not there, or says nothing useful, is told of.
func TestProcess(t *testing.T) {
	folder := t.TempDir()
	script := func(name, text string) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
		return file
	}
	tests := []struct{ kubectl, reason, out string }{
		{filepath.Join(folder, "none"), noKubectl, ""},
		{script("silent", "exit 3"), noKubectl, ""},
		{script("fine", `echo "$@"`), "", "get --raw /x --as=me\n"},
		{script("gone", "echo 'Error from server (NotFound): no' >&2; exit 1"), notFound, ""},
	}
	for _, tt := range tests {
		c := cluster{run: process(tt.kubectl), known: map[string]answer{}, args: []string{"--as=you"}}
		var text string
		err := c.getAs(t.Context(), "me", "/x", &text)
		if reasonOf(err) != tt.reason || text != tt.out {
			t.Errorf("%s: %q, %v", tt.kubectl, text, err)
		}
	}
}
