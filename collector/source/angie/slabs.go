package angie

import (
	"nginx-exporter/client/angie"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func slabsPart() *part {
	pages, slots := slabTable(), slotTable()
	return newPart(on("slabs", "shared memory zone usage of Angie"), "slabs",
		func(s *source.Selection, b *metric.Batch, zones *angie.Slabs) {
			selected := source.Select(&s.Zones, zones.All, func(z *angie.Slab) []string { return []string{z.Name} })
			metric.Add(b, pages, selected...)
			metric.Add(b, slots, slotsOf(selected)...)
		}, pages, slots)
}

func slabTable() *metric.Table[*angie.Slab] {
	type doc = *angie.Slab
	return metric.NewTable("/status/slabs/", "angie_slabs_pages_", []metric.Row[doc]{
		metric.Gauge("free", "Free memory pages of the shared memory zone.",
			func(z doc) value.Value { return z.PagesFree }),
		metric.Gauge("used", "Used memory pages of the shared memory zone.",
			func(z doc) value.Value { return z.PagesUsed }),
	}, metric.LabelFrom("zone", func(z doc) string { return z.Name }))
}

// slot is one slot size of one zone.
type slot struct {
	zone string
	*angie.Slot
}

func slotsOf(zones []*angie.Slab) []*slot {
	var slots []*slot
	for _, z := range zones {
		for i := range z.Slots {
			slots = append(slots, &slot{z.Name, &z.Slots[i]})
		}
	}
	return slots
}

func slotTable() *metric.Table[*slot] {
	return metric.NewTable("/status/slabs/", "angie_slabs_pages_slots_", []metric.Row[*slot]{
		metric.Counter("fails", "Failed memory allocations by slot size in bytes.",
			func(s *slot) value.Value { return s.Failures }),
		metric.Gauge("free", "Free memory slots by slot size in bytes.",
			func(s *slot) value.Value { return s.Free }),
		metric.Counter("reqs", "Requested memory allocations by slot size in bytes.",
			func(s *slot) value.Value { return s.Requests }),
		metric.Gauge("used", "Used memory slots by slot size in bytes.",
			func(s *slot) value.Value { return s.Used }),
	},
		metric.LabelFrom("size", func(s *slot) string { return s.Size }),
		metric.LabelFrom("zone", func(s *slot) string { return s.zone })).SinceStart()
}
