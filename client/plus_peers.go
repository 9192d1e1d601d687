package client

// peerMembers are the members of a server of /http/upstreams or
// /stream/upstreams.
func peerMembers() []member[*PlusPeer] {
	return []member[*PlusPeer]{
		{name: "id", read: func(s *scanner, p *PlusPeer) { p.ID = s.identifier() }},
		{name: "server", read: func(s *scanner, p *PlusPeer) { p.Server = s.string() }},
		{name: "service", read: func(s *scanner, p *PlusPeer) { p.Service = s.string() }},
		{name: "name", read: func(s *scanner, p *PlusPeer) { p.Name = s.stringLike(p.Server) }},
		{name: "backup", read: func(s *scanner, p *PlusPeer) { p.Backup = s.flag() }},
		{name: "weight", read: func(s *scanner, p *PlusPeer) { p.Weight = s.number() }},
		{name: "state", read: func(s *scanner, p *PlusPeer) { p.State = s.state() }},
		{name: "active", read: func(s *scanner, p *PlusPeer) { p.Active = s.number() }},
		{name: "ssl", read: func(s *scanner, p *PlusPeer) { p.TLS = optionalTLS(s) }},
		{name: "max_conns", read: func(s *scanner, p *PlusPeer) { p.MaxConns = s.number() }},
		{name: "requests", count: func(p *PlusPeer) *Number { return &p.Requests }},
		{name: "connections", count: func(p *PlusPeer) *Number { return &p.Connections }},
		{name: "connect_time", read: func(s *scanner, p *PlusPeer) { p.ConnectTime = s.number() }},
		{name: "first_byte_time", read: func(s *scanner, p *PlusPeer) { p.FirstByteTime = s.number() }},
		{name: "header_time", read: func(s *scanner, p *PlusPeer) { p.HeaderTime = s.number() }},
		{name: "response_time", read: func(s *scanner, p *PlusPeer) { p.ResponseTime = s.number() }},
		{name: "response_time_hist", read: (*scanner).responseTimes},
		{name: "responses", read: func(s *scanner, p *PlusPeer) { p.Responses.decode(s) }},
		{name: "sent", count: func(p *PlusPeer) *Number { return &p.Sent }},
		{name: "received", count: func(p *PlusPeer) *Number { return &p.Received }},
		{name: "fails", count: func(p *PlusPeer) *Number { return &p.Fails }},
		{name: "unavail", count: func(p *PlusPeer) *Number { return &p.Unavail }},
		{name: "health_checks", read: (*scanner).healthChecks},
		{name: "downtime", count: func(p *PlusPeer) *Number { return &p.Downtime }},
		{name: "downstart", read: func(s *scanner, p *PlusPeer) { p.DownSince = s.time() }},
		{name: "selected", read: func(s *scanner, p *PlusPeer) { p.LastSelected = s.time() }},
	}
}

// checkMembers are the members of health_checks.
func checkMembers() []member[*PlusPeer] {
	return []member[*PlusPeer]{
		{name: "checks", count: func(p *PlusPeer) *Number { return &p.Checks }},
		{name: "fails", count: func(p *PlusPeer) *Number { return &p.CheckFails }},
		{name: "unhealthy", count: func(p *PlusPeer) *Number { return &p.Unhealthy }},
		{name: "last_passed", read: func(s *scanner, p *PlusPeer) { p.LastPassed = s.flag() }},
	}
}

func (p *PlusPeer) decode(s *scanner) {
	if s.peers == nil {
		s.peers, s.checks = newObject(peerMembers()), newObject(checkMembers())
	}
	s.peers.decode(s, p)
}

func (s *scanner) healthChecks(p *PlusPeer) { s.checks.decode(s, p) }

func (s *scanner) responseTimes(p *PlusPeer) {
	p.ResponseTimes = s.histogramMemory.next(s)
	p.ResponseTimes.decode(s)
}

// state reads the name of a state; one that nginx does not have is unknown.
func (s *scanner) state() PlusState {
	if s.peek() != '"' {
		s.misfit()
		return PlusStateUnknown
	}
	name := s.rawString()
	for i, known := range PlusStates() {
		if string(name) == known {
			return PlusState(i) // seven states
		}
	}
	return PlusStateUnknown
}
