package hpa

import (
	"slices"
	"strings"

	"nginx-exporter/internal/doctor"
)

// mostRules bounds how many rules are tried: each is a question.
const mostRules = 40

// tried is what a rule makes of the series that there are.
type tried struct {
	rule    *rule
	err     error    // of Prometheus, which does not understand its query
	series  []sample // of ours, or beside them
	names   []string // what the adapter would list
	counter string   // the name among them that is made of the counter of requests
	mapped  bool     // pods can be told apart
	unnamed []string // series that the rule leaves out by their names
}

// plural is the resource that the metric describes, with its group if it has
// one: pods, ingresses.networking.k8s.io.
func (w *walk) plural() string {
	if w.wanted.kind != objectKind {
		return "pods"
	}
	name := strings.ToLower(w.wanted.object.Kind)
	switch {
	case strings.HasSuffix(name, "s"):
		name += "es"
	case strings.HasSuffix(name, "y") && !strings.HasSuffix(name, "ay"):
		name = strings.TrimSuffix(name, "y") + "ies"
	default:
		name += "s"
	}
	if group := w.wanted.object.group(); group != "" {
		name += "." + group
	}
	return name
}

// lookRule tells whether the adapter lists the metric.
func (w *walk) lookRule() doctor.Step {
	if w.wanted.kind == externalKind {
		return nothing()
	}
	var known resources
	err := w.cluster.get(w.ctx, w.apiPath(), &known)
	if reasonOf(err) == forbidden {
		return nothing()
	}
	if err != nil {
		return blind("the list of metrics", err)
	}
	wanted := w.plural() + "/" + w.wanted.name
	var like []string
	w.listed = false
	for _, r := range known.Resources {
		w.listed = w.listed || r.Name == wanted
		if strings.Contains(r.Name, "nginx") || len(known.Resources) < mostRules {
			like = append(like, r.Name)
		}
	}
	if !w.listed {
		return w.notListed(wanted, like, len(known.Resources))
	}
	l := fine("the adapter lists %s", wanted)
	all, _ := w.tryRules()
	return with(l, w.collision(all)...)
}

// tryRules does what the adapter does with each of its rules.
func (w *walk) tryRules() ([]tried, error) {
	a := w.readAdapter()
	if w.prometheus == nil || len(a.rules) == 0 {
		return nil, a.badConfig
	}
	var all []tried
	room := mostRules
	for i := range a.rules {
		// Where there are too many, those that can be for nginx go first.
		r := &a.rules[i]
		if len(a.rules) > mostRules && !strings.Contains(r.SeriesQuery, "nginx") && !strings.HasPrefix(r.SeriesQuery, "{") {
			continue
		}
		if room--; room >= 0 {
			all = append(all, w.try(r))
		}
	}
	return all, nil
}

// try asks Prometheus for what a rule takes of the pods' series. The adapter
// asks for all of its series, which may be millions.
func (w *walk) try(r *rule) tried {
	t := tried{rule: r}
	t.series, t.err = w.prometheus.query(w.ctx, r.ours())
	// What is matched by labels alone may be "up", which has the same.
	t.series = slices.DeleteFunc(t.series, func(s sample) bool { return !strings.HasPrefix(s.Labels["__name__"], "nginx") })
	spaces, err := r.label("namespaces")
	label, err2 := r.label(w.plural())
	for _, s := range t.series {
		series := s.Labels["__name__"]
		if !r.takes(series) {
			t.unnamed = append(t.unnamed, series)
			continue
		}
		name := r.metric(series)
		if !slices.Contains(t.names, name) {
			t.names = append(t.names, name)
		}
		if strings.HasSuffix(series, "_http_requests_total") {
			t.counter = name
		}
		_, hasSpace := s.Labels[spaces]
		_, hasLabel := s.Labels[label]
		t.mapped = t.mapped || err == nil && err2 == nil && hasSpace && hasLabel
	}
	return t
}

// collision finds two rules that make the metric; the last one wins, silently.
func (w *walk) collision(all []tried) []*doctor.Finding {
	var makers []*rule
	for i := range all {
		if slices.Contains(all[i].names, w.wanted.name) && all[i].mapped {
			makers = append(makers, all[i].rule)
		}
	}
	if len(makers) < 2 {
		return nil
	}
	f := found(codeRuleCollision, "%d rules of the adapter make %s; one wins, and no log tells which", len(makers), w.wanted.name)
	for _, r := range makers {
		f = seen(f, "rule", "%s gives %s", r.SeriesQuery, r.MetricsQuery)
	}
	return []*doctor.Finding{w.mendRules(f, "all but one of them, or another name for one")}
}

