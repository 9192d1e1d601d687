package status

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/nginxconf"
)

// noConnections recognizes an nginx without free connections: it closes those it
// accepts at once, whereas other causes show only after a request.
func (o *observation) noConnections() *doctor.Finding {
	if !o.closed() || !o.closesIdle() {
		return nil
	}
	f := &doctor.Finding{
		Message:  "The connection is closed before a request is sent, as by an nginx without free worker_connections.",
		Evidence: []doctor.Evidence{{Name: "tried a connection without a request", Value: "closed by the server"}},
		Fix: []string{
			"if the error log of nginx has \"worker_connections are not enough\", raise worker_connections in the events block, then run: " + reloadNginx,
			"if it does not, something in front of nginx closes connections: the published port of a container, or a load balancer without a server",
		},
	}
	if nginx := o.localNginx(); nginx != nil && nginx.hasConfig {
		value := nginx.connections
		if value == "" {
			value = "not set, which means 512"
		}
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: "worker_connections in the configuration", Value: truncate(value)})
	}
	return f
}

// closesIdle reports whether the server closes a connection on which nothing is
// sent. nginx waits a minute for a request.
func (o *observation) closesIdle() bool {
	const wait = 500 * time.Millisecond
	network, address := "tcp", o.hostPort()
	if o.isSocket() {
		network, address = "unix", o.target().Socket()
	}
	conn, err := (&net.Dialer{Timeout: trialTimeout}).DialContext(o.ctx, network, address)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }() // nothing was written
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return false
	}
	_, err = conn.Read(make([]byte, 1))
	return client.IsClosed(err)
}

// workerConnections returns the limit in the events block, empty if there is none.
func workerConnections(list []nginxconf.Directive) string {
	for events := range nginxconf.Named(list, "events") {
		for item := range nginxconf.Named(events.Block, "worker_connections") {
			if len(item.Args) == 1 {
				return item.Args[0]
			}
		}
	}
	return ""
}

// rejects reports whether the response has a status code of limit_req and
// limit_conn: 503, or 429 as many configure it.
func (r *response) rejects() bool {
	return r.code() == http.StatusServiceUnavailable || r.code() == http.StatusTooManyRequests
}

func (o *observation) statusLimited() *doctor.Finding {
	if !o.rejects() {
		return nil
	}
	f := &doctor.Finding{
		Message: fmt.Sprintf("nginx limits the rate of requests or connections to the status page (HTTP status %d).", o.code()),
		Fix: []string{
			"move limit_req and limit_conn from the http block, or the server of the status page, into the locations that need them, then run: " + reloadNginx,
			"or, if the http block has none, serve the status page from the server printed by: " + o.newServerCommand(),
		},
	}
	location := o.configuredHere()
	switch {
	case location != nil && len(location.limits) > 0:
		f.Evidence = []doctor.Evidence{{Name: "configured in", Value: location.file}, {Name: "limits", Value: join(location.limits)}}
	case o.code() == http.StatusTooManyRequests:
		f.Evidence = []doctor.Evidence{o.bodyEvidence()}
	case location != nil:
		return nil
	default:
		later := o.tryLater()
		if !later.healthy() {
			return nil
		}
		f.Evidence = []doctor.Evidence{later.evidence("a second later")}
	}
	return f
}

// tryLater repeats the request of the exporter after a pause, in which a limit on
// requests per second allows another one.
func (o *observation) tryLater() *response {
	const pause = 1100 * time.Millisecond
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-o.ctx.Done():
	}
	return o.try(o.options)
}
