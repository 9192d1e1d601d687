package client

import (
	"slices"

	"nginx-exporter/client/value"
)

// PlusSlab is one shared memory zone of /slabs.
type PlusSlab struct {
	Name      string
	PagesUsed value.Value
	PagesFree value.Value
	Slots     []PlusSlot
}

// PlusSlot is the memory of a zone for pieces up to one size. Used and Free
// can be below zero: nginx does not lock the zone to count them.
type PlusSlot struct {
	Size     string // bytes
	Used     value.Value
	Free     value.Value
	Requests value.Value
	Failures value.Value
}

// PlusSlabs is the document /slabs.
type PlusSlabs = PlusZones[PlusSlab, *PlusSlab]

func (z *PlusSlab) named(name string) { z.Name = name }

func (z *PlusSlab) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "pages":
			z.decodePages(s)
		case "slots":
			z.decodeSlots(s)
		default:
			s.skip()
		}
	}
}

// maxSlots bounds how many sizes of slots a zone may list. nginx has nine.
const maxSlots = 64

func (z *PlusSlab) decodeSlots(s *scanner) {
	slots := s.slots[:0]
	for name := range s.members() {
		slot := PlusSlot{Size: s.intern(name)}
		slot.decode(s)
		switch i := slices.IndexFunc(slots, func(other PlusSlot) bool { return other.Size == slot.Size }); {
		case i >= 0:
			slots[i] = slot
		case len(slots) < maxSlots:
			slots = append(slots, slot)
		default:
			s.unfit++
		}
	}
	z.Slots = s.slotMemory.keep(s, slots)
	s.slots = slots
}

func (z *PlusSlab) decodePages(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "used":
			z.PagesUsed = s.number()
		case "free":
			z.PagesFree = s.number()
		default:
			s.skip()
		}
	}
}

func (z *PlusSlot) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "used":
			z.Used = s.number()
		case "free":
			z.Free = s.number()
		case "reqs":
			z.Requests = s.count()
		case "fails":
			z.Failures = s.count()
		default:
			s.skip()
		}
	}
}
