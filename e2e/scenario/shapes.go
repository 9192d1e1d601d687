package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/load"
	"nginx-exporter/e2e/process"
)

const (
	// shapeStep is how long a rate of a shape lasts.
	shapeStep = 3 * time.Second
	// lowRate and highRate are the requests/s of all pods together; with 20 for one pod,
	// they need one and five.
	lowRate, highRate = 10, 100
)

// loadShape is a function from the share of the time to that of the load, both 0 to 1.
type loadShape struct {
	name string
	at   func(x float64) float64
}

// loadShapes begin low: the pods of the one before are removed meanwhile.
func loadShapes() []loadShape {
	return []loadShape{
		{"step", func(x float64) float64 { return between(x, 0.2, 1) }},
		{"spike", func(x float64) float64 { return between(x, 0.2, 0.4) }},
		{"sine", func(x float64) float64 { return (1 - math.Cos(2*math.Pi*x)) / 2 }},
		{"flash-crowd", func(x float64) float64 { return between(x, 0.2, 1) * math.Exp(-4*(x-0.2)) }},
		{"ramp", func(x float64) float64 { return x }},
		{"stairs", func(x float64) float64 { return math.Floor(4*x) / 3 }},
	}
}

// between is 1 in an interval, else 0.
func between(x, from, to float64) float64 {
	if x < from || x >= to {
		return 0
	}
	return 1
}

const (
	// poll is how often the status of the HPA is read.
	poll = 500 * time.Millisecond
	// readLimit is how long the status and the metric may be unreadable: less than two syncs.
	readLimit = 8 * time.Second
	// lead is how long before a sync of the real HPA the simulated one has its metric: a rate
	// over 2 s is up to 1.5 s old, and the syncs of both drift.
	lead = 3500 * time.Millisecond
)

// seen is what the HPA saw and decided in its latest sync, as read at a time.
type seen struct {
	at time.Time
	// average is the metric of the HPA per pod, and sum that of all pods: average times the
	// number of pods whose own average is nearest to it. distance is the difference.
	average, sum, distance float64
	desired                int
}

// simulated puts load of several shapes on nginx one after the other, and replays the
// recorded metric with nginx-exporter autoscale simulate.
func (s *Scenario) simulated(ctx context.Context) error {
	t := &timeline{scenario: s, generator: load.New(), seen: map[string]int{}}
	t.head()
	if err := t.until(ctx, "idle", idlePods, 0, idleLimit); err != nil {
		return err
	}
	shapesCtx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { s.followEndpoints(shapesCtx, t.generator) })
	defer running.Wait()
	defer cancel()
	var records []seen
	var begins []int
	for _, shape := range loadShapes() {
		begins = append(begins, len(records))
		added, err := s.record(shapesCtx, t, shape.at)
		if err != nil {
			return fmt.Errorf("%s: %w", shape.name, err)
		}
		if len(records) == 0 {
			added = fromSync(added)
		}
		if len(added) == 0 {
			return fmt.Errorf("%s: the HPA has seen no change", shape.name)
		}
		records = append(records, added...)
	}
	begins = append(begins, len(records))
	simulated, err := s.replay(ctx, records)
	if err != nil {
		return err
	}
	return s.compareShapes(records, begins, simulated)
}

// record puts the load of a shape on nginx and reads the status of the HPA.
func (s *Scenario) record(ctx context.Context, t *timeline, shape func(float64) float64) ([]seen, error) {
	var sending sync.WaitGroup
	ctx, cancel := context.WithTimeout(ctx, s.tools.ShapeTime)
	defer sending.Wait()
	defer cancel()
	began := time.Now()
	sending.Go(func() {
		for ctx.Err() == nil {
			stepCtx, cancel := context.WithTimeout(ctx, shapeStep)
			share := shape(min(time.Since(began).Seconds()/s.tools.ShapeTime.Seconds(), 1))
			t.generator.Run(stepCtx, int(lowRate+share*(highRate-lowRate)))
			cancel()
		}
	})
	tick := time.NewTicker(poll)
	defer tick.Stop()
	var all []seen
	read := began
	for {
		select {
		case <-ctx.Done():
			return all, nil
		case <-tick.C:
		}
		before := t.last.rates
		err := errors.Join(t.hpa(ctx), t.metrics(ctx))
		switch {
		case ctx.Err() != nil:
			return all, nil
		case err != nil && time.Since(read) < readLimit:
			continue
		case err != nil:
			return nil, err
		}
		read = time.Now()
		r := &t.last
		if r.value < 0 {
			return nil, fmt.Errorf("the HPA has no metric: %s", r.why)
		}
		pods, distance := counted(r.value, before, r.rates)
		all = append(all, seen{at: time.Now(), average: r.value, sum: r.value * float64(pods), distance: distance, desired: r.desired})
	}
}

// counted returns the number of pods that the HPA has averaged, which may have changed
// while its metric was read, and the difference of the averages.
func counted(average float64, before, now []float64) (pods int, distance float64) {
	distanceOf := func(rates []float64) float64 {
		sum := 0.0
		for _, rate := range rates {
			sum += rate
		}
		return math.Abs(sum/float64(max(len(rates), 1)) - average)
	}
	if len(now) == 0 || len(before) > 0 && distanceOf(before) < distanceOf(now) {
		return len(before), distanceOf(before)
	}
	return len(now), distanceOf(now)
}

