package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/doctor/cluster"
	"nginx-exporter/internal/snippet"
)

const (
	// metricName is the metric of the rule; otherName is for an adapter that has a metric of
	// that name from other series.
	metricName = "nginx_http_requests_per_second"
	otherName  = "nginx_exporter_http_requests_per_second"
	counter    = "nginx_http_requests_total"

	// rulesAnnotation restarts an adapter, which reads its rules only at the start.
	rulesAnnotation = "nginx-exporter/rules"

	ruleBegin = "# nginx-exporter autoscale: begin"
	ruleEnd   = "# nginx-exporter autoscale: end"
)

// metricsServer is what serves custom metrics.
type metricsServer struct {
	api        *cluster.APIService // nil if there is none
	adapter    *cluster.Adapter
	isAdapter  bool // it is prometheus-adapter
	ours       bool // this program installed it
	servesRule bool // a rule makes the metric of our counter
	ruleWindow time.Duration
	metric     string // the name for the HPA
}

// observeMetrics finds what serves custom metrics.
func (s *site) observeMetrics() {
	m := &s.metrics
	m.metric = metricName
	m.api = s.CustomAPI.Value()
	if m.api == nil {
		return
	}
	m.adapter = s.Adapter.Value()
	m.isAdapter = !cluster.HasOwnMetrics(m.api.Spec.Service.Name) && m.adapter.Deployment != nil
	m.ours = isOurs(&m.api.Metadata)
	for _, r := range m.adapter.Rules {
		if r.MetricOf(counter) == metricName {
			m.servesRule, m.ruleWindow = true, cluster.Window(r.MetricsQuery)
			return
		}
		if r.Name.As == metricName {
			m.metric = otherName
		}
	}
	for _, r := range m.adapter.Rules {
		if m.metric == otherName && r.MetricOf(counter) == otherName {
			m.servesRule, m.ruleWindow = true, cluster.Window(r.MetricsQuery)
		}
	}
}

// name is the adapter as NAMESPACE/NAME.
func (m *metricsServer) name() string {
	if m.isAdapter {
		return "prometheus-adapter " + m.adapter.Namespace + "/" + m.adapter.Deployment.Metadata.Name
	}
	return "Service " + m.owner()
}

func (m *metricsServer) owner() string { return m.api.Owner() }

// rulesOwner is what manages the rules: the ConfigMap, which may not be part of the release
// of the adapter.
func (m *metricsServer) rulesOwner() cluster.Manager {
	if m.adapter.ConfigMap == nil {
		return m.adapter.Deployment.Metadata.Manager()
	}
	return m.adapter.ConfigMap.Metadata.Manager()
}

// needsOwner reports whether a rule cannot be added here: a tool would revert it.
func (m *metricsServer) needsOwner() bool {
	owner := m.rulesOwner()
	return m.adapter.ConfigMap == nil || owner.IsGitOps() || owner.Tool == cluster.Helm
}

