package collector

import (
	"context"
	"slices"

	"nginx-exporter/client"
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// exporterSource marks metrics that speak of the exporter, not of nginx.
const exporterSource = "exporter"

// apiSource is the name under which the NGINX Plus API as a whole fails: its
// versions, and its lists of what there is.
const apiSource = "api"

// source is one nginx object that is fetched by itself, so that it can fail by
// itself. It can also be a detail of another one, which costs no request.
type source struct {
	name  string
	about string // what it brings, for the help of its flag
	optIn bool   // it is off unless somebody asks for it

	// path is where the NGINX Plus API has the object, below its version. It
	// is empty for everything else.
	path string

	// tables are the metrics of the object.
	tables []anyTable

	// fetch reads the object and binds its rows. It adds nothing if it fails.
	// Its errors are of type *client.Error. It is nil for a detail.
	fetch func(ctx context.Context, ask asker, bind *binder) error
}

// asker is how a source reaches its target.
type asker struct {
	client *client.Client
	api    *plus.API
	index  *plus.Index // nil for stub_status
}

// newSources lists what is read from targets. A new nginx object is one src_
// file and one line here.
func newSources(o *Options) []source {
	return slices.Concat(
		stubStatusSource(),
		apiSources(),
		plusNginxSource(),
		plusProcessesSource(),
		plusConnectionsSource(),
		plusSlabsSource(),
		plusRequestsSource(),
		plusServerZonesSource(o),
		plusLocationZonesSource(o),
		plusCachesSource(),
		plusLimitsSource(),
		plusUpstreamsSource(o),
		plusStreamZonesSource(),
		plusStreamUpstreamsSource(o),
		plusKeyvalsSource(),
		plusZoneSyncSource(),
		plusResolversSource(),
		plusTLSSource(),
		plusLicenseSource(),
		plusWorkersSource(),
	)
}

// tables are the metrics of everything that a page can hold.
type tables struct {
	up       *table[*targetState]
	plusUp   *table[*targetState]
	requests *table[*targetState]
	source   *table[*sourceState]
	endpoint *table[*sourceState]
	errors   *table[*errorCount]
	dropped  *table[*dropCount]
	build    *table[*buildInfo]
	reload   *table[*Reload]
	process  *table[*processState]
	rate     *table[*rateState]
	plusRate *table[*rateState]

	sources []source
	numbers map[string]int // of the sources, by their names
	all     []anyTable     // in no particular order; a page sorts families by name
}

func newTables(o *Options) *tables {
	t := &tables{
		up:       upTable("nginx_", "Whether the last scrape of nginx succeeded (1) or not (0)."),
		plusUp:   upTable("nginxplus_", "Whether the last scrape of the NGINX Plus API succeeded (1) or not (0)."),
		requests: requestsTable(),
		source:   sourceTable(),
		endpoint: endpointTable(),
		errors:   errorTable(),
		dropped:  droppedTable(),
		build:    buildTable(),
		reload:   reloadTable(),
		process:  processTable(),
		rate:     rateTable("nginx_", stubStatusName),
		plusRate: rateTable("nginxplus_", "/http/requests"),
		sources:  newSources(o),
	}
	t.all = []anyTable{
		t.up, t.plusUp, t.requests, t.source, t.endpoint, t.errors, t.dropped,
		t.build, t.reload, t.process, t.rate, t.plusRate,
	}
	t.numbers = map[string]int{}
	for i, s := range t.sources {
		t.all = append(t.all, s.tables...)
		t.numbers[s.name] = i
	}
	for i, table := range t.all {
		table.number(i)
	}
	return t
}

// number returns the place of the source of that name, which must be there.
func (t *tables) number(name string) int { return t.numbers[name] }

// layouts places the labels of a target around those of every table, by the
// tables' numbers.
func (t *tables) layouts(target []Label) []*layouts {
	placed := make([]*layouts, len(t.all))
	for i, table := range t.all {
		placed[i] = table.layouts(target)
	}
	return placed
}

// binder gathers the blocks of one source while it is read.
type binder struct {
	layouts []*layouts // by the tables' numbers
	choice  *choice
	blocks  []tableBlock
	dropped Dropped

	// Of the document nginx, for what belongs to the target as a whole.
	generation string
	started    float64 // Unix seconds, 0 if that is not known

	requests value.Value // that nginx has counted so far, if this source tells
}

// tableBlock is a block and what it belongs to.
type tableBlock struct {
	table *tableHead
	block block
	// created is when the counters of the block began at zero, in Unix
	// seconds; 0 if that is not known.
	created float64
}

// addTo binds objects to their table.
func addTo[T any](b *binder, t *table[T], objects ...T) {
	b.blocks = append(b.blocks, tableBlock{table: &t.tableHead, block: t.bind(b.layouts[t.index], &b.dropped, objects...)})
}