// change is a change of the replicas in the simulation.
type change struct {
	At    float64 // seconds since the epoch
	After int
}

// series is CSV with what the HPA saw in each sync, which is when its average changes. Of
// the sums for one average, the nearest one counts: the number of pods is read separately.
func series(records []seen) string {
	var csv strings.Builder
	line := func(at time.Time, sum float64) { fmt.Fprintf(&csv, "%.3f,%.3f\n", float64(at.UnixMilli())/1000, sum) }
	best := records[0]
	for from := 0; from < len(records); {
		best = records[from]
		to := from + 1
		for ; to < len(records) && records[to].average == best.average; to++ {
			if records[to].distance < best.distance {
				best = records[to]
			}
		}
		if at := records[from].at.Add(-lead); from == 0 {
			line(records[0].at, best.sum)
		} else if at.After(records[0].at) {
			line(at, best.sum)
		}
		from = to
	}
	line(records[len(records)-1].at, best.sum)
	return csv.String()
}

// fromSync returns the records from the first sync on.
func fromSync(records []seen) []seen {
	for i := 1; i < len(records); i++ {
		if records[i].average != records[i-1].average {
			return records[i:]
		}
	}
	return nil
}

// replay simulates the HPA with what it saw as load. That is a metric already, so that the
// simulation delays it as little as it can.
func (s *Scenario) replay(ctx context.Context, records []seen) ([]change, error) {
	dir, err := os.MkdirTemp(s.tools.TempDir, "shapes")
	if err != nil {
		return nil, err
	}
	hpa, err := s.cluster.Kubectl(ctx, "", "get", "hpa", s.release+"-nginx-exporter", "--namespace", s.namespace, "-o", "yaml")
	if err != nil {
		return nil, err
	}
	loadFile, hpaFile := filepath.Join(dir, "load.csv"), filepath.Join(dir, "hpa.yaml")
	if err := errors.Join(os.WriteFile(loadFile, []byte(series(records)), 0o600), os.WriteFile(hpaFile, []byte(hpa), 0o600)); err != nil {
		return nil, err
	}
	output, err := process.Output(exec.CommandContext(ctx, s.tools.Exporter, "autoscale", "simulate", "--format=json",
		"--file="+loadFile, "--hpa="+hpaFile, "--sync-period="+kube.SyncPeriod.String(), "--start="+strconv.Itoa(records[0].desired),
		"--scrape-interval=1s", "--rate-window=2s", "--pod-pending=0s", "--pod-starting=0s"))
	if err != nil {
		return nil, err
	}
	var result struct {
		Results []struct {
			Changes []change
			Omitted int `json:"changes_omitted"`
		}
	}
	if err := json.Unmarshal([]byte(output), &result); err != nil {
		return nil, err
	}
	if len(result.Results) != 1 || result.Results[0].Omitted > 0 {
		return nil, fmt.Errorf("%d results of the simulation, or not all of its changes", len(result.Results))
	}
	return result.Results[0].Changes, nil
}

// deviation is that of a shape.
type deviation struct {
	syncs, equal, jitter, different, highest, simulatedHighest int
}

// compareShapes prints the deviation for each shape. The real HPA may be one sync before or
// after the simulated one, since their syncs are not at the same time.
func (s *Scenario) compareShapes(records []seen, begins []int, simulated []change) error {
	s.printf("   %-12s  %5s  %5s  %6s  %9s  %11s", "shape", "syncs", "equal", "jitter", "different", "highest")
	failed := false
	for i, shape := range loadShapes() {
		var d deviation
		var last time.Time
		for _, r := range records[begins[i]:begins[i+1]] {
			if r.at.Sub(last) < kube.SyncPeriod-500*time.Millisecond {
				continue
			}
			last = r.at
			d.add(r, records[0].desired, simulated)
		}
		s.printf("   %-12s  %5d  %5d  %6d  %9d  %4d and %2d", shape.name, d.syncs, d.equal, d.jitter, d.different, d.highest, d.simulatedHighest)
		failed = failed || d.different > 0 || d.syncs == 0
	}
	if !failed {
		return nil
	}
	for _, r := range records {
		s.printf("   %s average %5.2f sum %5.1f desired %d simulated %d", r.at.Format("04:05.0"), r.average, r.sum, r.desired, replicasAt(r.at, records[0].desired, simulated))
	}
	return errors.New("the simulated HPA differs from the real one")
}

// add compares the replicas at a sync.
func (d *deviation) add(r seen, start int, simulated []change) {
	now := replicasAt(r.at, start, simulated)
	low, high := now, now
	for offset := -kube.SyncPeriod; offset <= kube.SyncPeriod; offset += time.Second {
		near := replicasAt(r.at.Add(offset), start, simulated)
		low, high = min(low, near), max(high, near)
	}
	d.syncs++
	switch {
	case r.desired == now:
		d.equal++
	case r.desired >= low && r.desired <= high:
		d.jitter++
	default:
		d.different++
	}
	d.highest, d.simulatedHighest = max(d.highest, r.desired), max(d.simulatedHighest, now)
}

// replicasAt returns the simulated replicas at a time.
func replicasAt(at time.Time, start int, simulated []change) int {
	replicas := start
	for _, c := range simulated {
		if c.At <= float64(at.UnixMilli())/1000 {
			replicas = c.After
		}
	}
	return replicas
}
