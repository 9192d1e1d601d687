package plustest

import (
	"fmt"

	"nginx-exporter/internal/standin"
)

// size has the generators of documents.
type size standin.Size

// Documents generates the documents that differ from the sample. Equal sizes have
// equal documents.
func Documents(objects standin.Size) map[string][]byte {
	s := size(objects)
	documents := map[string][]byte{
		"http/upstreams":    s.upstreams("up%04d", s.Upstreams, s.Peers, s.peer),
		"http/server_zones": byNumber("site%04d.example.com", s.Zones, 400, s.zone),
	}
	if s.Locations > 0 {
		documents["http/location_zones"] = byNumber("location%04d", s.Locations, 300, locationZone)
	}
	if s.StreamUpstreams > 0 {
		documents["stream/upstreams"] = s.upstreams("tcp%04d", s.StreamUpstreams, s.StreamPeers, s.streamPeer)
	}
	if s.StreamZones > 0 {
		documents["stream/server_zones"] = byNumber("port%04d", s.StreamZones, 400, s.streamZone)
	}
	if s.Workers > 0 {
		documents["workers"] = workers(s.Workers)
	}
	return documents
}

// byNumber writes an object with n members, each of about so many bytes.
func byNumber(name string, n, bytes int, write func(b []byte, i int) []byte) []byte {
	b := append(make([]byte, 0, n*bytes+2), '{')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%q:", fmt.Sprintf(name, i))
		b = write(b, i)
	}
	return append(b, '}')
}

func (s size) upstreams(name string, n, peers int, peer func(b []byte, group, i int) []byte) []byte {
	return byNumber(name, n, 850*peers+100, func(b []byte, group int) []byte {
		b = append(b, `{"peers":[`...)
		for i := range peers {
			if i > 0 {
				b = append(b, ',')
			}
			b = peer(b, group, i)
		}
		return fmt.Appendf(b, `],"keepalive":%d,"zombies":%d,"zone":%q}`, group%30, group%7/6, fmt.Sprintf(name, group))
	})
}

// peer writes one HTTP server of an upstream. One in fifty is not up, and one in
// ten has max_conns.
func (s size) peer(b []byte, group, i int) []byte {
	n := noise(group, i)
	b = peerHead(b, group, i, 8080)
	if !s.Plain {
		b = upstreamTLS(append(b, `,"ssl":`...), n)
	}
	if i%10 == 9 {
		b = append(b, `,"max_conns":200`...)
	}
	requests := 100_000 + n%900_000
	b = fmt.Appendf(b, `,"requests":%d,"header_time":%d,"response_time":%d`, requests, 2+n%40, 3+n%60)
	if s.Histograms {
		b = histogram(append(b, `,"response_time_hist":`...), requests)
	}
	b = responses(append(b, `,"responses":`...), requests)
	return peerTail(b, n, i)
}

func (s size) streamPeer(b []byte, group, i int) []byte {
	n := noise(group, i)
	b = peerHead(b, group, i, 5432)
	if !s.Plain {
		b = upstreamTLS(append(b, `,"ssl":`...), n)
	}
	b = fmt.Appendf(b, `,"connections":%d,"connect_time":%d,"first_byte_time":%d,"response_time":%d`,
		100_000+n%900_000, 1+n%9, 2+n%20, 100+n%5000)
	return peerTail(b, n, i)
}

func peerHead(b []byte, group, i, port int) []byte {
	state := "up"
	if i%50 == 49 {
		state = []string{"down", "unavail", "unhealthy", "draining"}[group%4]
		if port != 8080 && state == "draining" {
			state = "checking"
		}
	}
	address := fmt.Sprintf("10.%d.%d.%d:%d", group/250, group%250, i+1, port)
	name := fmt.Sprintf("app%02d.group%03d.internal:%d", i, group, port)
	return fmt.Appendf(b, `{"id":%d,"server":%q,"name":%q,"backup":%t,"weight":1,"state":%q,"active":%d`,
		i, address, name, i%50 == 48, state, i%5)
}

func peerTail(b []byte, n uint64, i int) []byte {
	b = fmt.Appendf(b, `,"sent":%d,"received":%d,"fails":%d,"unavail":%d`, 100_000_000+n%800_000_000, 1_000_000_000+n*7%8_000_000_000, n%50, n%3)
	b = fmt.Appendf(b, `,"health_checks":{"checks":%d,"fails":%d,"unhealthy":%d,"last_passed":%t}`, 10_000+n%80_000, n%20, n%4, i%50 != 49)
	b = fmt.Appendf(b, `,"downtime":%d`, n%100_000)
	if i%50 == 49 {
		b = append(b, `,"downstart":"2026-07-02T09:01:02.004Z"`...)
	}
	return append(b, `,"selected":"2026-07-02T09:16:31Z"}`...)
}

