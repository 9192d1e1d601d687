package hpa

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"nginx-exporter/internal/doctor/cluster"
)

// relistGrace is how much longer than its interval the adapter may take to list new series.
const relistGrace = 30 * time.Second

// wantedMetric is the name of the HPA's metric in the list of the adapter.
func wantedMetric(d *diagnosis) string {
	m := d.Metric()
	return m.Resource() + "/" + m.Name
}

// isUnlisted reports whether the adapter does not list the metric. Without permission for
// the list, it is inferred from the response to the request for the value.
func isUnlisted(d *diagnosis) bool {
	all, err := d.Metrics.Get()
	if err != nil {
		return cluster.ReasonOf(d.Values.Err()) == cluster.NotFound
	}
	return !slices.Contains(all, wantedMetric(d))
}

func isListed(d *diagnosis) bool { return !isUnlisted(d) }

// addList adds the metrics that the adapter lists.
func addList(d *diagnosis, f *finding) {
	f.step = "the adapter does not list " + wantedMetric(d)
	f.evidence("wanted", wantedMetric(d))
	all, err := d.Metrics.Get()
	if err != nil {
		return
	}
	var similar []string
	for _, name := range all {
		if strings.Contains(name, "nginx") || len(all) < cluster.MaxRules {
			similar = append(similar, name)
		}
	}
	f.evidencef("listed", "%s (%d in all)", names(similar), len(all))
}

// rulesUnknown reports that there are no rules to examine.
func rulesUnknown(d *diagnosis) *finding {
	a := d.Adapter.Value()
	const compareNames = "compare the listed names with the one in the HPA"
	switch {
	case a.ConfigMap == nil && a.Hidden != nil:
		f := unobserved("the adapter", a.Hidden)
		also := failed("", "The adapter does not list %s; its rules may be the reason.", wantedMetric(d)).as(unknown)
		addList(d, also)
		f.also = &also.Finding
		return f
	case a.Deployment == nil:
		return failed("", "The metrics API does not list %s, and the adapter that serves it was not found.", d.Metric().Name).as(unknown).fix(compareNames)
	case a.ConfigMap == nil:
		return failed("", "The metrics API does not list %s, and the rules of the adapter were not found.", d.Metric().Name).as(unknown).fix(compareNames)
	case a.RulesErr != nil:
		return fixRules(d, failed("", "The adapter cannot parse its rules.").as("rule-file").evidence("error", a.RulesErr), "the whole file")
	}
	return nil
}

// comparison has rules that do not make the metric: one for each reason, or nil.
type comparison struct {
	made      bool                // another rule makes it
	syntax    *cluster.RuleResult // Prometheus rejects its seriesQuery
	unmapped  *cluster.RuleResult // the series lack the labels that it maps to resources
	noSeries  *cluster.RuleResult // it selects nothing
	otherName *cluster.RuleResult // it makes a metric of another name
	failed    *cluster.RuleResult // Prometheus did not respond
}

// rulesMismatch reports why no rule makes the metric; nil if one does.
func rulesMismatch(d *diagnosis) *finding {
	c := compareRules(d)
	switch {
	case c.made:
		return nil
	case c.syntax != nil:
		return ruleSyntax(d, c.syntax)
	case c.unmapped != nil:
		return ruleOverrides(d, c.unmapped)
	case c.noSeries != nil:
		if selects, err := d.SelectsWithoutLabels(c.noSeries.Rule); err != nil {
			c.failed = &cluster.RuleResult{Rule: c.noSeries.Rule, Err: err}
		} else if selects {
			return ruleLabels(d, c.noSeries)
		}
	}
	switch {
	case c.otherName != nil:
		return metricName(d, c.otherName)
	case c.failed != nil:
		return failed("", "Prometheus does not report what a rule of the adapter selects.").as(unknown).
			evidence("seriesQuery", c.failed.Rule.SeriesQuery).evidence("Prometheus", c.failed.Err)
	}
	return ruleMissing(d)
}

