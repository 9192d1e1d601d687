package collector

import "slices"

// limited returns what the target shows of its results, and how many series
// are above its limit.
func (t *target) limited(r *round) (blocks []tableBlock, dropped int) {
	left := r.choice.maxSeries
	created := 0.0
	if nginx := r.parts[t.tables.number("nginx")].result; nginx != nil && nginx.err == nil {
		created = nginx.bind.started
	}
	for i := range r.parts {
		if r.parts[i].result == nil {
			continue
		}
		for _, b := range r.parts[i].result.bind.blocks {
			if b.table.sinceStart {
				b.created = created
			}
			if r.choice.maxSeries > 0 {
				var over int
				b.block, over = b.block.limit(left)
				left -= b.block.series()
				dropped += over
			}
			blocks = append(blocks, b)
		}
	}
	return slices.Clip(blocks), dropped
}

func (t *target) overLimit(r *round) float64 {
	if r.choice.maxSeries == 0 {
		return 0
	}
	_, dropped := t.limited(r)
	return float64(dropped)
}
