package plus

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Responses counts responses by class and by status code. nginx lists only codes
// that occurred.
type Responses struct {
	Informational value.Value // 1xx
	Success       value.Value // 2xx
	Redirection   value.Value // 3xx
	ClientError   value.Value // 4xx
	ServerError   value.Value // 5xx
	Codes         []api.Code
}

func (r *Responses) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "1xx":
			r.Informational = d.Count()
		case "2xx":
			r.Success = d.Count()
		case "3xx":
			r.Redirection = d.Count()
		case "4xx":
			r.ClientError = d.Count()
		case "5xx":
			r.ServerError = d.Count()
		case "codes":
			r.Codes = api.DecodeCodes(d, nil)
		default: // including total, the sum of the classes
			d.Skip()
		}
	}
}

func (r *Responses) classes() []*value.Value {
	return []*value.Value{&r.Informational, &r.Success, &r.Redirection, &r.ClientError, &r.ServerError}
}
