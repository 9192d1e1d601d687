package plus

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func slabsDocument() *document {
	const detail = "slab_slots"
	pages, slots := slabTable(), slotTable()
	return newDocument(on("slabs", "shared memory zone usage"), "slabs",
		func(r *request, b *metric.Batch, zones *api.Slabs) {
			selected := source.Select(&r.selection.Zones, zones.All, func(z *api.Slab) []string { return []string{z.Name} })
			metric.Add(b, pages, selected...)
			if r.selection.Enabled(detail) {
				metric.Add(b, slots, api.SlotsOf(selected)...)
			}
		}, pages, slots).withDetail(detail, "shared memory zone usage by slot size (27 series per zone)")
}

func slabTable() *metric.Table[*api.Slab] {
	type doc = *api.Slab
	return metric.NewTable("/slabs/", "nginxplus_slab_", []metric.Row[doc]{
		metric.Gauge("pages_free", "Free memory pages of the shared memory zone.",
			func(z doc) value.Value { return z.PagesFree }),
		metric.Gauge("pages_used", "Used memory pages of the shared memory zone.",
			func(z doc) value.Value { return z.PagesUsed }),
		metric.DynamicVec(metric.KindCounter, "slots_fails_total", "Failed memory allocations by slot size in bytes; slots without any are omitted.",
			"slot", func(to []metric.Series, z doc) []metric.Series {
				for i := range z.Slots {
					if z.Slots[i].Failures.Float() > 0 {
						to = append(to, metric.Series{Label: z.Slots[i].Size, Value: z.Slots[i].Failures})
					}
				}
				return to
			}),
	}, metric.LabelFrom("zone", func(z doc) string { return z.Name })).SinceStart()
}

func slotTable() *metric.Table[*api.Slot] {
	return metric.NewTable("/slabs/", "nginxplus_slab_slots_", []metric.Row[*api.Slot]{
		metric.Gauge("free", "Free memory slots by slot size in bytes.",
			func(s *api.Slot) value.Value { return s.Free }),
		metric.Counter("reqs_total", "Requested memory allocations by slot size in bytes.",
			func(s *api.Slot) value.Value { return s.Requests }),
		metric.Gauge("used", "Used memory slots by slot size in bytes.",
			func(s *api.Slot) value.Value { return s.Used }),
	},
		metric.LabelFrom("slot", func(s *api.Slot) string { return s.Size }),
		metric.LabelFrom("zone", func(s *api.Slot) string { return s.Zone })).SinceStart()
}
