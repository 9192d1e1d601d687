package angie

import (
	"slices"

	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// ACMEClient is one client of http/acme_clients.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_api/#http-acme-clients.
type ACMEClient struct {
	Name        string
	State       int         // index in [ACMEStates]
	Certificate int         // index in [CertificateStates]
	NextRun     value.Value // Unix seconds; absent while disabled or requesting
}

// ACMEClients is the part http/acme_clients.
type ACMEClients = api.List[ACMEClient, *ACMEClient]

// ACMEStates lists the names of the states of an ACME client by number, as in the
// template for Prometheus of Angie.
func ACMEStates() []string { return []string{"unknown", "ready", "requesting", "disabled", "failed"} }

// CertificateStates lists the names of the states of a certificate by number, as
// in the template for Prometheus of Angie.
func CertificateStates() []string {
	return []string{"unknown", "valid", "mismatch", "expired", "missing", "error"}
}

// SetName sets the name.
func (c *ACMEClient) SetName(name string) { c.Name = name }

// Decode implements [Part].
func (c *ACMEClient) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "state":
			c.State = max(0, slices.Index(ACMEStates(), d.Text()))
		case "certificate":
			c.Certificate = max(0, slices.Index(CertificateStates(), d.Text()))
		case "next_run":
			c.NextRun = when(d)
		default:
			d.Skip()
		}
	}
}
