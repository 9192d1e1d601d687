package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log/level"
	"github.com/prometheus/common/model"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
)

// rate answers with the rates over one window, as they are known already: it
// asks no nginx.
func (s *Server) rate(w http.ResponseWriter, r *http.Request) {
	name, asJSON, err := rateForm(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	window, found := s.rateWindow(name)
	if !found {
		http.Error(w, fmt.Sprintf("--rate.window has no %q", name), http.StatusNotFound)
		return
	}
	rates := s.Collector.Rates(window)
	w.Header().Set("Vary", "Accept")
	w.Header().Set("Cache-Control", "no-store")
	if !rates.IsSet() {
		// Zero would scale somebody down.
		w.Header().Set("Retry-After", strconv.Itoa(int(s.Collector.RateInterval()/time.Second)))
		http.Error(w, "no rate is known: there is none until nginx was read for half of the window, and while it cannot be read",
			http.StatusServiceUnavailable)
		return
	}
	if asJSON {
		err = writeRates(w, rates)
	} else {
		err = write(w, r, rates.Exposition())
	}
	if err != nil {
		_ = level.Debug(s.Logger).Log("msg", "a reader did not take its rates", "remote", r.RemoteAddr, "err", err)
	}
}

// rateForm returns the window that the path names, and whether the answer is to
// be JSON. An ending of the path goes before the query, and that before the
// header.
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
		return "", false, fmt.Errorf("there is no format %q, only json and prometheus", format)
	}
}

// prefersJSON reports whether Accept names JSON and nothing that it likes
// better. Who sends no such header is a program that reads JSON: KEDA and
// other autoscalers. Prometheus, browsers and curl send one.
func prefersJSON(header http.Header) bool {
	accept := header.Values("Accept")
	if len(accept) == 0 {
		return true
	}
	wanted, text := 0.0, 0.0
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, parameters, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "application/json":
			wanted = max(wanted, weight(parameters))
		case "text/plain":
			text = max(text, weight(parameters))
		}
	}
	return wanted > 0 && wanted >= text
}

// weight returns the parameter q of an item of Accept, 1 if there is none.
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

// rateWindow returns the window of that name, however it is written: 60s is
// 1m.
func (s *Server) rateWindow(name string) (time.Duration, bool) {
	asked, err := time.ParseDuration(name)
	if err != nil {
		return 0, false
	}
	for _, window := range s.Collector.RateWindows() {
		if window == asked {
			return window, true
		}
	}
	return 0, false
}

// rateTarget is a target in the JSON.
type rateTarget map[string]any

// writeRates writes JSON. Figures have the names of the metrics, so that one
// path finds them in every form.
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
	}
	answer := map[string]any{"window": rates.Window, "targets": targets}
	for metric, sum := range rates.Sums() {
		answer[metric] = sum
	}
	text, err := json.Marshal(answer)
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