func compareRules(d *diagnosis) (c comparison) {
	wanted := d.Metric().Name
	for _, r := range d.RuleResults.Value() {
		isNginx := strings.Contains(r.Rule.SeriesQuery, "nginx")
		switch {
		case r.Makes(wanted) && r.Mapped:
			return comparison{made: true}
		case cluster.ReasonOf(r.Err) == cluster.BadQuery:
			return comparison{syntax: &r}
		case r.Err != nil:
			c.failed = &r
		case r.Makes(wanted):
			c.unmapped = &r
		case len(r.Names) > 0 && r.Mapped && (c.otherName == nil || isNginx || c.otherName.Counter == ""):
			c.otherName = &r
		case isNginx && len(r.Series) == 0:
			c.noSeries = &r
		}
	}
	return c
}

func ruleSyntax(d *diagnosis, r *cluster.RuleResult) *finding {
	f := failed("", "Prometheus rejects the seriesQuery of a rule, so the adapter lists nothing.").as("rule-series-query-syntax").
		evidence("seriesQuery", r.Rule.SeriesQuery).evidence("Prometheus", r.Err)
	return fixRules(d, f, "quotes in seriesQuery, which a template may have removed")
}

func ruleOverrides(d *diagnosis, r *cluster.RuleResult) *finding {
	var overrides []string
	for label, to := range r.Rule.Resources.Overrides {
		overrides = append(overrides, label+" for "+to.Resource)
	}
	slices.Sort(overrides)
	if _, err := r.Rule.Label("namespaces"); err != nil {
		return ruleLacksNamespace(d, "", err)
	}
	m := d.Metric()
	f := failed("", "A rule selects the series, but does not map their labels to namespaces and %s.", m.Resource()).as("rule-overrides").
		evidence("overrides", names(overrides)).
		evidence("template", r.Rule.Resources.Template).
		evidence("labels of the series", labelNames(&r.Series[0]))
	return fixRules(d, f, "resources.overrides")
}

func ruleLabels(d *diagnosis, r *cluster.RuleResult) *finding {
	f := failed("", "A rule requires labels that the series do not have, so it selects nothing.").as("rule-series-query-labels").
		evidence("seriesQuery", r.Rule.SeriesQuery)
	return fixRules(d, withSeries(d, f), `matchers of seriesQuery; namespace!="",pod!="" fits these series`)
}

// withSeries adds the labels of one of the request counters.
func withSeries(d *diagnosis, f *finding) *finding {
	if samples := d.RequestSeries(); len(samples) > 0 {
		f.evidence("series", cluster.FormatLabels(samples[0].Labels))
	}
	return f
}

func metricName(d *diagnosis, r *cluster.RuleResult) *finding {
	wanted := d.Metric().Name
	makes, use := names(r.Names), r.Names[0]
	if r.Counter != "" {
		makes, use = r.Counter, r.Counter
	}
	f := failed("", "The adapter's rule makes %s of the series, but the HPA requests %s.", makes, wanted).as("metric-name").
		evidence("rule", r.Rule.SeriesQuery)
	if strings.Contains(r.Rule.SeriesQuery, "nginx") {
		f.fix(`set name.as: "%s" in the rule, or use %s in the HPA`, wanted, use)
		return fixRules(d, f, "name.as")
	}
	// It makes metrics of others as well, as the default rules do, so it has to stay.
	f.fix("nginx-exporter snippet adapter-rule   # a rule to add; or use %s in the HPA", use)
	return fixRules(d, f, "add it, and keep the other rules")
}

func ruleMissing(d *diagnosis) *finding {
	series := "nginx_http_requests_total"
	if samples := d.RequestSeries(); len(samples) > 0 {
		series = samples[0].Labels["__name__"]
	}
	var queries []string
	for _, r := range d.RuleResults.Value() {
		queries = append(queries, r.Rule.SeriesQuery)
	}
	f := failed("", "No rule of the adapter selects %s.", series).as("rule-missing").evidence("rules", names(queries)).
		fix("nginx-exporter snippet adapter-rule   # a rule that works")
	return fixRules(d, f, "add it")
}

