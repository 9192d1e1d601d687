// Package client requests status documents of nginx and returns them as Go
// types.
//
// It owns targets (the values of --nginx.scrape-uri), the connections to them, and
// typed errors that explain failed requests. The documents of each status
// interface have a package of their own, such as client/stubstatus and
// client/plus, built on [Client.Get] and [Client.GetJSON]. It knows nothing of metrics: it must
// not import client_golang, the collector or anything below internal.
package client
