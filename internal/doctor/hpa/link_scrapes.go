package hpa

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

// scrapeStart is what a new monitor needs: the operator writes a Secret, kubelet
// brings it to the pod, a reloader sees it, and the first scrape comes.
const scrapeStart = 3 * time.Minute

// prometheusStart is what Prometheus needs to find pods after its start.
const prometheusStart = 30 * time.Second

// lookScrapes tells whether Prometheus scrapes the exporters of the pods.
func (w *walk) lookScrapes() doctor.Step {
	if w.prometheus == nil {
		return nothing()
	}
	all, err := w.prometheus.targets(w.ctx)
	switch {
	case isBlind(err):
		return blind("its targets", err)
	case err != nil:
		// Mimir and Cortex have none, VictoriaMetrics elsewhere; it answered before.
		w.noList = true
		return fine("not seen, since %s keeps no list of targets", w.prometheus.name)
	}
	var other []target
	scraped := map[string]bool{}
	w.busy = map[string]bool{}
	for i := range all {
		t := all[i]
		e := w.exporterBehind(&t)
		switch {
		case e == nil:
			w.busy[t.ScrapePool] = true
		case portOf(t.ScrapeURL) != e.port:
			other = append(other, t)
		default:
			w.targets = append(w.targets, t)
			scraped[e.pod.Metadata.Name] = true
		}
	}
	if len(w.targets) == 0 {
		if l := w.scrapedElsewhere(other); l.State != "" {
			return l
		}
		return w.noTargets(other)
	}
	down := slices.IndexFunc(w.targets, func(t target) bool { return t.Health == "down" })
	up := slices.IndexFunc(w.targets, func(t target) bool { return t.Health == "up" })
	switch {
	case up < 0 && down < 0:
		return waiting("%s: the first scrape", clock(w.now.Add(w.targets[0].interval())))
	case up < 0:
		return broken("every scrape fails", w.failing(&w.targets[down]))
	}
	w.interval = w.targets[up].interval()
	l := fine("%d of %d pods, every %s, by %s", len(scraped), len(w.exporters), w.targets[up].ScrapeInterval, w.targets[up].ScrapePool)
	// Pods that come or go cannot be scraped for a moment, which is no fault.
	down = slices.IndexFunc(w.targets, func(t target) bool {
		p := w.exporterBehind(&t).pod
		return t.Health == "down" && p.ready() && w.age(p.Metadata.CreationTimestamp) > podStart
	})
	if down >= 0 {
		return with(l, w.failing(&w.targets[down]))
	}
	return with(l, w.unscraped(scraped)...)
}

// scrapedElsewhere finds series of pods that are no targets: of Thanos and its
// like, which scrape nothing, of agents that write to Prometheus, and of proxies
// before the exporter, which have a port of their own.
func (w *walk) scrapedElsewhere(other []target) doctor.Step {
	samples, err := w.prometheus.query(w.ctx, "timestamp("+w.seriesQuery()+")")
	if err != nil || len(samples) == 0 {
		return nothing()
	}
	// What a Prometheus has scraped before its last start stays for minutes.
	newest := slices.MaxFunc(samples, func(a, b sample) int { return cmp.Compare(a.Value, b.Value) })
	if began := w.prometheus.started(w.ctx); !began.IsZero() && newest.Value < float64(began.Unix()) {
		return nothing()
	}
	if w.outdated(newest) {
		return nothing()
	}
	if i := slices.IndexFunc(other, func(t target) bool { return t.Health == "up" }); i >= 0 {
		w.interval = other[i].interval()
	}
	return fine("not seen: %s has series of the pods, and no targets for them", w.prometheus.name)
}

// outdated tells whether a series gets no samples any more: a job that is gone
// leaves the last one for five minutes, while rates are soon empty and would be
// taken for the fault. The sample is the time of the last one; how often they came
// tells the one before it.
func (w *walk) outdated(newest sample) bool {
	const missed, moment = 2, 0.001
	earlier, err := w.prometheus.query(w.ctx, fmt.Sprintf("timestamp(%s @ %.3f)", w.seriesQuery(), newest.Value-moment))
	if err != nil {
		return false
	}
	i := slices.IndexFunc(earlier, func(s sample) bool { return maps.Equal(s.Labels, newest.Labels) })
	age := float64(newest.At.UnixMilli())/1e3 - newest.Value
	return i >= 0 && age > missed*(newest.Value-earlier[i].Value)
}

// promBlind is a Prometheus that answered before and does not answer this.
func (w *walk) promBlind(what string, err error) doctor.Step {
	if isBlind(err) {
		return blind(what, err)
	}
	return sightless("cannot look at "+what,
		seen(found(codeUnknown, "Prometheus at %s does not tell of %s", w.prometheus.name, what), "it says", "%s", err))
}

// exporterBehind is the exporter of the pod behind a target.
func (w *walk) exporterBehind(t *target) *exporterPort {
	namespace, name := t.pod()
	for i := range w.exporters {
		e := &w.exporters[i]
		if name == e.pod.Metadata.Name && namespace == w.namespace {
			return e
		}
		if ip := e.pod.Status.PodIP; name == "" && ip != "" && strings.Contains(t.ScrapeURL, "//"+net.JoinHostPort(ip, "")) {
			return e
		}
	}
	return nil
}

func portOf(address string) int {
	_, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	port, err := strconv.Atoi(host[strings.LastIndexByte(host, ':')+1:])
	if err != nil {
		return 0
	}
	return port
}

func (w *walk) failing(t *target) *doctor.Finding {
	_, name := t.pod()
	f := seen(found(codeScrapeFails, "Prometheus cannot scrape %s", name), "address", "%s", t.ScrapeURL)
	f = seen(f, "last error", "%s", t.LastError)
	f = seen(f, "job", "%s", t.ScrapePool)
	switch {
	case strings.Contains(t.LastError, "refused"):
		f = mend(f, "the exporter listens elsewhere, or on loopback alone: see --web.listen-address, and the port of the monitor")
	case strings.Contains(t.LastError, "404"):
		f = mend(f, "path of the monitor and --web.telemetry-path must agree; the default of both is /metrics")
	case strings.Contains(t.LastError, "401"), strings.Contains(t.LastError, "x509"), strings.Contains(t.LastError, "tls"), strings.Contains(t.LastError, "HTTP response to HTTPS"):
		f = mend(f, "scheme, TLS and login of the monitor must be those of the exporter's --web.config.file")
	case strings.Contains(t.LastError, "deadline exceeded"), strings.Contains(t.LastError, "timeout"):
		f = mend(f, "a NetworkPolicy that does not let Prometheus in is the usual reason; then a time-out that is too short")
	default:
		f = mend(f, "kubectl -n %s port-forward %s %d, and ask it yourself", w.namespace, name, portOf(t.ScrapeURL))
	}
	return f
}

// unscraped finds pods that have been there for some time and are not scraped.
func (w *walk) unscraped(scraped map[string]bool) []*doctor.Finding {
	var missing []string
	for i := range w.exporters {
		p := w.exporters[i].pod
		if p.ready() && !scraped[p.Metadata.Name] && w.age(p.Metadata.CreationTimestamp) > scrapeStart {
			missing = append(missing, p.Metadata.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	f := seen(found(codeSomeUnscraped, "Prometheus does not scrape %d of the pods, which count as idle when pods are added", len(missing)), "pods", "%s", names(missing))
	return []*doctor.Finding{mend(f, "compare their labels with those of the others: kubectl -n %s get pods --show-labels", w.namespace)}
}
