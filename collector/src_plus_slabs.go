package collector

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

func plusSlabsSource() []source {
	pages, slots := plusSlabTable(), plusSlotTable()
	return []source{
		plusSource("slabs", "slabs", "shared memory zones",
			func(_ asker, bind *binder, zones *plus.Slabs) {
				kept := keep(&bind.choice.zones, zones.All, func(z *plus.Slab) string { return z.Name })
				addTo(bind, pages, kept...)
				if bind.choice.wants("slab_slots") {
					addTo(bind, slots, slotsOf(kept)...)
				}
			}, pages),
		detail("slab_slots", "shared memory zones by size of slot, 27 series a zone", slots),
	}
}

func plusSlabTable() *table[*plus.Slab] {
	type doc = *plus.Slab
	return &table[doc]{
		source: "/slabs/",
		prefix: "nginxplus_slab_",
		rows: []row[doc]{
			gauge("pages_free", "Free memory pages of the shared memory zone.",
				func(z doc) value.Value { return z.PagesFree }),
			gauge("pages_used", "Used memory pages of the shared memory zone.",
				func(z doc) value.Value { return z.PagesUsed }),
			each(Counter, "slots_fails_total", "Allocations that failed, by size of the slot; slots without failures are left out.",
				"slot", func(to []series, z doc) []series {
					for i := range z.Slots {
						if z.Slots[i].Failures.Float() > 0 {
							to = append(to, series{label: z.Slots[i].Size, value: z.Slots[i].Failures})
						}
					}
					return to
				}),
		},
		labels: []string{"zone"},
		values: func(values []string, z doc) []string { return append(values, z.Name) },
	}
}

// slabSlot is one size of slots of one zone.
type slabSlot struct {
	zone string
	*plus.Slot
}

func slotsOf(zones []*plus.Slab) []*slabSlot {
	var slots []*slabSlot
	for _, z := range zones {
		for i := range z.Slots {
			slots = append(slots, &slabSlot{z.Name, &z.Slots[i]})
		}
	}
	return slots
}

func plusSlotTable() *table[*slabSlot] {
	return &table[*slabSlot]{
		source: "/slabs/",
		prefix: "nginxplus_slab_slots_",
		rows: []row[*slabSlot]{
			gauge("free", "Free slots of the size, in bytes, of the shared memory zone.",
				func(s *slabSlot) value.Value { return s.Free }),
			counter("reqs_total", "Allocations asked of slots of the size.",
				func(s *slabSlot) value.Value { return s.Requests }),
			gauge("used", "Used slots of the size, in bytes, of the shared memory zone.",
				func(s *slabSlot) value.Value { return s.Used }),
		},
		labels: []string{"slot", "zone"},
		values: func(values []string, s *slabSlot) []string { return append(values, s.Size, s.zone) },
	}
}
