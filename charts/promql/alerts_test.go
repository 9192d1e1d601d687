package promql

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "rewrite docs/alerts.md and mixin/rules")

// TestAlerts checks what the expression does not show.
func TestAlerts(t *testing.T) {
	names := map[string]bool{}
	for _, f := range ruleFiles(t) {
		for _, r := range f.rules() {
			if r.Alert == "" {
				continue
			}
			if names[r.Alert] {
				t.Errorf("%s exists twice", r.Alert)
			}
			names[r.Alert] = true
			for _, problem := range alertProblems(r) {
				t.Errorf("%s: %s", r.Alert, problem)
			}
		}
	}
	if len(names) < 30 {
		t.Errorf("%d alerts", len(names))
	}
}

// alertProblems returns what is wrong with an alert beside its expression.
func alertProblems(r rule) []string {
	var problems []string
	add := func(wrong bool, problem string) {
		if wrong {
			problems = append(problems, problem)
		}
	}
	summary, description := r.Annotations["summary"], r.Annotations["description"]
	add(!slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]), "severity is not critical, warning or info")
	add(!strings.HasSuffix(summary, ".") || strings.Contains(summary, "{{"), "summary is not a sentence without values")
	add(!strings.HasSuffix(description, ".") || !strings.Contains(description, "{{ $value"), "description is not a sentence with the value")
	add(!strings.Contains(description, "$labels."), "description does not name the object")
	add(r.Annotations["runbook_url"] != "docs/alerts.md#"+strings.ToLower(r.Alert), "runbook_url is not that of the alert")
	// Functions over a range of time keep an alert from firing at once.
	add(r.For == "" && !ranges.MatchString(r.Expr), "neither for nor a range")
	return problems
}

// TestMistakesOfAlerts proves that each of these is found.
func TestMistakesOfAlerts(t *testing.T) {
	alert := func(change func(*rule)) rule {
		r := rule{
			Alert: "NginxDown", Expr: "nginx_up == 0", For: "1m", Labels: map[string]string{"severity": "info"},
			Annotations: map[string]string{
				"summary": "It is down.", "description": "{{ $labels.instance }} is {{ $value }}.", "runbook_url": "docs/alerts.md#nginxdown",
			},
		}
		change(&r)
		return r
	}
	if problems := alertProblems(alert(func(*rule) {})); len(problems) > 0 {
		t.Error(problems)
	}
	for name, change := range map[string]func(*rule){
		"severity":    func(r *rule) { r.Labels["severity"] = "page" },
		"summary":     func(r *rule) { r.Annotations["summary"] = "{{ $value }} is down." },
		"description": func(r *rule) { r.Annotations["description"] = "{{ $labels.instance }} is down." },
		"object":      func(r *rule) { r.Annotations["description"] = "It is {{ $value }}." },
		"runbook":     func(r *rule) { r.Annotations["runbook_url"] = "docs/alerts.md#nginxup" },
		"for":         func(r *rule) { r.For = "" },
	} {
		if problems := alertProblems(alert(change)); len(problems) != 1 {
			t.Errorf("%s: %s", name, problems)
		}
	}
}

// unitTests is a file of tests for promtool.
type unitTests struct {
	RuleFiles []string   `json:"rule_files"`
	Tests     []unitTest `json:"tests"`
}

type unitTest struct {
	Expressions []struct {
		Expr    string `json:"expr"`
		Samples []struct {
			Labels string `json:"labels"`
		} `json:"exp_samples"`
	} `json:"promql_expr_test"`
	Alerts []struct {
		Name   string `json:"alertname"`
		Firing []any  `json:"exp_alerts"`
	} `json:"alert_rule_test"`
}

// coverage is how often the tests expect an alert.
type coverage struct{ silent, firing, texts int }

var firingAlert = regexp.MustCompile(`alertname="(\w+)"`)

// TestAlertsHaveTests requires that promtool's tests see each alert silent, firing twice (before and after a restart), and with
// its texts, and that the recorded run is tested with all rules.
func TestAlertsHaveTests(t *testing.T) {
	covered := map[string]coverage{}
	for _, path := range glob(t, "charts/promql/*.yaml") {
		if filepath.Base(path) == "runbook.yaml" {
			continue
		}
		var f unitTests
		if err := yaml.Unmarshal([]byte(read(t, path)), &f); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if path == "charts/promql/quiet.yaml" && len(f.RuleFiles) != len(ruleFiles(t)) {
			t.Errorf("%s has the rules %s", path, f.RuleFiles)
		}
		for _, test := range f.Tests {
			test.cover(covered)
		}
	}
	for _, f := range ruleFiles(t) {
		for _, r := range f.rules() {
			if c := covered[r.Alert]; r.Alert != "" && (c.firing < 2 || c.silent < 1 || c.texts < 1) {
				t.Errorf("%s: tests see it silent %d times, firing %d times, and its texts %d times", r.Alert, c.silent, c.firing, c.texts)
			}
		}
	}
}

