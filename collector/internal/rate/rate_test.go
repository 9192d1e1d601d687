package rate_test

import (
	"math"
	"testing"
	"time"

	"nginx-exporter/collector/internal/rate"
)

const window = 15 * time.Second

// at is a reading that took no time.
func at(seconds, total, own float64) rate.Reading {
	when := time.Duration(seconds * float64(time.Second))
	return rate.Reading{Began: when, At: when, Total: total, Own: own}
}

// unknown means that no rate is expected.
const unknown = -1.0

func check(tb testing.TB, s *rate.Series, now, window time.Duration, want float64) {
	tb.Helper()
	got, known := s.PerSecond(now, window)
	switch {
	case known == (want == unknown):
		tb.Errorf("at %v over %v: known %v (%v); want %v", now, window, known, got, want)
	case known && math.Abs(got-want) > 1e-9*max(1, math.Abs(want)):
		tb.Errorf("at %v over %v: %v requests per second; want %v", now, window, got, want)
	}
}

func TestInterval(t *testing.T) {
	for want, windows := range map[time.Duration][]time.Duration{
		time.Second:             {time.Second},
		1200 * time.Millisecond: {time.Minute, 6 * time.Second},
		3 * time.Second:         {15 * time.Second},
		12 * time.Second:        {10 * time.Minute, time.Minute},
		15 * time.Second:        {10 * time.Minute},
	} {
		if got := rate.Interval(windows); got != want {
			t.Errorf("%v is read every %v; want %v", windows, got, want)
		}
	}
}

func TestPerSecond(t *testing.T) {
	for name, c := range map[string]struct {
		readings []rate.Reading
		now      float64 // seconds; 0 is the time of the last reading
		want     float64
	}{
		"nothing":                 {nil, 1, unknown},
		"one reading":             {[]rate.Reading{at(1, 100, 1)}, 0, unknown},
		"less than half":          {[]rate.Reading{at(0, 0, 0), at(3, 30, 0), at(7.4, 74, 0)}, 0, unknown},
		"half":                    {[]rate.Reading{at(0, 0, 0), at(3, 30, 0), at(7.5, 75, 0)}, 0, 10},
		"idle is zero":            {[]rate.Reading{at(0, 7, 0), at(8, 7, 0)}, 0, 0},
		"own requests":            {[]rate.Reading{at(0, 100, 50), at(10, 150, 60)}, 0, 4},
		"nothing but own":         {[]rate.Reading{at(0, 100, 50), at(4, 101, 52), at(8, 104, 54)}, 0, 0},
		"own, counted too soon":   {[]rate.Reading{at(0, 100, 0), at(4, 100, 4), at(8, 108, 4)}, 0, 0.5},
		"only the window":         {[]rate.Reading{at(0, 0, 0), at(15, 1500, 0), at(30, 1650, 0)}, 0, 10},
		"a part of a step":        {[]rate.Reading{at(0, 0, 0), at(10, 1000, 0), at(20, 1000, 0)}, 0, 500.0 / 15},
		"late by its real time":   {[]rate.Reading{at(0, 0, 0), at(3, 30, 0), at(15, 150, 0)}, 0, 10},
		"restart":                 {[]rate.Reading{at(0, 1000, 0), at(6, 1060, 0), at(9, 4, 0), at(12, 34, 0)}, 0, 10},
		"restart, little known":   {[]rate.Reading{at(0, 1000, 0), at(9, 9, 0), at(12, 39, 0)}, 0, unknown},
		"restart to a high count": {[]rate.Reading{at(0, 1e9, 0), at(6, 1e9+60, 0), at(9, 9e8, 0), at(15, 9e8+60, 0)}, 0, 10},
		"two that respond in turns": {[]rate.Reading{
			at(0, 1e9, 0), at(3, 20, 0), at(6, 1e9+60, 0), at(9, 40, 0), at(12, 1e9+90, 0), at(15, 60, 0),
		}, 0, unknown},
		"upgrade": {[]rate.Reading{
			at(0, 1e6, 0), at(3, 1e6+30, 0), at(4, 5, 0), at(5, 1e6+40, 0), at(6, 15, 0), at(9, 45, 0), at(15, 105, 0),
		}, 0, 10},
		"grown above the old count": {[]rate.Reading{
			at(0, 50, 0), at(3, 5, 0), at(6, 35, 0), at(9, 65, 0), at(12, 95, 0), at(15, 125, 0), at(18, 155, 0),
		}, 0, 10},
		"fresh":                     {[]rate.Reading{at(0, 0, 0), at(10, 100, 0)}, 25, 10},
		"stale":                     {[]rate.Reading{at(0, 0, 0), at(10, 100, 0)}, 25.1, unknown},
		"silent longer":             {[]rate.Reading{at(0, 0, 0), at(15, 150, 0), at(31, 160, 0)}, 0, unknown},
		"silent longer, back":       {[]rate.Reading{at(0, 0, 0), at(15, 1500, 0), at(31, 1510, 0), at(39, 1590, 0)}, 0, 10},
		"at the same time":          {[]rate.Reading{at(0, 0, 0), at(10, 100, 0), at(10, 999, 0)}, 0, 10},
		"a clock that goes back":    {[]rate.Reading{at(0, 0, 0), at(10, 100, 0), at(9, 999, 0)}, 10, 10},
		"no number":                 {[]rate.Reading{at(0, 0, 0), at(5, math.NaN(), 0), at(6, math.Inf(1), 0), at(10, 100, 0)}, 0, 10},
		"above 2^53, as floats are": {[]rate.Reading{at(0, 1<<60, 0), at(10, 1<<60+1<<20, 0)}, 0, 1 << 20 / 10.0},
	} {
		t.Run(name, func(t *testing.T) {
			s := rate.New([]time.Duration{window})
			for _, r := range c.readings {
				s.Add(r)
			}
			now := time.Duration(c.now * float64(time.Second))
			if now == 0 {
				now = c.readings[len(c.readings)-1].At
			}
			check(t, s, now, window, c.want)
		})
	}
}

