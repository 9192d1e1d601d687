package plus

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Keyval is one zone of /http/keyvals or /stream/keyvals. Keys and values are
// user data: they are counted and not stored.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#http_keyvals_ and
// https://nginx.org/en/docs/http/ngx_http_api_module.html#stream_keyvals_.
type Keyval struct {
	Name  string
	Pairs value.Value // number of key-value pairs
}

// Keyvals are the documents /http/keyvals and /stream/keyvals.
type Keyvals = api.List[Keyval, *Keyval]

// SetName sets the name.
func (k *Keyval) SetName(name string) { k.Name = name }

// Decode implements [Document].
func (k *Keyval) Decode(d *document.Reader) {
	if d.Peek() != '{' {
		d.Mismatch()
		return
	}
	pairs := 0
	for range d.Members() {
		d.Skip()
		pairs++
	}
	k.Pairs = value.Of(float64(pairs))
}
