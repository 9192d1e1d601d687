package scenario

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/e2e/fault"
	"nginx-exporter/e2e/load"
)

// sample is the interval between lines.
const sample = 5 * time.Second

const metric = "nginx_http_requests_per_second"

// timeline prints how metrics and pods follow the load.
type timeline struct {
	scenario  *Scenario
	generator *load.Generator
	last      row
	before    uint64
	at        time.Time
	seen      map[string]int
}

// row has the values of one line.
type row struct {
	sent                    float64
	rates                   []float64
	average                 string
	value                   float64 // of average, -1 without
	desired, current, ready int
	active                  bool
	why                     string
}

func (t *timeline) head() {
	t.at = time.Now()
	t.scenario.printf("   %6s  %-5s  %6s  %-34s  %7s  %7s  %7s  %5s", "t", "phase", "sent/s", "requests/s of each pod", "average", "desired", "current", "ready")
}

// until prints lines until the number of pods has been desired, current and ready
// for the hold time.
func (t *timeline) until(ctx context.Context, phase string, pods int, hold, limit time.Duration) error {
	tick := time.NewTicker(sample)
	defer tick.Stop()
	began := time.Now()
	var since time.Time
	for {
		err := t.line(ctx, phase)
		r := &t.last
		if err != nil || !r.active || r.desired != pods || r.current != pods || r.ready != pods || len(r.rates) != pods {
			since = time.Time{}
		} else if since.IsZero() {
			since = time.Now()
		}
		if !since.IsZero() && time.Since(since) >= hold {
			t.scenario.printf("   %s: %d pods after %.0f s", phase, pods, since.Sub(began).Seconds())
			return nil
		}
		if time.Since(began) > limit {
			return t.notReached(phase, pods, limit, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// notReached is the error if the number of pods is not reached, with the last state.
func (t *timeline) notReached(phase string, pods int, limit time.Duration, err error) error {
	r := &t.last
	if err == nil {
		err = fmt.Errorf("HPA: %s", r.why)
	}
	return fmt.Errorf("%s: not %d pods within %s: desired %d, current %d, ready %d, rates %v: %w",
		phase, pods, limit, r.desired, r.current, r.ready, r.rates, err)
}

// line prints a line, and the events since the previous one.
func (t *timeline) line(ctx context.Context, phase string) error {
	now := time.Now()
	sent, _ := t.generator.Counts()
	// The first line of a phase follows the last one of the previous phase at once.
	if passed := now.Sub(t.at); passed > sample/2 {
		t.last.sent = float64(sent-t.before) / passed.Seconds()
		t.before, t.at = sent, now
	}
	err := t.hpa(ctx)
	if err == nil {
		err = t.workload(ctx)
	}
	if metrics := t.metrics(ctx); err == nil {
		err = metrics
	}
	r := &t.last
	rates := make([]string, len(r.rates))
	for i, rate := range r.rates {
		rates[i] = strconv.FormatFloat(rate, 'f', 1, 64)
	}
	t.scenario.printf("   %5.0fs  %-5s  %6.1f  %-34s  %7s  %7d  %7d  %5d", time.Since(t.scenario.began).Seconds(), phase, r.sent,
		strings.Join(rates, " "), r.average, r.desired, r.current, r.ready)
	t.events(ctx)
	return err
}

// hpa reads the status of the HPA.
func (t *timeline) hpa(ctx context.Context) error {
	var h struct {
		Status struct {
			CurrentReplicas, DesiredReplicas int
			CurrentMetrics                   []struct {
				Pods struct{ Current struct{ AverageValue string } }
			}
			Conditions []struct{ Type, Status, Reason, Message string }
		}
	}
	r := &t.last
	r.active, r.why, r.average, r.value = false, "no conditions yet", "-", -1
	err := t.scenario.cluster.Client.Get(ctx, "/apis/autoscaling/v2/namespaces/"+t.scenario.namespace+"/horizontalpodautoscalers/"+t.scenario.release+"-nginx-exporter", &h)
	if err != nil {
		return err
	}
	r.desired, r.current = h.Status.DesiredReplicas, h.Status.CurrentReplicas
	if len(h.Status.CurrentMetrics) > 0 {
		if value, err := quantity(h.Status.CurrentMetrics[0].Pods.Current.AverageValue); err == nil {
			r.average, r.value = strconv.FormatFloat(value, 'f', 1, 64), value
		}
	}
	for _, c := range h.Status.Conditions {
		if c.Type == "ScalingActive" {
			r.active, r.why = c.Status == "True", c.Reason+": "+c.Message
		}
	}
	return nil
}

// workload reads how many pods are ready.
func (t *timeline) workload(ctx context.Context) error {
	var d struct {
		Status struct{ Replicas, ReadyReplicas int }
	}
	err := t.scenario.cluster.Client.Get(ctx, "/apis/apps/v1/namespaces/"+t.scenario.namespace+"/deployments/web", &d)
	t.last.ready = d.Status.ReadyReplicas
	return err
}

// metrics queries the custom metrics API as the HPA does.
func (t *timeline) metrics(ctx context.Context) error {
	var list struct {
		Items []struct{ Value string }
	}
	path := "/apis/custom.metrics.k8s.io/v1beta1/namespaces/" + t.scenario.namespace + "/pods/*/" + metric + "?labelSelector=app%3Dweb"
	t.last.rates = nil
	if err := t.scenario.cluster.Client.As(fault.HPAUser).Get(ctx, path, &list); err != nil {
		return err
	}
	for _, item := range list.Items {
		value, err := quantity(item.Value)
		if err != nil {
			return err
		}
		t.last.rates = append(t.last.rates, value)
	}
	slices.Sort(t.last.rates)
	slices.Reverse(t.last.rates)
	return nil
}

// quantity parses a quantity of Kubernetes, such as 12, 250m or 2k.
func quantity(text string) (float64, error) {
	for suffix, factor := range map[string]float64{"m": 1e-3, "k": 1e3, "u": 1e-6} {
		if number, found := strings.CutSuffix(text, suffix); found {
			value, err := strconv.ParseFloat(number, 64)
			return value * factor, err
		}
	}
	return strconv.ParseFloat(text, 64)
}

// events prints the events of the HPA since the last line.
func (t *timeline) events(ctx context.Context) {
	var list struct {
		Items []struct {
			Metadata              struct{ UID string }
			Type, Reason, Message string
			Count                 int
			InvolvedObject        struct{ Kind string }
		}
	}
	if err := t.scenario.cluster.Client.Get(ctx, "/api/v1/namespaces/"+t.scenario.namespace+"/events", &list); err != nil {
		return
	}
	for _, e := range list.Items {
		count, known := t.seen[e.Metadata.UID]
		if e.InvolvedObject.Kind != "HorizontalPodAutoscaler" || known && count == e.Count {
			continue
		}
		t.seen[e.Metadata.UID] = e.Count
		t.scenario.printf("           %s %s (%d): %s", e.Type, e.Reason, max(e.Count, 1), e.Message)
	}
}