// The responses of two overlapping readings may arrive in another order than
// nginx counted them, which looks like a reset of the counter.
func TestReadingsThatOverlap(t *testing.T) {
	s := rate.New([]time.Duration{window})
	s.Add(at(0, 1000, 0))
	s.Add(rate.Reading{Began: 9 * time.Second, At: 10 * time.Second, Total: 1100})
	s.Add(rate.Reading{Began: 9 * time.Second, At: 10500 * time.Millisecond, Total: 2000})
	check(t, s, 11*time.Second, window, 10)
	s.Add(rate.Reading{Began: 9 * time.Second, At: 11 * time.Second, Total: 1090})
	check(t, s, 11*time.Second, window, 10)
	s.Add(rate.Reading{Began: 10 * time.Second, At: 12 * time.Second, Total: 1120})
	check(t, s, 12*time.Second, window, 10)
}

// If readings are as far apart as the window is long, a small delay must not make
// the rate unknown.
func TestSecondWindow(t *testing.T) {
	s := rate.New([]time.Duration{time.Second})
	for i := range 10 {
		s.Add(at(1.1*float64(i), 11*float64(i), 0))
	}
	check(t, s, 11900*time.Millisecond, time.Second, 10)
	check(t, s, 11901*time.Millisecond, time.Second, unknown)
}

func TestWindowsTogether(t *testing.T) {
	windows := []time.Duration{time.Minute, 15 * time.Second, 10 * time.Minute}
	s := rate.New(windows)
	total := 0.0
	for second := 0.0; second <= 1200; second += 3 {
		s.Add(at(second, total, 0))
		if total += 30; second >= 1200-60 {
			total += 30
		}
	}
	check(t, s, 1200*time.Second, 15*time.Second, 20)
	check(t, s, 1200*time.Second, time.Minute, 20)
	check(t, s, 1200*time.Second, 10*time.Minute, 11)
}

func TestCloneAndEmpty(t *testing.T) {
	s := rate.New([]time.Duration{window})
	s.Add(at(0, 0, 0))
	s.Add(at(10, 100, 0))
	s.Add(at(11, 110, 0))
	clone, empty := s.Clone(), s.Empty()
	clone.Add(at(12, 100000, 0))
	check(t, s, 11*time.Second, window, 10)
	check(t, clone, 12*time.Second, window, 100000.0/12)
	check(t, empty, 10*time.Second, window, unknown)
	empty.Add(at(20, 5, 0))
	empty.Add(at(30, 15, 0))
	check(t, empty, 30*time.Second, window, 1)
}
