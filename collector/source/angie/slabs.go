package angie

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func slabsPart() *part {
	pages, slots := slabTable(), slotTable()
	return newPart(on("slabs", "shared memory zone usage of Angie"), "slabs",
		func(s *source.Selection, b *metric.Batch, zones *api.Slabs) {
			selected := source.Select(&s.Zones, zones.All, func(z *api.Slab) []string { return []string{z.Name} })
			metric.Add(b, pages, selected...)
			metric.Add(b, slots, api.SlotsOf(selected)...)
		}, pages, slots)
}

func slabTable() *metric.Table[*api.Slab] {
	type doc = *api.Slab
	return metric.NewTable("/status/slabs/", "angie_slabs_pages_", []metric.Row[doc]{
		metric.Gauge("free", "Free memory pages of the shared memory zone.",
			func(z doc) value.Value { return z.PagesFree }),
		metric.Gauge("used", "Used memory pages of the shared memory zone.",
			func(z doc) value.Value { return z.PagesUsed }),
	}, metric.LabelFrom("zone", func(z doc) string { return z.Name }))
}

func slotTable() *metric.Table[*api.Slot] {
	return metric.NewTable("/status/slabs/", "angie_slabs_pages_slots_", []metric.Row[*api.Slot]{
		metric.Counter("fails", "Failed memory allocations by slot size in bytes.",
			func(s *api.Slot) value.Value { return s.Failures }),
		metric.Gauge("free", "Free memory slots by slot size in bytes.",
			func(s *api.Slot) value.Value { return s.Free }),
		metric.Counter("reqs", "Requested memory allocations by slot size in bytes.",
			func(s *api.Slot) value.Value { return s.Requests }),
		metric.Gauge("used", "Used memory slots by slot size in bytes.",
			func(s *api.Slot) value.Value { return s.Used }),
	},
		metric.LabelFrom("size", func(s *api.Slot) string { return s.Size }),
		metric.LabelFrom("zone", func(s *api.Slot) string { return s.Zone })).SinceStart()
}