func (m *metricsServer) fact(s *site) string {
	var all []string
	switch {
	case m.isAdapter:
		text := fmt.Sprintf("%s with %s", m.name(), count(len(m.adapter.Rules), "rule"))
		if owner := m.rulesOwner(); owner.Tool != "" {
			text += ", managed by " + owner.String()
		}
		all = append(all, text)
	case m.api != nil:
		all = append(all, "custom metrics by "+m.owner())
	}
	if s.has(kedaGroup) {
		all = append(all, "KEDA")
	}
	if api := s.ExternalAPI.Value(); api != nil && !strings.Contains(api.Owner(), "keda") {
		all = append(all, "external metrics by "+api.Owner())
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, "; ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// rule is our rule, as an item of a YAML list.
func (s *site) rule() (string, error) {
	text, err := snippet.Text("adapter-rule", map[string][]string{"scrape-interval": {s.scraper.interval.String()}})
	if err != nil {
		return "", err
	}
	_, rules, _ := strings.Cut(text, "\nrules:\n")
	rules = strings.ReplaceAll("\n"+strings.TrimSuffix(rules, "\n"), "\n  ", "\n")
	return strings.ReplaceAll(rules[1:], `"`+metricName+`"`, `"`+s.metrics.metric+`"`), nil
}

// ruleSteps make the adapter serve the metric.
func (s *site) ruleSteps(p *Plan) error {
	m := &s.metrics
	rule, err := s.rule()
	if err != nil {
		return err
	}
	if m.api == nil || m.ours {
		return s.ownAdapterSteps(p, rule)
	}
	rules := Object{"v1", "ConfigMap", m.adapter.Namespace, m.adapter.Deployment.Metadata.Name}
	if m.adapter.ConfigMap != nil {
		rules.Name = m.adapter.ConfigMap.Metadata.Name
	}
	if m.servesRule {
		p.add(Step{Action: Keep, Object: rules, Reason: "a rule makes the metric " + m.metric + " already"})
		return nil
	}
	reason := "it makes the metric " + m.metric + " of the counter; the other rules stay"
	owner := m.rulesOwner()
	item := "rules:\n  " + strings.ReplaceAll(rule, "\n", "\n  ") + "\n"
	switch {
	case owner.Tool == cluster.Helm:
		p.add(s.helmStep(rules, reason, owner, rule))
		return nil
	case m.needsOwner():
		p.add(Step{
			Action: Manual, Object: rules, Reason: fmt.Sprintf("add this rule in the repository of %s, which would revert it here: %s", owner, reason),
			Do: strings.Split(rule, "\n"), values: item,
		})
		return nil
	}
	text, err := insertRule(m.adapter.ConfigMap.Data[m.adapter.RulesKey], rule)
	if err != nil {
		p.add(Step{Action: Manual, Object: rules, Reason: fmt.Sprintf("add this rule to the list: %v", err), Do: strings.Split(rule, "\n"), values: item})
		return nil
	}
	if err := s.changeRules(p, rules, text, reason); err != nil {
		return err
	}
	p.Steps[len(p.Steps)-2].values = item // before the restart
	return nil
}

// ownAdapterSteps install prometheus-adapter. There is one for all workloads.
func (s *site) ownAdapterSteps(p *Plan, rule string) error {
	data := s.data()
	if s.metrics.ours {
		data.Namespace = s.metrics.api.Spec.Service.Namespace
	}
	if s.metrics.servesRule && data.Namespace != s.namespace {
		p.add(Step{Action: Keep, Object: Object{"apps/v1", "Deployment", data.Namespace, adapterName}, Reason: "the adapter of another plan serves the metric already"})
		return nil
	}
	sum := sha256.Sum256([]byte(rule))
	data.Rules, data.RulesHash = rule, hex.EncodeToString(sum[:4])
	data.OpenShift = s.has(cluster.OpenShiftPlatform)
	return s.addTemplated(p, "adapter.yaml", "part of prometheus-adapter, which makes metrics of Prometheus available to HPAs", data)
}

// changeRules replaces the file of the adapter's rules, and restarts the adapter.
func (s *site) changeRules(p *Plan, rules Object, text, reason string) error {
	a := s.metrics.adapter
	before := a.ConfigMap.Data[a.RulesKey]
	file := "/data/" + strings.ReplaceAll(a.RulesKey, "/", "~1")
	patch, err := json.Marshal([]operation{{"test", file, before}, {"replace", file, text}})
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	p.add(Step{Action: Change, Object: rules, Reason: reason, Diff: lineDiff(before, text), patchType: "json", patch: string(patch)},
		s.restartStep(hex.EncodeToString(sum[:4]), "the adapter reads its rules only at the start, so that it restarts once"))
	return nil
}

// restartStep changes an annotation of the adapter's pods; an empty value removes it.
func (s *site) restartStep(value, reason string) Step {
	d := s.metrics.adapter.Deployment
	annotations := map[string]any{rulesAnnotation: nil}
	line := "- " + "        " + rulesAnnotation + ": " + d.Spec.Template.Metadata.Annotations[rulesAnnotation]
	if value != "" {
		annotations[rulesAnnotation] = value
		line = "+ " + "        " + rulesAnnotation + ": " + value
	}
	template := map[string]any{"metadata": map[string]any{"annotations": annotations}}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": template}})
	if err != nil {
		reason = err.Error() // maps of texts can be encoded
	}
	return Step{
		Action: Change, Object: Object{"apps/v1", "Deployment", s.metrics.adapter.Namespace, d.Metadata.Name}, Reason: reason,
		Diff:      []string{"  spec:", "    template:", "      metadata:", "        annotations:", strings.Replace(line, "        ", "          ", 1)},
		patchType: "merge", patch: string(patch),
	}
}

// helmStep appends the rule to the values of the adapter's release. Helm replaces lists, so
// that all rules have to be given.
func (s *site) helmStep(rules Object, reason string, owner cluster.Manager, rule string) Step {
	namespace, release, _ := strings.Cut(owner.Name, "/")
	var one []any
	asJSON := []byte("{}")
	if err := yaml.Unmarshal([]byte(rule), &one); err == nil && len(one) == 1 {
		asJSON, _ = json.Marshal(one[0]) // it was decoded
	}
	line := strings.NewReplacer("\\u003c", "<", "\\u003e", ">").Replace(string(asJSON))
	return Step{
		Action: Manual, Object: rules,
		Reason: fmt.Sprintf("%s owns it: append the rule to rules.custom of its values. %s", owner, upper(reason)),
		Do: []string{
			fmt.Sprintf("helm -n %s get values %s -o yaml >adapter.yaml", namespace, release),
			`rules=$(awk '/^  custom:/ { on = 1; next } /^ ? ?[a-zA-Z]/ { on = 0 } on && /^  - / { n++ } END { print n + 0 }' adapter.yaml)`,
			fmt.Sprintf("helm -n %s upgrade %s prometheus-community/prometheus-adapter --values adapter.yaml \\", namespace, release),
			fmt.Sprintf(`  --version "$(helm -n %s get metadata %s -o yaml | sed -n 's/^version: //p')" \`, namespace, release),
			fmt.Sprintf(`  --set-json "rules.custom[$rules]"='%s'`, strings.ReplaceAll(line, "'", `'\''`)),
		},
		values: "rules:\n  custom:\n    " + strings.ReplaceAll(rule, "\n", "\n    ") + "\n",
	}
}

func upper(sentence string) string { return strings.ToUpper(sentence[:1]) + sentence[1:] }

// insertRule adds a rule as the first of the list, so that the text around it stays as it is.
func insertRule(text, rule string) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	at := slices.IndexFunc(lines, func(line string) bool {
		return regexp.MustCompile(`^"?rules"?:\s*(#.*)?$`).MatchString(strings.TrimRight(line, "\n"))
	})
	if at < 0 {
		return "", errors.New("it is not in block style")
	}
	first := slices.IndexFunc(lines[at+1:], func(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " "), "- ") })
	if first < 0 {
		return "", errors.New("it has no rules")
	}
	item := lines[at+1+first]
	indent := item[:len(item)-len(strings.TrimLeft(item, " "))]
	var block strings.Builder
	for _, line := range append(append([]string{ruleBegin}, strings.Split(rule, "\n")...), ruleEnd) {
		block.WriteString(indent + line + "\n")
	}
	changed := strings.Join(lines[:at+1], "") + block.String() + strings.Join(lines[at+1:], "")
	before, err := cluster.ParseRules(text)
	if err != nil {
		return "", err
	}
	after, err := cluster.ParseRules(changed)
	if err != nil || len(after) != len(before)+1 {
		return "", errors.New("its layout is unusual")
	}
	return changed, nil
}

// lineDiff is the difference of two texts that have one block of lines more or less.
func lineDiff(before, after string) []string {
	b, a := strings.Split(before, "\n"), strings.Split(after, "\n")
	mark, long, short := "+ ", a, b
	if len(b) > len(a) {
		mark, long, short = "- ", b, a
	}
	same := 0
	for same < len(short) && long[same] == short[same] {
		same++
	}
	var lines []string
	for i := max(0, same-1); i < same; i++ {
		lines = append(lines, "  "+long[i])
	}
	for i := same; i < same+len(long)-len(short); i++ {
		lines = append(lines, mark+long[i])
	}
	return lines
}

// cutRule removes what insertRule added; false if it is not there.
func cutRule(text string) (string, bool) {
	lines := strings.SplitAfter(text, "\n")
	is := func(mark string) func(string) bool {
		return func(line string) bool { return strings.TrimSpace(line) == mark }
	}
	from, to := slices.IndexFunc(lines, is(ruleBegin)), slices.IndexFunc(lines, is(ruleEnd))
	if from < 0 || to < from {
		return text, false
	}
	return strings.Join(slices.Delete(lines, from, to+1), ""), true
}
