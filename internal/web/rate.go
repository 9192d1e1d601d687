package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
)

// rate responds with the rates over one window. It does not contact nginx.
func (s *Server) rate(w http.ResponseWriter, r *http.Request) {
	name, asJSON, err := rateForm(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	window, found := s.rateWindow(name)
	if !found {
		http.Error(w, fmt.Sprintf("unknown window %q: see --rate.window", name), http.StatusNotFound)
		return
	}
	rates := s.Collector.Rates(window)
	w.Header().Set("Vary", "Accept")
	w.Header().Set("Cache-Control", "no-store")
	if !rates.IsSet() {
		// A rate of 0 would scale the workload down.
		w.Header().Set("Retry-After", strconv.Itoa(int(s.Collector.RateInterval()/time.Second)))
		http.Error(w, "no rate available: nginx must have been scraped for at least half of the window, and be reachable",
			http.StatusServiceUnavailable)
		return
	}
	s.send(w, r, len(rates.Targets), func(w http.ResponseWriter) error {
		if asJSON {
			return writeRates(w, rates)
		}
		return s.write(w, r, rates.Exposition())
	})
}

// rateForm returns the window in the path, and whether to respond with JSON. The
// suffix of the path takes precedence over the query, and that over the header.
func rateForm(r *http.Request) (window string, asJSON bool, err error) {
	path := r.PathValue("window")
	if window, found := strings.CutSuffix(path, ".json"); found {
		return window, true, nil
	}
	if window, found := strings.CutSuffix(path, ".prom"); found {
		return window, false, nil
	}
	switch format := r.URL.Query().Get("format"); format {
	case "":
		return path, prefersJSON(r.Header), nil
	case "json":
		return path, true, nil
	case "prometheus":
		return path, false, nil
	default:
		return "", false, fmt.Errorf("unknown format %q: use json or prometheus", format)
	}
}

// prefersJSON reports whether the header Accept prefers JSON to text. Clients
// without that header get JSON: KEDA and other autoscalers. Prometheus, browsers
// and curl send it.
func prefersJSON(header http.Header) bool {
	accept := header.Values("Accept")
	if len(accept) == 0 {
		return true
	}
	asJSON, asText := 0.0, 0.0
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, parameters, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "application/json":
			asJSON = max(asJSON, weight(parameters))
		case "text/plain":
			asText = max(asText, weight(parameters))
		}
	}
	return asJSON > 0 && asJSON >= asText
}

// weight returns the parameter q of an item of an Accept header, 1 if it has none.
//
// See https://www.rfc-editor.org/rfc/rfc9110.html#name-quality-values.
func weight(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		if text, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q="); found {
			q, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}

// rateWindow returns the configured window of that length: 60s is the same as
// 1m.
func (s *Server) rateWindow(name string) (time.Duration, bool) {
	length, err := time.ParseDuration(name)
	if err != nil {
		return 0, false
	}
	for _, window := range s.Collector.RateWindows() {
		if window == length {
			return window, true
		}
	}
	return 0, false
}

// rateTarget is a target in the JSON document.
type rateTarget map[string]any

// writeRates writes JSON. Its keys are the names of the metrics, so that they
// are the same in all formats.
func writeRates(w http.ResponseWriter, rates *collector.Rates) error {
	targets := make([]rateTarget, len(rates.Targets))
	for i, t := range rates.Targets {
		labels := map[string]string{}
		for _, label := range t.Labels {
			labels[label.Name] = label.Value
		}
		targets[i] = rateTarget{"target": t.Target, "labels": labels}
		if t.Known {
			targets[i][t.Metric] = t.PerSecond
		}
		for name, gauge := range t.Gauges {
			targets[i][name] = gauge
		}
	}
	document := map[string]any{"window": rates.Window, "targets": targets}
	for metric, sum := range rates.Sums() {
		document[metric] = sum
	}
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(text, '\n'))
	return err
}

// rateLinks lists the rates for the landing page.
func (s *Server) rateLinks() []toolkit.LandingLinks {
	var links []toolkit.LandingLinks
	for _, window := range s.Collector.RateWindows() {
		name := model.Duration(window).String()
		links = append(links, toolkit.LandingLinks{
			Address: config.RatePath + "/" + name, Text: "Rate over " + name, Description: "requests per second",
		})
	}
	return links
}
