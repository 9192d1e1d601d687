package api

import (
	"slices"
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Slab is one shared memory zone.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_slab_zone and
// https://en.angie.software/angie/docs/configuration/modules/http/http_api/#slabs-zone.
type Slab struct {
	Name      string
	PagesUsed value.Value
	PagesFree value.Value
	Slots     []Slot
}

// Slot is the memory of a zone for allocations of one size. nginx does not lock
// the zone to read it: Used and Free are absent if they are below zero.
type Slot struct {
	Zone     string
	Size     string // bytes
	Used     value.Value
	Free     value.Value
	Requests value.Value
	Failures value.Value
}

// Slabs are all shared memory zones.
type Slabs = List[Slab, *Slab]

// SlotsOf lists the slots of zones.
func SlotsOf(zones []*Slab) []*Slot {
	var slots []*Slot
	for _, z := range zones {
		for i := range z.Slots {
			slots = append(slots, &z.Slots[i])
		}
	}
	return slots
}

// SetName sets the name of the zone.
func (z *Slab) SetName(name string) { z.Name = name }

// Decode reads the zone, which is the next value of d.
func (z *Slab) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "pages":
			z.decodePages(d)
		case "slots":
			z.decodeSlots(d)
		default:
			d.Skip()
		}
	}
}

func (z *Slab) decodePages(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "used":
			z.PagesUsed = d.Gauge()
		case "free":
			z.PagesFree = d.Gauge()
		default:
			d.Skip()
		}
	}
}

// maxSlots bounds the slot sizes of a zone. nginx has nine.
const maxSlots = 64

func (z *Slab) decodeSlots(d *document.Reader) {
	slots := make([]Slot, 0, 16)
	for name := range d.Members() {
		slot := Slot{Zone: z.Name, Size: d.Keep(name)}
		slot.decode(d)
		switch i := slices.IndexFunc(slots, func(other Slot) bool { return other.Size == slot.Size }); {
		case i >= 0:
			slots[i] = slot
		case len(slots) < maxSlots && len(slot.Size) <= maxName:
			slots = append(slots, slot)
		default:
			d.MarkInvalid()
		}
	}
	d.Charge(len(slots) * int(unsafe.Sizeof(Slot{})))
	z.Slots = nil
	if len(slots) > 0 {
		z.Slots = slices.Clone(slots) // without unused capacity
	}
}

func (z *Slot) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "used":
			z.Used = d.Gauge()
		case "free":
			z.Free = d.Gauge()
		case "reqs":
			z.Requests = d.Count()
		case "fails":
			z.Failures = d.Count()
		default:
			d.Skip()
		}
	}
}
