package collector

import (
	"context"

	"nginx-exporter/client"
)

// exporterSource marks metrics that speak of the exporter, not of nginx.
const exporterSource = "exporter"

// source is one nginx object that is fetched by itself, so that it can fail by
// itself.
type source struct {
	name string
	// fetch reads the object from the target and binds its rows. It adds
	// nothing if it fails. Its errors are of type *client.Error.
	fetch func(ctx context.Context, t *target, bind *binder) error
}

// sources lists what is read from a target. A new nginx object is one src_
// file and one line here.
func sources(tables *tables) []source {
	return []source{
		stubStatusSource(tables),
	}
}

// tables are the metrics of everything that a page can hold.
type tables struct {
	up         *table[targetState]
	requests   *table[targetState]
	source     *table[sourceState]
	errors     *table[errorCount]
	dropped    *table[dropCount]
	serverInfo *table[serverInfo]
	stubStatus *table[client.StubStatus]
	build      *table[buildInfo]
	reload     *table[Reload]
	process    *table[processState]
}

func newTables() *tables {
	t := &tables{
		up:         upTable(),
		requests:   requestsTable(),
		source:     sourceTable(),
		errors:     errorTable(),
		dropped:    droppedTable(),
		serverInfo: serverInfoTable(),
		stubStatus: stubStatusTable(),
		build:      buildTable(),
		reload:     reloadTable(),
		process:    processTable(),
	}
	for i, table := range t.all() {
		table.number(i)
	}
	return t
}

// layouts places the labels of a target around those of every table, by the
// tables' numbers.
func (t *tables) layouts(target []Label) []*layout {
	all := t.all()
	layouts := make([]*layout, len(all))
	for i, table := range all {
		layouts[i] = table.layout(target)
	}
	return layouts
}

// all lists the tables in no particular order; a page sorts families by name.
func (t *tables) all() []anyTable {
	return []anyTable{
		t.up, t.requests, t.source, t.errors, t.dropped, t.serverInfo, t.stubStatus,
		t.build, t.reload, t.process,
	}
}

// binder gathers the blocks of one target while its sources are read.
type binder struct {
	layouts []*layout // by the tables' numbers
	blocks  []tableBlock
	dropped Dropped
}

// tableBlock is a block and the number of the table that it belongs to.
type tableBlock struct {
	table int
	block block
}

// addTo binds objects to their table.
func addTo[T any](b *binder, t *table[T], objects ...T) {
	b.blocks = append(b.blocks, tableBlock{t.index, t.bind(b.layouts[t.index], &b.dropped, objects...)})
}
