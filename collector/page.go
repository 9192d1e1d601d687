package collector

import (
	"sync"

	dto "github.com/prometheus/client_model/go"
)

// Page is what one scrape shows. Everything in it is bound before anything is
// rendered, so a page is never half of one.
type Page struct {
	collector *Collector
	blocks    [][]tableBlock      // by the tables' numbers
	process   []*dto.MetricFamily // of MetricsFull
}

func (c *Collector) newPage() *Page {
	return &Page{collector: c, blocks: make([][]tableBlock, len(c.layouts))}
}

func (p *Page) add(blocks []tableBlock) {
	for _, b := range blocks {
		p.blocks[b.table.index] = append(p.blocks[b.table.index], b)
	}
}

// addReport adds what nginx said, and whether it said it.
func (p *Page) addReport(t *target, r *report) {
	bind := &binder{layouts: t.layouts, blocks: r.blocks}
	addTo(bind, t.tables.up, &targetState{up: r.up})
	if r.plus {
		addTo(bind, t.tables.plusUp, &targetState{up: r.up})
	}
	addTo(bind, t.tables.source, r.sources...)
	addTo(bind, t.tables.endpoint, r.endpoints...)
	p.add(bind.blocks)
}

// addTally adds what was counted over the life of the target.
func (p *Page) addTally(t *target, r *report) {
	bind := &binder{layouts: t.layouts}
	addTo(bind, t.tables.requests, &targetState{requests: r.requests})
	addTo(bind, t.tables.errors, r.errors...)
	addTo(bind, t.tables.dropped, r.dropped...)
	p.add(bind.blocks)
}

// Rows returns about how many lines the page has, without making them.
func (p *Page) Rows() int {
	rows := 0
	for i := range p.collector.families {
		for _, b := range p.blocks[p.collector.families[i].table] {
			rows += b.block.length()
		}
	}
	return rows
}

// buffers lends the buffers that pages are rendered into.
type buffers struct{ pool sync.Pool }

// maxKept is the largest buffer that is kept for the next page.
const maxKept = 4 * flushAt

func (b *buffers) get() *[]byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return buffer
	}
	const usual = 8 << 10 // more than a sidecar's page
	buffer := make([]byte, 0, usual)
	return &buffer
}

func (b *buffers) put(buffer *[]byte) {
	if cap(*buffer) <= maxKept {
		*buffer = (*buffer)[:0]
		b.pool.Put(buffer)
	}
}