// notListed tells why a metric is not in the list.
func (w *walk) notListed(wanted string, like []string, count int) doctor.Step {
	says := "the adapter does not list " + wanted
	evidence := func(f *doctor.Finding) *doctor.Finding {
		f = seen(f, "wanted", "%s", wanted)
		return seen(f, "listed", "%s (%d in all)", names(like), count)
	}
	a := w.readAdapter()
	all, err := w.tryRules()
	hidden := w.adapterHidden()
	switch {
	case hidden.State != "" && a.config == nil:
		return with(hidden, evidence(found(codeUnknown, "%s, for a reason that may be in its rules", says)))
	case a.workload == nil:
		f := evidence(found(codeUnknown, "%s is not among the metrics of the API, and whoever makes them is not known", w.wanted.name))
		return broken(says, mend(f, "compare the names above with the one in the HPA"))
	case err != nil:
		return broken(says, w.mendRules(evidence(seen(found(codeRuleFile, "the adapter cannot read its rules"), "it says", "%s", err)), "the whole file"))
	case a.config == nil:
		f := evidence(found(codeUnknown, "%s is not among the metrics of the API, and the adapter's rules cannot be found", w.wanted.name))
		return broken(says, mend(f, "compare the names above with the one in the HPA"))
	}
	if f := w.badRule(all); f != nil {
		return broken(says, evidence(f)) // and a restart would not help
	}
	if changed, stale := a.changedAfterStart(); stale {
		f := seen(found(codeStaleRules, "the rules were changed after the adapter had read them"), "changed", "%s", clock(changed))
		f = seen(f, "adapter started", "%s", clock(a.started()))
		return broken(says, mend(evidence(f), "kubectl -n %s rollout restart deployment %s", a.namespace, a.workload.Metadata.Name))
	}
	return w.rightRule(says, evidence)
}

// rightRule is a list without the metric, though a rule makes it.
func (w *walk) rightRule(says string, evidence func(*doctor.Finding) *doctor.Finding) doctor.Step {
	a := &w.adapter
	until := a.started().Add(a.relist() + relistGrace)
	if s := w.now.Add(a.relist() + relistGrace); w.newSeries(a.relist() + relistGrace) {
		until = s
	}
	if w.now.Before(until) {
		if f := w.adapterPrometheus(); f != nil {
			return broken(says, evidence(f))
		}
		return waiting("%s: the adapter looks for new series every %s", clock(until), a.relist())
	}
	if w.prometheus == nil {
		return broken(says, evidence(found(codeUnknown, "the adapter does not list the metric, for a reason that the doctor does not know")))
	}
	if f := w.adapterPrometheus(); f != nil {
		return broken(says, evidence(seen(f, "asked instead", "%s, which has the series", w.prometheus.name)))
	}
	return broken(says, evidence(w.listStays()))
}

// listStays is a list that has stayed without a metric that a rule makes: the
// log of the adapter tells whether Prometheus answers it.
func (w *walk) listStays() *doctor.Finding {
	a := &w.adapter
	log := w.adapterLog()
	f := found(codeUnknown, "a rule makes the metric of series that are there, and the adapter does not list it")
	look := "does it ask that Prometheus, and as the same tenant?"
	if strings.Contains(log, "unable to update list of all metrics") || strings.Contains(log, "unable to fetch metrics for query") {
		f = found(codeAdapterPrometheus, "the adapter gets no answer from Prometheus at %s", withoutLogin(a.prometheusURL()))
		look = "DNS, NetworkPolicies, TLS and logins between both are the usual reasons"
	}
	f = seen(f, "the adapter asks", "%s", withoutLogin(a.prometheusURL()))
	f = seen(f, "asked instead", "%s, which has the series", w.prometheus.name)
	f = seen(f, "its last words", "%s", log)
	return mend(f, "kubectl -n %s logs deploy/%s; %s", a.namespace, a.workload.Metadata.Name, look)
}

// adapterPrometheus tells whether somebody says no where the adapter asks.
func (w *walk) adapterPrometheus() *doctor.Finding {
	address := w.adapter.prometheusURL()
	s, inside := serviceOf(address, w.adapter.namespace)
	if isLoopback(address) {
		return nil
	}
	if !inside {
		ok, why := w.reachable(address)
		if ok {
			return nil
		}
		f := seen(w.wrongURL(address), "asked from here", "%s", why)
		return f
	}
	return w.noServiceAt(address, s)
}

