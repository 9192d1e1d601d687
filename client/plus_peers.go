package client

import "nginx-exporter/client/value"

// peerMembers are the members of a server of /http/upstreams or
// /stream/upstreams.
func peerMembers() []member[*PlusPeer] {
	return []member[*PlusPeer]{
		{key: `"id":`, read: func(s *scanner, p *PlusPeer) { p.ID = s.identifier() }},
		{key: `"server":`, read: func(s *scanner, p *PlusPeer) { p.Server = s.string() }},
		{key: `"service":`, read: func(s *scanner, p *PlusPeer) { p.Service = s.string() }},
		{key: `"name":`, read: func(s *scanner, p *PlusPeer) { p.Name = s.stringLike(p.Server) }},
		{key: `"backup":`, read: func(s *scanner, p *PlusPeer) { p.Backup = s.flag() }},
		{key: `"weight":`, read: func(s *scanner, p *PlusPeer) { p.Weight = s.number() }},
		{key: `"state":`, read: func(s *scanner, p *PlusPeer) { p.State = s.state() }},
		{key: `"active":`, read: func(s *scanner, p *PlusPeer) { p.Active = s.number() }},
		{key: `"ssl":`, read: func(s *scanner, p *PlusPeer) { p.TLS = optionalTLS(s) }},
		{key: `"max_conns":`, read: func(s *scanner, p *PlusPeer) { p.MaxConns = s.number() }},
		{key: `"requests":`, count: func(p *PlusPeer) *value.Value { return &p.Requests }},
		{key: `"connections":`, count: func(p *PlusPeer) *value.Value { return &p.Connections }},
		{key: `"connect_time":`, read: func(s *scanner, p *PlusPeer) { p.ConnectTime = s.number() }},
		{key: `"first_byte_time":`, read: func(s *scanner, p *PlusPeer) { p.FirstByteTime = s.number() }},
		{key: `"header_time":`, read: func(s *scanner, p *PlusPeer) { p.HeaderTime = s.number() }},
		{key: `"response_time":`, read: func(s *scanner, p *PlusPeer) { p.ResponseTime = s.number() }},
		{key: `"response_time_hist":`, read: (*scanner).responseTimes},
		{key: `"responses":`, read: func(s *scanner, p *PlusPeer) { p.Responses.decode(s) }},
		{key: `"sent":`, count: func(p *PlusPeer) *value.Value { return &p.Sent }},
		{key: `"received":`, count: func(p *PlusPeer) *value.Value { return &p.Received }},
		{key: `"fails":`, count: func(p *PlusPeer) *value.Value { return &p.Fails }},
		{key: `"unavail":`, count: func(p *PlusPeer) *value.Value { return &p.Unavail }},
		{key: `"health_checks":`, read: (*scanner).healthChecks},
		{key: `"downtime":`, count: func(p *PlusPeer) *value.Value { return &p.Downtime }},
		{key: `"downstart":`, read: func(s *scanner, p *PlusPeer) { p.DownSince = s.time() }},
		{key: `"selected":`, read: func(s *scanner, p *PlusPeer) { p.LastSelected = s.time() }},
	}
}

// checkMembers are the members of health_checks.
func checkMembers() []member[*PlusPeer] {
	return []member[*PlusPeer]{
		{key: `"checks":`, count: func(p *PlusPeer) *value.Value { return &p.Checks }},
		{key: `"fails":`, count: func(p *PlusPeer) *value.Value { return &p.CheckFails }},
		{key: `"unhealthy":`, count: func(p *PlusPeer) *value.Value { return &p.Unhealthy }},
		{key: `"last_passed":`, read: func(s *scanner, p *PlusPeer) { p.LastPassed = s.flag() }},
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
