package hpa

import (
	"strings"
	"testing"
)

func TestSecretsAreHidden(t *testing.T) {
	redact := redactor()
	for _, text := range []string{
		"http://me:s3cret@prometheus:9090/path",
		"http://me:p@s3cret@prometheus:9090", `parse "http://me:hun/s3cret@prometheus:9090": invalid port ":hun" after host`,
		`Get "https://s3cret@mimir.example.com/api": EOF`,
		"Authorization: Bearer s3cret-s3cret",
		"--prometheus-header=Authorization=Basic s3cret==",
		`{"Authorization":"Bearer s3cret.s3cret"}`,
		"bearer s3crets3cret is not known",
		"http://x/metrics?token=s3cret&a=b", "password: s3cret", `"apiKey":"s3cret"`, `{\"password\":\"s3cret\"}`,
		"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzM2NyZXQifQ.s3cret-sig",
	} {
		if got := redact(text); strings.Contains(got, "s3cret") || !strings.Contains(got, "***") {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
	if got := redact("a\u009b31mb\u202ec"); got != "a 31mb c" {
		t.Errorf("it would steer a terminal: %q", got)
	}
	for _, text := range []string{
		`secrets "x" is forbidden`, "--prometheus-token-file=/var/run/token", "registry.example.com/nginx@sha256:0123", "bearer of news",
		"http://prometheus:9090/@x", `sum by (pod) (rate(nginx_http_requests_total{namespace="shop"}[1m]))`,
	} {
		if got := redact(text); got != text {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
}