// cover adds what a test expects: times with and without an alert that it sees firing at least once.
func (test unitTest) cover(covered map[string]coverage) {
	firing, checks := map[string]int{}, 0
	for _, expression := range test.Expressions {
		if !strings.Contains(expression.Expr, "ALERTS") {
			continue
		}
		checks++
		seen := map[string]bool{}
		for _, sample := range expression.Samples {
			seen[firingAlert.FindStringSubmatch(sample.Labels)[1]] = true
		}
		for name := range seen {
			firing[name]++
		}
	}
	for name, times := range firing {
		c := covered[name]
		c.firing, c.silent = max(c.firing, times), max(c.silent, checks-times)
		covered[name] = c
	}
	for _, alert := range test.Alerts {
		c := covered[alert.Name]
		c.texts += len(alert.Firing)
		covered[alert.Name] = c
	}
}

// advice is what docs/alerts.md says on an alert, or on several that differ only in their interface.
type advice struct {
	Alerts    []string `json:"alerts"`
	Meaning   string   `json:"meaning"`
	Impact    string   `json:"impact"` // may be empty
	Diagnosis string   `json:"diagnosis"`
	Fix       string   `json:"fix"`
}

const docsBegin, docsEnd = "<!-- alerts:begin -->\n", "<!-- alerts:end -->\n"

// TestDocsAlerts holds docs/alerts.md to the rules and to runbook.yaml.
func TestDocsAlerts(t *testing.T) {
	var runbook []advice
	if err := yaml.UnmarshalStrict([]byte(read(t, "charts/promql/runbook.yaml")), &runbook); err != nil {
		t.Fatal(err)
	}
	text := read(t, "docs/alerts.md")
	head, rest, begun := strings.Cut(text, docsBegin)
	_, tail, ended := strings.Cut(rest, docsEnd)
	if !begun || !ended {
		t.Fatalf("docs/alerts.md has no lines %q and %q", docsBegin, docsEnd)
	}
	alerts := map[string]rule{}
	for _, f := range ruleFiles(t) {
		for _, r := range f.rules() {
			if r.Alert != "" {
				alerts[r.Alert] = r
			}
		}
	}
	var generated strings.Builder
	for _, a := range runbook {
		checkAdvice(t, a)
		var rules []rule
		for _, name := range a.Alerts {
			r, exists := alerts[name]
			if !exists {
				t.Errorf("runbook.yaml has %s, which is not an alert, or twice", name)
			}
			delete(alerts, name)
			rules = append(rules, r)
		}
		generated.WriteString(section(a, rules))
	}
	for name := range alerts {
		t.Errorf("runbook.yaml has no alert %s", name)
	}
	golden(t, "docs/alerts.md", head+docsBegin+generated.String()+docsEnd+tail)
}

var doctorCommand = regexp.MustCompile("`nginx-exporter doctor([^`]*)`")

// checkAdvice requires sentences, and commands of doctor that exist.
func checkAdvice(t *testing.T, a advice) {
	t.Helper()
	for _, text := range []string{a.Meaning, a.Impact + ".", a.Diagnosis, a.Fix} {
		if !strings.HasSuffix(text, ".") {
			t.Errorf("%s: %q is not a sentence", a.Alerts, text)
		}
	}
	for _, command := range doctorCommand.FindAllStringSubmatch(a.Diagnosis, -1) {
		if !slices.Contains([]string{"", " --watch", " hpa NAMESPACE/NAME"}, command[1]) {
			t.Errorf("%s: %s is not a command of doctor", a.Alerts, command[0])
		}
	}
}

// section describes alerts, with a heading for each.
func section(a advice, alerts []rule) string {
	var w strings.Builder
	var severities []string
	for _, r := range alerts {
		fmt.Fprintf(&w, "\n### %s\n", r.Alert)
		severity := r.Labels["severity"]
		if r.For != "" {
			severity += " after " + r.For
		}
		severities = append(severities, severity)
	}
	fmt.Fprintf(&w, "\n*%s:* %s\n\n", strings.Join(slices.Compact(severities), ", "), a.Meaning)
	for _, part := range []struct{ title, text string }{{"Impact", a.Impact}, {"Diagnosis", a.Diagnosis}, {"Fix", a.Fix}} {
		if part.text != "" {
			fmt.Fprintf(&w, "* **%s:** %s\n", part.title, part.text)
		}
	}
	return w.String()
}

// TestMixinRules holds mixin/rules to the rules of the chart, which they are copies of.
func TestMixinRules(t *testing.T) {
	const header = "# Generated from charts/nginx-exporter/rules by \"make chart-docs\". Replace job!=\"\" by the job of the exporter: see mixin/README.md.\n"
	files := ruleFiles(t)
	for _, f := range files {
		golden(t, filepath.Join("mixin/rules", filepath.Base(f.path)), header+read(t, f.path))
	}
	if copies := glob(t, "mixin/rules/*.yaml"); len(copies) != len(files) {
		t.Errorf("mixin/rules has %s", copies)
	}
}

// golden compares a file of the project with its wanted text, or writes it.
func golden(t *testing.T, path, want string) {
	t.Helper()
	file := filepath.Join(root, path)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.Clean(file))
	if err != nil || string(got) != want {
		t.Errorf("%s is not up to date (%v): make chart-docs", path, err)
	}
}
