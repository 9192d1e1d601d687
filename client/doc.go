// Package client requests status documents of nginx and returns them as Go
// types.
//
// It owns targets (the values of --nginx.scrape-uri), the connections to them,
// the decoding of stub_status, and typed errors that explain failed requests.
// Documents of other status interfaces have packages of their own, such as
// client/plus, built on [Client.GetJSON]. It knows nothing of metrics: it must
// not import client_golang, the collector or anything below internal.
package client
