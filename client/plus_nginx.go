package client

import "nginx-exporter/client/value"

// PlusNginx is the document /nginx.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_object.
type PlusNginx struct {
	Version       string      // of nginx
	Build         string      // of NGINX Plus
	Generation    value.Value // how often the configuration was loaded
	LoadTimestamp value.Value // Unix seconds of the last load
	Timestamp     value.Value // Unix seconds, by the clock of nginx
	MasterPID     value.Value
}

func (n *PlusNginx) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "version":
			n.Version = s.string()
		case "build":
			n.Build = s.string()
		case "generation":
			n.Generation = s.count()
		case "load_timestamp":
			n.LoadTimestamp = s.time()
		case "timestamp":
			n.Timestamp = s.time()
		case "ppid":
			n.MasterPID = s.count()
		default:
			s.skip()
		}
	}
}

// PlusProcesses is the document /processes.
type PlusProcesses struct {
	Respawned value.Value // processes that died abnormally and were started again
}

func (p *PlusProcesses) decode(s *scanner) {
	for name := range s.members() {
		if string(name) == "respawned" {
			p.Respawned = s.count()
		} else {
			s.skip()
		}
	}
}

// PlusConnections is the document /connections, and a member of /workers.
type PlusConnections struct {
	Accepted value.Value
	Dropped  value.Value
	Active   value.Value // now, idle ones left out
	Idle     value.Value // now
}

func (c *PlusConnections) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "accepted":
			c.Accepted = s.count()
		case "dropped":
			c.Dropped = s.count()
		case "active":
			c.Active = s.number()
		case "idle":
			c.Idle = s.number()
		default:
			s.skip()
		}
	}
}

// PlusRequests is the document /http/requests, and a member of /workers.
type PlusRequests struct {
	Total   value.Value
	Current value.Value // in progress now
}

func (r *PlusRequests) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "total":
			r.Total = s.count()
		case "current":
			r.Current = s.number()
		default:
			s.skip()
		}
	}
}
