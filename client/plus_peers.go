package client

func (p *PlusPeer) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "requests":
			p.Requests = s.count()
		case "connections":
			p.Connections = s.count()
		case "responses":
			p.Responses.decode(s)
		case "sent":
			p.Sent = s.count()
		case "received":
			p.Received = s.count()
		case "fails":
			p.Fails = s.count()
		case "unavail":
			p.Unavail = s.count()
		case "ssl":
			p.TLS = optionalTLS(s, &s.tlsMemory)
		case "health_checks":
			p.decodeChecks(s)
		case "response_time_hist":
			p.ResponseTimes = s.histogramMemory.next(s)
			p.ResponseTimes.decode(s)
		default:
			p.decodeConfigured(s, name)
		}
	}
}

// decodeConfigured reads what is configured, and the state.
func (p *PlusPeer) decodeConfigured(s *scanner, name []byte) {
	switch string(name) {
	case "id":
		p.ID = s.identifier()
	case "server":
		p.Server = s.string()
	case "name":
		p.Name = s.stringLike(p.Server)
	case "service":
		p.Service = s.string()
	case "backup":
		p.Backup = s.flag()
	case "weight":
		p.Weight = s.number()
	case "state":
		p.State = s.state()
	case "max_conns":
		p.MaxConns = s.number()
	case "active":
		p.Active = s.number()
	default:
		p.decodeTimes(s, name)
	}
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

func (p *PlusPeer) decodeTimes(s *scanner, name []byte) {
	switch string(name) {
	case "header_time":
		p.HeaderTime = s.number()
	case "connect_time":
		p.ConnectTime = s.number()
	case "first_byte_time":
		p.FirstByteTime = s.number()
	case "response_time":
		p.ResponseTime = s.number()
	case "downtime":
		p.Downtime = s.count()
	case "downstart":
		p.DownSince = s.time()
	case "selected":
		p.LastSelected = s.time()
	default:
		s.skip()
	}
}

func (p *PlusPeer) decodeChecks(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "checks":
			p.Checks = s.count()
		case "fails":
			p.CheckFails = s.count()
		case "unhealthy":
			p.Unhealthy = s.count()
		case "last_passed":
			p.LastPassed = s.flag()
		default:
			s.skip()
		}
	}
}
