// Package adapter tests the commands by which the rule is added to a prometheus-adapter that has rules of others.
package adapter

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const (
	readme = "../../../examples/kubernetes/hpa-adapter/README.md"
	// As "helm get values" prints them.
	twoRules = `metricsRelistInterval: 30s
prometheus:
  port: 9090
  url: http://prometheus.monitoring.svc
replicas: 2
rules:
  custom:
  - metricsQuery: sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)
    name:
      as: queue_jobs_per_second
      matches: ^queue_jobs_total$
    resources:
      template: <<.Resource>>
    seriesFilters:
    - isNot: ^queue_jobs_lost_total$
    - isNot: ^queue_jobs_late_total$
    seriesQuery: queue_jobs_total{namespace!=""}
  - metricsQuery: |
      sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
    seriesQuery: worker_busy{namespace!=""}
  default: false
tolerations:
- key: custom
`
	rule = `{"metricsQuery":"sum by (<<.GroupBy>>) (rate(<<.Series>>{<<.LabelMatchers>>,a=\"b\"}[20s]))","seriesQuery":"nginx_http_requests_total{pod!=\"\"}"}`
)

// TestHelm runs the commands for an adapter installed by Helm. The new release must have all values of the old one and one rule more.
func TestHelm(t *testing.T) {
	for name, values := range map[string]string{
		"rules of others":  twoRules,
		"no values":        "null\n",
		"no custom rules":  "replicas: 3\nrules:\n  default: true\n",
		"an empty list":    "rules:\n  custom: []\n  default: true\n",
		"external rules":   "rules:\n  custom:\n  - seriesQuery: a\n  external:\n  - seriesQuery: b\n  - seriesQuery: c\n",
		"a map of our own": "custom:\n- a\nrules:\n  custom:\n  - seriesQuery: a\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "values", values)
			run(t, dir, "Installed by Helm")
			got, want := map[string]any{}, map[string]any{}
			decode(t, read(t, dir, "upgraded"), &got)
			decode(t, helm(t, "template", "prometheus-adapter", "testdata/chart", "--values", filepath.Join(dir, "values")), &want)
			if version := strings.TrimSpace(read(t, dir, "version")); version != "5.3.0" {
				t.Errorf("the chart is upgraded to version %q", version)
			}
			appendRule(t, want["rules"].(map[string]any), "custom")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the new release has the values\n%v\nwant\n%v", got, want)
			}
		})
	}
}

// TestManifests runs the commands for an adapter installed from manifests. The file must keep its lines and get one more.
func TestManifests(t *testing.T) {
	for name, config := range map[string]string{
		"rules of others": "rules:\n- seriesQuery: 'queue_jobs_total{namespace!=\"\"}' # queue\n  seriesFilters: []\n- seriesQuery: worker_busy\n" +
			"externalRules:\n- seriesQuery: b\n",
		"indented rules": "# ours\nrules:\n    - seriesQuery: a\n      name:\n        as: b\nresourceRules:\n  cpu: {}\n",
		"quoted keys":    "\"resourceRules\":\n  \"cpu\": {}\n\"rules\":\n- \"seriesQuery\": \"a\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "config", config)
			run(t, dir, "Installed from manifests")
			var patch struct{ Data map[string]string }
			if err := json.Unmarshal([]byte(read(t, dir, "patched")), &patch); err != nil {
				t.Fatal(err)
			}
			text := patch.Data["config.yaml"]
			got, want := map[string]any{}, map[string]any{}
			decode(t, text, &got)
			decode(t, config, &want)
			rules := got["rules"].([]any)
			got["rules"] = append(rules[1:], rules[0])
			appendRule(t, want, "rules")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the new file has\n%v\nwant\n%v", got, want)
			}
			if left := strings.Join(regexp.MustCompile(`(?m)^ *- \{"metricsQuery".*\n`).Split(text, 2), ""); left != config {
				t.Errorf("other lines changed:\n%s\nwere\n%s", left, config)
			}
			if log := read(t, dir, "log"); !strings.Contains(log, "rollout restart deployment/prometheus-adapter") {
				t.Errorf("the adapter is not restarted: %s", log)
			}
		})
	}
}

// appendRule adds our rule to a list.
func appendRule(t *testing.T, of map[string]any, key string) {
	t.Helper()
	var ours any
	decode(t, rule, &ours)
	list, _ := of[key].([]any)
	of[key] = append(list, ours)
}

// run runs the commands in a section of the README, with a kubectl and a helm that read and write files in a directory.
func run(t *testing.T, dir, section string) {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)\n### " + section + "\n.*?```sh cluster\n(.*?)```").FindStringSubmatch(string(text))
	if block == nil {
		t.Fatalf("%s has no commands in %q", readme, section)
	}
	fakes, err := filepath.Abs("testdata/fake")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-o", "pipefail", "-c", block[1])
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+fakes+":"+os.Getenv("PATH"), "RULE_JSON="+rule, "HELM="+program(t), "CHART="+filepath.Dir(fakes)+"/chart")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// program returns the helm that "make chart-test" has built.
func program(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../../bin/tools/helm")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func helm(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program(t), args...).Output()
	if err != nil {
		t.Fatalf("helm %v: %v", args, err)
	}
	return string(out)
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
