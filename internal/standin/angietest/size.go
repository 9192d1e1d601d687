package angietest

import (
	"fmt"
	"strings"

	"nginx-exporter/internal/standin"
)

// Status generates a status of this size. Equal sizes have equal texts.
func Status(s standin.Size) string {
	var b strings.Builder
	b.WriteString(`{"angie":{"version":"1.13.0","build_time":"2026-09-01T10:00:00Z","address":"127.0.0.1","generation":1,"load_time":"2026-11-28T12:39:38.127Z"},
"connections":{"accepted":5000,"dropped":0,"active":10,"idle":20},"slabs":{},"http":{"server_zones":{`)
	list(&b, s.Zones, func(i int) {
		fmt.Fprintf(&b, `"site%04d.example.com":{"ssl":{"handshaked":%d,"reuses":%d,"timedout":2,"failed":3},"requests":{"total":%d,"processing":%d,"discarded":1},`,
			i, 4000+i, 100+i, 100_000+i, i%10)
		codes(&b, i)
		fmt.Fprintf(&b, `,"data":{"received":%d,"sent":%d}}`, 7_000_000+i, 90_000_000+i)
	})
	b.WriteString(`},"location_zones":{},"caches":{},"limit_conns":{},"limit_reqs":{},
"acme_clients":{"example":{"state":"ready","certificate":"valid","details":"The client is ready to request a certificate."}},"metric_zones":{"latency":{"discarded":0,"metrics":{`)
	list(&b, s.Keys, func(i int) {
		fmt.Fprintf(&b, `"/path/%04d":{"0.005":%d,"0.01":%d,"0.05":%d,"0.1":%d,"0.5":%d,"1":%d,"5":%d,"inf":%d}`, i, i, i+1, i+2, i+3, i+4, i+5, i+6, i+7)
	})
	b.WriteString(`}}},"upstreams":{`)
	list(&b, s.Upstreams, func(group int) {
		fmt.Fprintf(&b, `"up%04d":{"peers":{`, group)
		list(&b, s.Peers, func(i int) { peer(&b, group, i) })
		fmt.Fprintf(&b, `},"keepalive":%d}`, group%30)
	})
	b.WriteString(`}},"stream":{"server_zones":{},"limit_conns":{},"upstreams":{"tcp":{"peers":{"10.0.0.1:5432":{"server":"10.0.0.1:5432","state":"up"}}}}}}`)
	return b.String()
}

// list writes n members.
func list(b *strings.Builder, n int, write func(i int)) {
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		write(i)
	}
}

func codes(b *strings.Builder, i int) {
	fmt.Fprintf(b, `"responses":{"200":%d,"204":%d,"301":%d,"304":%d,"404":%d,"499":%d,"502":%d}`, 90_000+i, 1000+i, 300+i, 2000+i, 40+i, 9+i, i%3)
}

func peer(b *strings.Builder, group, i int) {
	n := group*1000 + i
	address := fmt.Sprintf("10.%d.%d.%d:8080", group/256, group%256, i)
	fmt.Fprintf(b, `%q:{"server":%q,"backup":%t,"weight":%d,"state":"up","selected":{"current":%d,"total":%d,"last":"2026-11-28T12:39:38Z"},"max_conns":200,`,
		address, address, i%10 == 9, 1+i%5, n%20, 100_000+n)
	codes(b, n)
	fmt.Fprintf(b, `,"data":{"sent":%d,"received":%d},"health":{"fails":%d,"unavailable":%d,"downtime":%d,"header_time":%d,"response_time":%d},"sid":"%032x"}`,
		4_000_000+n, 80_000_000+n, n%7, n%3, n%1000, 2+n%40, 3+n%60, n)
}
