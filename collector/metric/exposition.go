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

// exposed is a family and the tables that have a row of it.
type exposed struct {
	Family
	rows []tableRow
}

// tableRow is a row of a table, and all blocks of that table.
type tableRow struct {
	blocks *[]startedBlock
	row    int
}

// startedBlock is a block, and when the server that it is about started.
type startedBlock struct {
	block
	start float64
}

// families returns what there is, sorted by name. Tables with a family of the
// same name share its header, that of the first one.
func (e *Exposition) families() []exposed {
	tables := map[any]*[]startedBlock{}
	var families []exposed
	places := map[string]int{} // of families, by name
	for _, b := range e.batches {
		for _, block := range b.blocks {
			blocks, known := tables[block.id()]
			if known {
				*blocks = append(*blocks, startedBlock{block, b.Start})
				continue
			}
			blocks = &[]startedBlock{{block, b.Start}}
			tables[block.id()] = blocks
			for row, f := range block.families() {
				place, known := places[f.Name]
				if !known {
					place = len(families)
					places[f.Name] = place
					families = append(families, exposed{Family: f})
				}
				families[place].rows = append(families[place].rows, tableRow{blocks, row})
			}
		}
	}
	slices.SortFunc(families, func(a, b exposed) int { return strings.Compare(a.Name, b.Name) })
	return families
}