// noServiceAt is an address of a Service that is not there, or has no such port.
func (w *walk) noServiceAt(address string, s serviceAddress) *doctor.Finding {
	var there service
	err := w.cluster.get(w.ctx, "/api/v1/namespaces/"+s.namespace+"/services/"+s.name, &there)
	if err == nil && there.Spec.Type != "ExternalName" && !there.leadsFrom(s.port) {
		return w.othersThere(seen(w.wrongURL(address), "ports of Service "+s.name, "%s", names(there.ports())))
	}
	if reasonOf(err) != notFound {
		return nil
	}
	return w.othersThere(seen(w.wrongURL(address), "missing", "there is no Service %s in %s", s.name, s.namespace))
}

// badRule is what is wrong with the rule that should make the metric; nil if
// one makes it.
func (w *walk) badRule(all []tried) *doctor.Finding {
	var mapsNot, otherName, noSeries, unanswered *tried
	for i := range all {
		t := &all[i]
		isOurs := strings.Contains(t.rule.SeriesQuery, "nginx")
		switch {
		case slices.Contains(t.names, w.wanted.name) && t.mapped:
			return nil
		case t.err != nil && reasonOf(t.err) == promBadQuery:
			// One of these stops the adapter from listing anything.
			f := seen(found(codeRuleSyntax, "Prometheus does not understand the seriesQuery of a rule, and the adapter lists nothing"), "seriesQuery", "%s", t.rule.SeriesQuery)
			f = w.mendRules(seen(f, "Prometheus says", "%s", t.err), "quotes of seriesQuery, which a template may have eaten")
			return f
		case t.err != nil:
			unanswered = t
		case slices.Contains(t.names, w.wanted.name):
			mapsNot = t
		case len(t.names) > 0 && t.mapped && (otherName == nil || isOurs || otherName.counter == ""):
			otherName = t
		case isOurs && len(t.series) == 0:
			noSeries = t
		}
	}
	var f *doctor.Finding
	switch {
	case mapsNot != nil:
		f = w.unmapped(mapsNot)
	case noSeries != nil && w.finds(noSeries.rule):
		f = w.wrongLabels(noSeries)
	case otherName != nil:
		makes, ask := names(otherName.names), otherName.names[0]
		if otherName.counter != "" {
			makes, ask = otherName.counter, otherName.counter
		}
		f = seen(found(codeMetricName, "the adapter makes %s of the series, and the HPA asks for %s", makes, w.wanted.name), "rule", "%s", otherName.rule.SeriesQuery)
		f = mend(f, `set name.as: "%s" in the rule, or ask for %s in the HPA`, w.wanted.name, ask)
		f = w.mendRules(f, "name.as")
	case unanswered != nil:
		f = seen(found(codeUnknown, "Prometheus does not tell what a rule of the adapter takes"), "seriesQuery", "%s", unanswered.rule.SeriesQuery)
		f = seen(f, "Prometheus says", "%s", unanswered.err)
	default:
		f = seen(found(codeNoRule, "no rule of the adapter takes %s", w.seriesName()), "rules", "%s", seriesQueries(all))
		f = w.mendRules(mend(f, "nginx-exporter snippet adapter-rule   # a rule that works"), "add it")
	}
	return f
}

func seriesQueries(all []tried) string {
	var queries []string
	for i := range all {
		queries = append(queries, all[i].rule.SeriesQuery)
	}
	return names(queries)
}

func (w *walk) seriesName() string {
	if len(w.series) == 0 {
		return "nginx_http_requests_total"
	}
	return w.series[0].Labels["__name__"]
}

// finds tells whether the rule would find series without its label matchers.
func (w *walk) finds(r *rule) bool {
	samples, err := w.prometheus.query(w.ctx, "count("+withoutLabels(r.SeriesQuery)+")")
	return err == nil && len(samples) > 0
}

func (w *walk) wrongLabels(t *tried) *doctor.Finding {
	f := seen(found(codeRuleLabels, "a rule asks for labels that the series do not have, and finds nothing"), "seriesQuery", "%s", t.rule.SeriesQuery)
	for _, s := range w.series[:min(len(w.series), 1)] {
		f = seen(f, "series", "%s", labelText(s.Labels))
	}
	return w.mendRules(f, `matchers of seriesQuery; namespace!="",pod!="" is right for these`)
}

func (w *walk) unmapped(t *tried) *doctor.Finding {
	f := found(codeRuleOverrides, "a rule finds the series, but knows no label for namespaces and %s that they have", w.plural())
	var overrides []string
	for label, to := range t.rule.Resources.Overrides {
		overrides = append(overrides, label+" for "+to.Resource)
	}
	slices.Sort(overrides)
	f = seen(f, "overrides", "%s", names(overrides))
	if t.rule.Resources.Template != "" {
		f = seen(f, "template", "%s", t.rule.Resources.Template)
	}
	f = seen(f, "labels of the series", "%s", labelNames(t.series[0]))
	return w.mendRules(f, "resources.overrides")
}
