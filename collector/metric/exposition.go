package metric

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// Exposition is what one response shows: batches that are complete before
// anything is rendered.
type Exposition struct {
	batches  []*Batch
	gathered []*dto.MetricFamily
}

// Add adds a batch, which must not change any more.
func (e *Exposition) Add(b *Batch) { e.batches = append(e.batches, b) }

// AddGathered adds families that client_golang gathered. No batch may have one
// of these names. The text format has them at its end.
func (e *Exposition) AddGathered(families []*dto.MetricFamily) {
	e.gathered = append(e.gathered, families...)
}

// Rows estimates how many series there are, without making them.
func (e *Exposition) Rows() int {
	rows := 0
	for _, b := range e.batches {
		for _, block := range b.blocks {
			rows += block.size() * len(block.families())
		}
	}
	return rows
}

// exposedRow is a row of a table, and all blocks of that table.
type exposedRow struct {
	family *Family
	row    int
	blocks *[]startedBlock
}

// startedBlock is a block, and when the server that it is about started.
type startedBlock struct {
	block
	start float64
}

// rows returns the rows of all tables, sorted by the name of their family.
// Tables with a family of the same name share its header.
func (e *Exposition) rows() []exposedRow {
	var rows []exposedRow
	tables := map[any]*[]startedBlock{}
	for _, b := range e.batches {
		for _, block := range b.blocks {
			blocks, known := tables[block.id()]
			if known {
				*blocks = append(*blocks, startedBlock{block, b.Start})
				continue
			}
			blocks = &[]startedBlock{{block, b.Start}}
			tables[block.id()] = blocks
			families := block.families()
			for i := range families {
				rows = append(rows, exposedRow{&families[i], i, blocks})
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b exposedRow) int { return strings.Compare(a.family.Name, b.family.Name) })
	return rows
}
