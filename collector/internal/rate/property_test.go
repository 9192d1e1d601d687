package rate_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"nginx-exporter/collector/internal/rate"
)

// A counter that grows evenly has its rate, whenever it is read: often, late, twice
// at the same time or not for a while.
func TestEvenGrowthHasItsRate(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	windows := []time.Duration{5 * time.Second, 15 * time.Second, time.Minute}
	known := 0
	for range 200 {
		s := rate.New(windows)
		perSecond, ownPerSecond := random.Float64()*1e4, random.Float64()*10
		now := 0.0
		for range 300 {
			now += random.ExpFloat64() * 0.7
			if random.IntN(100) == 0 {
				now += 10 * random.Float64()
			}
			s.Add(at(now, (perSecond+ownPerSecond)*now, ownPerSecond*now))
			for _, w := range windows {
				got, ok := s.PerSecond(time.Duration(now*float64(time.Second)), w)
				if !ok {
					continue
				}
				if known++; math.Abs(got-perSecond) > 1e-6*(1+perSecond) {
					t.Fatalf("%v over %v at %v s; want %v", got, w, now, perSecond)
				}
			}
		}
	}
	if known < 100000 {
		t.Errorf("only %d rates were known", known)
	}
}

// However often a counter is read, the series covers the longest window, in
// constant memory.
func TestManyReadings(t *testing.T) {
	windows := []time.Duration{5 * time.Second, 10 * time.Minute}
	s := rate.New(windows)
	total, now := 0.0, 0.0
	next := at(0, 0, 0)
	got := testing.AllocsPerRun(100000, func() {
		s.Add(next)
		now += 0.01
		if now < 500 {
			total++ // 100 per second, and nothing after that
		}
		next = at(now, total, 0)
	})
	if got > 0 {
		t.Errorf("a reading takes %v allocations", got)
	}
	if now < 1000 {
		t.Fatalf("only %v s were simulated", now)
	}
	s.Add(next)
	check(t, s, next.At, 5*time.Second, 0)
	// Of the last 600 s there were requests in those before second 500.
	check(t, s, next.At, 10*time.Minute, math.Round((500-(now-600))*100)/600)
}

// The same if no two readings are close enough to be merged into one step.
func TestUnevenReadings(t *testing.T) {
	windows := []time.Duration{5 * time.Second, 10 * time.Minute}
	s := rate.New(windows)
	now := 0.0
	for i := range 4000 {
		now += []float64{0.06, 0.95}[i%2]
		s.Add(at(now, 10*min(now, 1500), 0))
	}
	check(t, s, time.Duration(now*float64(time.Second)), 10*time.Minute, 10*(1500-(now-600))/600)
}

// FuzzSeries adds any readings: a rate is never negative or infinite, and never
// above the steepest growth between two readings.
func FuzzSeries(f *testing.F) {
	f.Add([]byte{3, 0, 30, 0, 3, 0, 60, 1, 3, 0, 90, 2, 3, 0, 120, 3, 3, 0, 1, 4})
	f.Add([]byte{200, 1, 255, 255, 0, 0, 0, 0, 9, 200, 7, 7})
	f.Fuzz(func(t *testing.T, data []byte) {
		windows := []time.Duration{2 * time.Second, 30 * time.Second}
		s := rate.New(windows)
		now, taken := time.Duration(0), -time.Hour
		own, steepest, before := 0.0, 0.0, math.Inf(1)
		for ; len(data) >= 4; data = data[4:] {
			pause := time.Duration(data[0])*100*time.Millisecond + time.Millisecond
			now += pause
			total := float64(binary.BigEndian.Uint16(data[1:3]))
			own += float64(data[3])
			began := now - time.Duration(data[3])*50*time.Millisecond
			s.Add(rate.Reading{Began: began, At: now, Total: total, Own: own})
			if began >= taken {
				taken = now
				steepest = max(steepest, (total-min(before, total))/pause.Seconds())
				before = total
			}
			for _, w := range windows {
				got, known := s.PerSecond(now, w)
				if known && (math.IsNaN(got) || math.IsInf(got, 0) || got < 0 || got > steepest*(1+1e-9)) {
					t.Fatalf("%v requests per second over %v; at most %v in one step", got, w, steepest)
				}
				if _, known := s.PerSecond(now+w+2*rate.Interval(windows)+1, w); known {
					t.Fatalf("a rate over %v is known long after the newest reading", w)
				}
			}
		}
	})
}
