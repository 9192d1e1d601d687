package config

import (
	"slices"
	"testing"
	"time"
)

func TestRateWindows(t *testing.T) {
	var nine []time.Duration
	for i := range 9 {
		nine = append(nine, time.Duration(i+1)*time.Second)
	}
	for _, c := range []struct {
		windows []time.Duration
		want    string // empty if they are fine
	}{
		{nil, ""},
		{[]time.Duration{time.Second, 10 * time.Minute, 15 * time.Second, 90 * time.Second}, ""},
		{nine[:8], ""},
		{nine, "--rate.window: 9 windows given, at most 8"},
		{[]time.Duration{0}, "--rate.window: 0s is not between 1s and 10m0s"},
		{[]time.Duration{-time.Second}, "--rate.window: -1s is not between"},
		{[]time.Duration{999 * time.Millisecond}, "--rate.window: 999ms is not between"},
		{[]time.Duration{time.Minute, 10*time.Minute + time.Second}, "--rate.window: 10m1s is not between"},
		{[]time.Duration{1500 * time.Millisecond}, "--rate.window: 1.5s is not a whole number of seconds"},
		{[]time.Duration{time.Minute, time.Second, time.Minute}, "--rate.window: 1m0s is given twice"},
	} {
		config := flags()
		config.Rate.Windows = c.windows
		settings, err := config.Validate()
		switch {
		case c.want != "":
			checkError(t, "windows", err, c.want)
		case err != nil:
			t.Errorf("%v: %v", c.windows, err)
		case !slices.Equal(settings.CollectorOptions().RateWindows, c.windows):
			t.Errorf("%v became %v", c.windows, settings.CollectorOptions().RateWindows)
		}
	}
}
