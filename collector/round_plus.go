package collector

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/plus"
)

// atOnce is how many documents of one target are read at the same time. nginx
// answers them one after another anyway; more than one so that a document that
// takes long does not hold up the others.
const atOnce = 6

// softShare is the part of the time-out after which a document that is not
// there yet is given up, so that the others leave in time.
const softShare = 0.8

// runPlus reads the NGINX Plus API.
func (t *target) runPlus(r *round) {
	t.mu.Lock()
	r.plus, t.plus = true, true
	t.mu.Unlock()
	ctx, cancel := context.WithDeadline(r.ctx, r.began.Add(time.Duration(softShare*float64(t.options.Client.Timeout))))
	defer cancel()
	index := t.readIndex(ctx, r)
	if index == nil {
		return
	}
	t.readAll(ctx, r, index)
	if gone := t.gone(r); gone || t.moved(r) {
		// The lists are those of another configuration, or of another nginx.
		t.api.InvalidateIndex()
		if now := t.readIndex(ctx, r); now != nil {
			if gone && now.Version != index.Version {
				t.again(r)
			}
			t.readAll(ctx, r, now)
		}
	}
	t.tellPlus(r)
}

// readIndex finds out what the API offers, and reports on it as a source of
// its own.
func (t *target) readIndex(ctx context.Context, r *round) *plus.Index {
	i := t.tables.number(apiSource)
	t.ask(r, i)
	began := time.Now()
	index, err := t.api.Index(ctx)
	result := &result{bind: &binder{}, err: err, duration: time.Since(began)}
	t.enter(r, i, result, err != nil)
	if err != nil && client.ReasonOf(err) == client.ReasonParse {
		// It may have become another page since it was recognised.
		t.mu.Lock()
		t.plus = t.options.Client.Mode == client.ModePlus
		t.mu.Unlock()
	}
	return index
}

// readAll reads every source of the index that has no result yet.
func (t *target) readAll(ctx context.Context, r *round, index *plus.Index) {
	var work []int
	t.mu.Lock()
	for i, s := range t.tables.sources {
		part := &r.parts[i]
		if s.path == "" {
			continue
		}
		if !index.Has(s.path) {
			*part = part.without()
			continue
		}
		if part.result == nil && (r.choice.wants(s.name) || s.path == "nginx") {
			part.asked = true
			work = append(work, i)
		}
	}
	t.mu.Unlock()
	queue := make(chan int, len(work))
	for _, i := range work {
		queue <- i
	}
	close(queue)
	var group sync.WaitGroup
	for range min(atOnce, len(work)) {
		group.Go(func() {
			for i := range queue {
				t.readOne(ctx, r, i, index)
			}
		})
	}
	group.Wait()
}

func (t *target) readOne(ctx context.Context, r *round, i int, index *plus.Index) {
	result := t.readWithin(ctx, r, i, asker{client: t.client, api: t.api, index: index})
	path := t.tables.sources[i].path
	if e := (*client.Error)(nil); errors.As(result.err, &e) && e.Status == http.StatusNotFound {
		t.doubtLists(path)
		if !index.Lists(path) {
			t.mu.Lock()
			r.parts[i] = r.parts[i].without()
			t.mu.Unlock()
			return
		}
	}
	t.finish(r, i, result)
}

// doubtLists has versions and lists read again, since a path that they promise
// is not there. Once for each path is enough: after that nginx means it.
func (t *target) doubtLists(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.missing[path] {
		t.missing[path] = true
		t.api.InvalidateIndex()
	}
}

// without is the part of a source that the target turns out not to have.
func (p part) without() part { return part{missed: p.missed} }

// moved reports whether the configuration of nginx changed since the lists
// were read.
func (t *target) moved(r *round) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	result := r.parts[t.tables.number("nginx")].result
	if result == nil || result.err != nil {
		return false
	}
	before := t.generation
	t.generation = result.bind.generation
	if before == "" || before == t.generation {
		return false
	}
	clear(t.missing)
	return true
}

// gone reports whether nginx has none of the documents that it lists, as when
// it was replaced by one without that version of the API.
func (t *target) gone(r *round) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	asked := 0
	for i := range r.parts {
		if result := r.parts[i].result; t.tables.sources[i].path != "" && result != nil {
			if e := (*client.Error)(nil); !errors.As(result.err, &e) || e.Status != http.StatusNotFound {
				return false
			}
			asked++
		}
	}
	return asked > 0
}

// again makes the round read its documents once more.
func (t *target) again(r *round) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range r.parts {
		if t.tables.sources[i].path != "" {
			r.parts[i] = r.parts[i].without()
		}
	}
}

// ask notes that the source is being read.
func (t *target) ask(r *round, i int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.parts[i].asked = true
}

// tellPlus tells the log of the documents of the NGINX Plus API. If none could
// be read, that is one thing that happened and not twenty.
func (t *target) tellPlus(r *round) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var failed, read []int
	for i := range r.parts {
		switch result := r.parts[i].result; {
		case t.tables.sources[i].path == "" || result == nil:
		case result.err != nil:
			failed = append(failed, i)
		default:
			read = append(read, i)
		}
	}
	api := t.tables.number(apiSource)
	if len(read) == 0 && len(failed) > 0 {
		t.api.InvalidateIndex() // it may have become something else
		if err := r.parts[failed[0]].result.err; client.ReasonOf(err) != client.ReasonCanceled {
			t.health[api].bad(client.ReasonOf(err), err)
		}
		return
	}
	t.health[api].good()
	for _, i := range slices.Concat(failed, read) {
		t.tell(r, i)
	}
}
