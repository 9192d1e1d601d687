package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"nginx-exporter/client"
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/internal/oracle"
	"nginx-exporter/internal/standin/plustest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// codes are the status codes of two objects, of which the second knows those of the
// first.
type codes struct{ First, Second []api.Code }

// Decode implements [oracle.Document].
func (c *codes) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "first":
			c.First = api.DecodeCodes(d, nil)
		case "second":
			c.Second = api.DecodeCodes(d, c.First)
		default:
			d.Skip()
		}
	}
}

// objects are all kinds of documents.
func objects() []func() oracle.Document {
	return []func() oracle.Document{
		func() oracle.Document { return &api.Connections{} },
		func() oracle.Document { return &api.Slabs{} },
		func() oracle.Document { return &api.Caches{} },
		func() oracle.Document { return &api.Lookups{} },
		func() oracle.Document { return &codes{} },
	}
}

// members returns an object with n members, whose names are numbers.
func members(n int, value string) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"%d":%s`, i, value))
	}
	return "{" + strings.Join(all, ",") + "}"
}

// samples are documents that are valid, unusual, or wrong.
func samples() [][]byte {
	all := [][]byte{plustest.Sample()["connections"], plustest.Sample()["slabs"], plustest.Sample()["http/caches"]}
	for _, text := range []string{
		`{"name":1,"srv":2,"addr":3}`, `{"name":-1,"srv":"2","addr":null,"other":[{}]}`, `{}`, `null`, `[]`, `{`,
		`{"first":{"200":1,"404":2},"second":{"200":3,"404":4,"500":5}}`, `{"first":{"200":1},"second":{"404":2,"200":3}}`,
		`{"first":{"200":1,"200":2,"x":null},"second":null}`, `{"first":` + members(1001, "1") + `,"second":{"` + strings.Repeat("2", 65) + `":1}}`,
		`{"a":{"pages":{"used":1,"free":-1},"slots":{"8":{"used":1,"free":2,"reqs":3,"fails":4},"8":{"used":5}}}}`,
		`{"a":{"pages":[],"slots":` + members(65, "{}") + `},"a":{"slots":{"8":{}},"slots":null}}`,
		`{"c":{"size":1,"max_size":18446744073709551615,"cold":"x","hit":{"responses":1},"hit":{"bytes":2},"miss":7,"new":{}}}`,
	} {
		all = append(all, []byte(text))
	}
	return all
}

func newSchema() *oracle.Schema {
	return oracle.NewSchema(oracle.Common(), map[string]string{"codes": "first codes First\nsecond codes Second"})
}

// Decoders return what encoding/json reads, within the bounds.
func TestObjectsAgree(t *testing.T) {
	t.Parallel()
	s := newSchema()
	for _, text := range samples() {
		for _, empty := range objects() {
			s.Agree(t, empty, text)
		}
	}
}

// FuzzObject reads anything as each kind of document.
func FuzzObject(f *testing.F) {
	for _, text := range samples() {
		f.Add(text)
	}
	s := newSchema()
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, empty := range objects() {
			s.Agree(t, empty, text)
		}
	})
}

func TestSlotsOf(t *testing.T) {
	t.Parallel()
	zones := []*api.Slab{{Name: "a", Slots: []api.Slot{{Zone: "a", Size: "8"}, {Zone: "a", Size: "16"}}}, {Name: "b"}, {Name: "c", Slots: []api.Slot{{Zone: "c", Size: "8"}}}}
	got := api.SlotsOf(zones)
	if len(got) != 3 || got[1] != &zones[0].Slots[1] || got[2] != &zones[2].Slots[0] {
		t.Errorf("got %+v", got)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for status, want := range map[int][2]bool{
		http.StatusNotFound: {true, true}, http.StatusMovedPermanently: {false, true}, http.StatusPermanentRedirect: {false, true},
		http.StatusOK: {}, http.StatusForbidden: {}, http.StatusBadGateway: {}, 0: {},
	} {
		err := fmt.Errorf("wrapped: %w", &client.Error{Status: status})
		if api.IsNotFound(err) != want[0] || api.IsNotFoundOrMoved(err) != want[1] {
			t.Errorf("status %d: got %t and %t", status, api.IsNotFound(err), api.IsNotFoundOrMoved(err))
		}
	}
	if other := errors.New("x"); api.IsNotFound(other) || api.IsNotFoundOrMoved(nil) {
		t.Error("an error without a status is one of these")
	}
}