// listFlaps reports a scrape interval after which the adapter has forgotten the metric.
func listFlaps(d *diagnosis) *finding {
	a := d.Adapter.Value()
	interval := d.ScrapeInterval()
	if a.Deployment == nil || interval <= a.MaxAge() {
		return nil
	}
	text := "The adapter lists %s only at times: its series get a sample every %s, and it forgets them after %s."
	f := warning(text, d.Metric().Name, interval, a.MaxAge())
	if isUnlisted(d) {
		f = failed("", text, d.Metric().Name, interval, a.MaxAge())
	}
	return f.evidence("scrape interval", interval).
		evidence("--metrics-max-age", cmp.Or(a.Container.Flag("metrics-max-age"), "not set, as --metrics-relist-interval")).
		evidence("--metrics-relist-interval", a.RelistInterval()).
		fix("make Prometheus scrape more often (interval of the monitor), or set --metrics-max-age=%s of Deployment %s in %s", 2*interval, a.Deployment.Metadata.Name, a.Namespace)
}

func rulesStale(d *diagnosis) *finding {
	a := d.Adapter.Value()
	changed := a.RulesChanged()
	if changed.IsZero() {
		return nil
	}
	return failed("", "The rules were changed after the adapter had started, which is when it reads them.").
		evidence("rules changed", clock(changed)).evidence("adapter started", clock(a.Started())).
		fix("kubectl -n %s rollout restart deployment %s", a.Namespace, adapterName(d))
}

// adapterAddressWrong reports an adapter that gets no series since it queries a wrong
// address.
func adapterAddressWrong(d *diagnosis) *finding {
	f := wrongAddress(d, "", d.WrongAdapterAddress())
	if f == nil {
		return nil
	}
	return f.evidencef("queried by the doctor", "%s, which has the series", d.Prometheus().Name)
}

func adapterLists(d *diagnosis) *finding {
	a := d.Adapter.Value()
	soon := a.RelistInterval() + relistGrace
	until := a.Started().Add(soon)
	if d.HadNoSeries(soon) {
		until = d.Now().Add(soon)
	}
	if !d.Now().Before(until) {
		return nil
	}
	return waitingUntil(until, "the adapter lists new series every %s", a.RelistInterval())
}

// adapterLacksSeries reports an adapter whose rules are right, but do not work.
func adapterLacksSeries(d *diagnosis) *finding {
	address, log := cluster.WithoutLogin(d.Adapter.Value().PrometheusURL()), d.AdapterLog()
	f, check := failed("", "A rule makes the metric of existing series, but the adapter does not list it.").as(unknown), "does it query the same Prometheus, as the same tenant?"
	if saysPrometheusFails(log) {
		f, check = failed("", "The adapter gets no response from Prometheus at %s.", address).as("adapter-prometheus-down"), checkConnection
	}
	return f.evidence("queried by the adapter", address).
		evidencef("queried by the doctor", "%s, which has the series", d.Prometheus().Name).
		evidence("last log line", log).
		fix("%s   # %s", adapterLogs(d), check)
}

// ruleCollision reports several rules that make the metric: one of them is used.
func ruleCollision(d *diagnosis) *finding {
	wanted := d.Metric().Name
	all := slices.DeleteFunc(slices.Clone(d.RuleResults.Value()), func(r cluster.RuleResult) bool { return !r.Makes(wanted) || !r.Mapped })
	if d.Metrics.Err() != nil || len(all) < 2 {
		return nil
	}
	f := warning("%d rules of the adapter make %s; it uses one of them, and does not log which.", len(all), wanted)
	for _, r := range all {
		f.evidencef("rule", "%s gives %s", r.Rule.SeriesQuery, r.Rule.MetricsQuery)
	}
	return fixRules(d, f, "remove all but one of them, or rename their metrics")
}

func rulesSummary(d *diagnosis) string {
	if d.Metrics.Err() != nil {
		return "" // no permission for the list
	}
	return "the adapter lists " + wantedMetric(d)
}
