package metric

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// Exposition is the content of one response. Its batches are complete before it
// is rendered.
type Exposition struct {
	batches  []*Batch
	gathered []*dto.MetricFamily
}

// Add adds a batch, which must not be changed later.
func (e *Exposition) Add(b *Batch) { e.batches = append(e.batches, b) }

// AddGathered adds families that client_golang gathered. No batch may have a
// family of the same name. They come last in the text format.
func (e *Exposition) AddGathered(families []*dto.MetricFamily) {
	e.gathered = append(e.gathered, families...)
}

// Rows returns the number of objects times rows, as an estimate of the number of
// series.
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

// startedBlock is a block and the start time of its server.
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
