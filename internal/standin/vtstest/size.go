package vtstest

import (
	"fmt"

	"nginx-exporter/internal/standin"
)

// Document generates the JSON of a module of this size, with histograms, status codes
// and the values of averages, as the module prints it. Equal sizes have equal
// documents.
func Document(size standin.Size) []byte {
	const perZone, head = 2500, 1 << 10
	b := make([]byte, 0, head+perZone*(size.Zones+size.Keys+2*size.Upstreams*size.Peers))
	b = fmt.Appendf(b, `{"hostName":"standin","moduleVersion":"v0.2.7","nginxVersion":"1.29.4","loadMsec":1795869397287,"nowMsec":1795869398287,`+
		`"connections":{"active":12,"reading":1,"writing":4,"waiting":7,"accepted":%d,"handled":%d,"requests":%d},`+
		`"sharedZones":{"name":"vts","maxSize":33554432,"usedSize":%d,"usedNode":%d,"freeSize":1011712}`,
		40_000, 40_000, 100_000*size.Zones, 3556*size.Zones, size.Zones+1)
	b = append(b, `,"serverZones":{`...)
	for i := range size.Zones {
		b = zone(b, fmt.Sprintf("site%04d.example.com", i), i)
		b = append(b, ',')
	}
	b = append(zone(b, "*", size.Zones), '}')
	b = append(b, `,"filterZones":{"country::*":{`...)
	for i := range size.Keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = zone(b, fmt.Sprintf("C%04d", i), i)
	}
	b = append(b, `}},"upstreamZones":{`...)
	for i := range size.Upstreams {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `"up%04d":[`, i)
		for j := range size.Peers {
			if j > 0 {
				b = append(b, ',')
			}
			b = peer(b, i, j)
		}
		b = append(b, ']')
	}
	b = append(b, `},"cacheZones":{`...)
	for i := range size.Caches {
		if i > 0 {
			b = append(b, ',')
		}
		b = cache(b, i)
	}
	return append(b, "}}\n"...)
}

// requests is how many requests an object has: a number of which a hundredth, and the
// parts below, are integers, so that counters that increase still add up.
func requests(i int) int { return 50_000 * (1 + i%7) }

func zone(b []byte, name string, i int) []byte {
	n := requests(i)
	b = fmt.Appendf(b, `%q:{"requestCounter":%d,"inBytes":%d,"outBytes":%d,"statusCodes":{"other":0,"200":%d,"404":%d,"502":%d}, `,
		name, n, n*311, n*7919, n-n/50-n/500, n/50, n/500)
	b = fmt.Appendf(b, `"responses":{"1xx":0,"2xx":%d,"3xx":0,"4xx":%d,"5xx":%d,"miss":%d,"bypass":0,"expired":%d,"stale":0,"updating":0,"revalidated":0,"hit":%d,"scarce":0},`,
		n-n/50-n/500, n/50, n/500, n/9, n/90, n/3)
	b = times(b, "request", n, 11)
	return append(over(b, true, `"requestMsecCounter":0`), '}')
}

func peer(b []byte, i, j int) []byte {
	n := requests(i + j)
	b = fmt.Appendf(b, `{"server":"10.%d.%d.%d:8080","requestCounter":%d,"inBytes":%d,"outBytes":%d,"responses":{"1xx":0,"2xx":%d,"3xx":0,"4xx":%d,"5xx":%d},`,
		i/250, i%250, j+1, n, n*301, n*5003, n-n/50-n/500, n/50, n/500)
	b = append(times(b, "request", n, 9), ',')
	b = times(b, "response", n, 8)
	b = fmt.Appendf(b, `,"weight":1,"maxFails":1,"failTimeout":10,"backup":%t,"down":%t`, j%50 == 48, j%50 == 49)
	return append(over(b, false, `"requestMsecCounter":0,"responseMsecCounter":0`), '}')
}

func cache(b []byte, i int) []byte {
	n := requests(i)
	return fmt.Appendf(b, `"cache%d":{"maxSize":1073741824,"usedSize":%d,"inBytes":%d,"outBytes":%d,"responses":{"miss":%d,"bypass":0,"expired":%d,`+
		`"stale":0,"updating":0,"revalidated":0,"hit":%d,"scarce":0},"overCounts":{"maxIntegerSize":18446744073709551615,"inBytes":0,"outBytes":0,`+
		`"miss":0,"bypass":0,"expired":0,"stale":0,"updating":0,"revalidated":0,"hit":0,"scarce":0}}`, i, n*400, n*300, n*6000, n/9, n/90, n/3)
}

// times writes the times of n requests that take the mean in milliseconds.
func times(b []byte, kind string, n, mean int) []byte {
	const values = 63 // of the average
	b = fmt.Appendf(b, `"%sMsecCounter":%d,"%[1]sMsec":%[3]d,"%[1]sMsecs":{"times":[`, kind, n*mean, mean)
	for i := range values {
		b = fmt.Appendf(b, "%d,", int64(1795869397822)+int64(i*100))
	}
	b = append(b[:len(b)-1], `],"msecs":[`...)
	for i := range values {
		b = fmt.Appendf(b, "%d,", mean+i%3)
	}
	return fmt.Appendf(b[:len(b)-1], `]},"%sBuckets":{"msecs":[5,10,50,100,500,1000,5000,10000],"counters":[%d,%d,%d,%d,%d,%d,%d,%d]}`,
		kind, n/5, n/2, n-n/10, n-n/20, n-n/100, n-n/500, n-n/5000, n)
}

func over(b []byte, cached bool, times string) []byte {
	b = append(b, `,"overCounts":{"maxIntegerSize":18446744073709551615,"requestCounter":0,"inBytes":0,"outBytes":0,"1xx":0,"2xx":0,"3xx":0,"4xx":0,"5xx":0,`...)
	if cached {
		b = append(b, `"miss":0,"bypass":0,"expired":0,"stale":0,"updating":0,"revalidated":0,"hit":0,"scarce":0,`...)
	}
	return append(append(b, times...), '}')
}