func (s size) zone(b []byte, i int) []byte {
	n := noise(i, 1_000_003)
	requests := 100_000 + n%900_000
	b = responses(fmt.Appendf(b, `{"processing":%d,"requests":%d,"responses":`, n%10, requests+n%100), requests)
	b = fmt.Appendf(b, `,"discarded":%d,"received":%d,"sent":%d`, n%100, 10_000_000+n%90_000_000, 100_000_000+n%900_000_000)
	if !s.Plain {
		b = serverTLS(append(b, `,"ssl":`...), n)
	}
	return append(b, '}')
}

func (s size) streamZone(b []byte, i int) []byte {
	n := noise(i, 2_000_003)
	sessions := 100_000 + n%900_000
	b = fmt.Appendf(b, `{"processing":%d,"connections":%d,"sessions":{"2xx":%d,"4xx":20,"5xx":30,"total":%d}`,
		n%10, sessions+n%100, sessions-50, sessions)
	b = fmt.Appendf(b, `,"discarded":%d,"received":%d,"sent":%d`, n%100, 10_000_000+n%90_000_000, 100_000_000+n%900_000_000)
	if !s.Plain {
		b = serverTLS(append(b, `,"ssl":`...), n)
	}
	return append(b, '}')
}

func locationZone(b []byte, i int) []byte {
	n := noise(i, 3_000_003)
	requests := 100_000 + n%900_000
	b = responses(fmt.Appendf(b, `{"requests":%d,"responses":`, requests+n%100), requests)
	return fmt.Appendf(b, `,"discarded":%d,"received":%d,"sent":%d}`, n%100, 10_000_000+n%90_000_000, 100_000_000+n%900_000_000)
}

// responses splits a number of responses into classes and codes.
func responses(b []byte, total uint64) []byte {
	b = fmt.Appendf(b, `{"1xx":0,"2xx":%d,"3xx":4000,"4xx":700,"5xx":50`, total-4750)
	b = fmt.Appendf(b, `,"codes":{"200":%d,"301":500,"304":3500,"404":600,"499":100,"502":40,"503":10}`, total-4750)
	return fmt.Appendf(b, `,"total":%d}`, total)
}

// histogram splits a number of responses into the buckets of nginx.
func histogram(b []byte, total uint64) []byte {
	b = fmt.Appendf(b, `{"count":%d,"sum":%d,"buckets":{`, total, total*28)
	left := total
	for i, bound := range []int{5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000} {
		share := left / uint64(2+i%2)
		b = fmt.Appendf(b, `"%d":%d,`, bound, share)
		left -= share
	}
	return fmt.Appendf(b, `"inf":%d}}`, left)
}

func serverTLS(b []byte, n uint64) []byte {
	return fmt.Appendf(b, `{"handshakes":%d,"session_reuses":%d,"handshakes_failed":25,"no_common_protocol":5,`+
		`"no_common_cipher":2,"handshake_timeout":7,"peer_rejected_cert":3,`+
		`"verify_failures":{"no_cert":4,"expired_cert":1,"revoked_cert":1,"other":2}}`, 1000+n%9000, 100+n%900)
}

func upstreamTLS(b []byte, n uint64) []byte {
	return fmt.Appendf(b, `{"handshakes":%d,"session_reuses":%d,"handshakes_failed":8,"no_common_protocol":1,`+
		`"handshake_timeout":2,"peer_rejected_cert":1,`+
		`"verify_failures":{"expired_cert":1,"revoked_cert":0,"hostname_mismatch":2,"other":1}}`, 1000+n%9000, 100+n%900)
}

func workers(n int) []byte {
	b := []byte{'['}
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":%d,"pid":%d,"connections":{"accepted":%d,"dropped":0,"active":18,"idle":33},`+
			`"http":{"requests":{"total":%d,"current":10}}}`, i, 4312+i, 400_000+i, 1_200_000+i)
	}
	return append(b, ']')
}

// noise returns a number like one of real traffic, always the same for the same
// server.
func noise(group, i int) uint64 {
	x := uint64(group)*0x9e3779b97f4a7c15 + uint64(i)*0xbf58476d1ce4e5b9 + 0x94d049bb133111eb
	x ^= x >> 31
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	return x
}
