package web

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// instrument counts the requests of a handler by status, and those in progress,
// with the metrics of promhttp. Package promhttp itself would add 0.4 MB of
// handlers and compressors that this server does not use.
func instrument(registry *prometheus.Registry, handler http.Handler) http.Handler {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "promhttp_metric_handler_requests_total",
		Help: "Scrapes of this exporter, by HTTP status.",
	}, []string{"code"})
	inFlight := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "promhttp_metric_handler_requests_in_flight",
		Help: "Scrapes of this exporter in progress.",
	})
	registry.MustRegister(requests, inFlight)
	for _, status := range []int{http.StatusOK, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		requests.WithLabelValues(strconv.Itoa(status))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inFlight.Inc()
		defer inFlight.Dec()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		handler.ServeHTTP(recorder, r)
		requests.WithLabelValues(strconv.Itoa(recorder.status)).Inc()
	})
}

// statusRecorder records the status of a response.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap gives [http.ResponseController] access to the connection.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
