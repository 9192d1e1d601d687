package accesslog

import (
	"nginx-exporter/client/accesslog"
	"nginx-exporter/collector/metric"
)

// counts is what was counted of one log.
type counts struct {
	format     *accesslog.Format
	exclusions []exclusion
	requests   []*table // count each request
	attempts   []*table // count each attempt of a request
	recent     *recent  // nil without windows
	maxSets    int

	sets  int   // in all tables, without those of other values
	since int64 // when the batch before was counted, or exposed, in Unix milliseconds: new sets were 0 then
	now   int64 // of the batch

	parsed   uint64
	failed   uint64
	excluded uint64
	limited  uint64

	record accesslog.Record
	line   line
}

// add counts a line. It reports whether it has the format.
func (c *counts) add(text []byte) bool {
	if err := c.format.Parse(text, &c.record); err != nil {
		c.failed++
		return false
	}
	c.parsed++
	for i := range c.exclusions {
		if c.exclusions[i].matches(&c.record) {
			c.excluded++
			return true
		}
	}
	l := &c.line
	l.Record, l.Attempt, l.limited = &c.record, nil, false
	if c.recent != nil {
		c.recent.add(&c.record)
	}
	for _, t := range c.requests {
		t.count(l, c)
	}
	if n := len(c.record.Attempts); n > 0 {
		l.last = c.record.Attempts[n-1].Group
		for i := range n {
			l.Attempt = &c.record.Attempts[i]
			for _, t := range c.attempts {
				t.count(l, c)
			}
		}
	}
	if l.limited {
		c.limited++
	}
	return true
}

// expire removes what was not counted since a time.
func (c *counts) expire(before int64) {
	for _, t := range append(c.requests[:len(c.requests):len(c.requests)], c.attempts...) {
		t.expire(before, c)
	}
}

// addTo adds all series to a batch.
func (c *counts) addTo(b *metric.Batch) {
	for _, t := range c.requests {
		t.addTo(b)
	}
	for _, t := range c.attempts {
		t.addTo(b)
	}
}
