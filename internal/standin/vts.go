package standin

import "fmt"

// VTS is the number of objects of a generated nginx with nginx-module-vts. Equal
// sizes have equal documents.
type VTS struct {
	Servers   int // server zones
	Filters   int // keys of one filter
	Upstreams int
	Peers     int // servers of each upstream
	Caches    int
}

// Document generates the JSON of the module, with histograms, status codes and the
// values of averages, as the module prints it. Counters are those of a server that
// has run for so many steps, of a second each.
func (v VTS) Document(steps int) []byte {
	const perZone, head = 2500, 1 << 10
	b := make([]byte, 0, head+perZone*(v.Servers+v.Filters+2*v.Upstreams*v.Peers))
	total := steps * (v.Servers + v.Filters + v.Upstreams*v.Peers)
	b = fmt.Appendf(b, `{"hostName":"standin","moduleVersion":"v0.2.7","nginxVersion":"1.29.4","loadMsec":1795869397287,"nowMsec":%d,`+
		`"connections":{"active":12,"reading":1,"writing":4,"waiting":7,"accepted":%d,"handled":%d,"requests":%d},`+
		`"sharedZones":{"name":"vts","maxSize":33554432,"usedSize":%d,"usedNode":%d,"freeSize":1011712}`,
		int64(1795869397287)+int64(1000*steps), 100+total, 100+total, 1000+total, 3556*v.Servers, v.Servers+1)
	b = append(b, `,"serverZones":{`...)
	for i := range v.Servers {
		b = vtsZone(b, fmt.Sprintf("site%04d.example.com", i), i, steps)
		b = append(b, ',')
	}
	b = append(vtsZone(b, "*", v.Servers, steps), '}')
	b = append(b, `,"filterZones":{"country::*":{`...)
	for i := range v.Filters {
		if i > 0 {
			b = append(b, ',')
		}
		b = vtsZone(b, fmt.Sprintf("C%04d", i), i, steps)
	}
	b = append(b, `}},"upstreamZones":{`...)
	for i := range v.Upstreams {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `"up%04d":[`, i)
		for j := range v.Peers {
			if j > 0 {
				b = append(b, ',')
			}
			b = vtsPeer(b, i, j, steps)
		}
		b = append(b, ']')
	}
	b = append(b, `},"cacheZones":{`...)
	for i := range v.Caches {
		if i > 0 {
			b = append(b, ',')
		}
		b = vtsCache(b, i, steps)
	}
	return append(b, "}}\n"...)
}

// vtsRate is how many requests an object has per step.
func vtsRate(i int) int { return 3 + i%7 }

func vtsZone(b []byte, name string, i, steps int) []byte {
	n := 100_000 + i*37 + steps*vtsRate(i)
	b = fmt.Appendf(b, `%q:{"requestCounter":%d,"inBytes":%d,"outBytes":%d,"statusCodes":{"other":0,"200":%d,"404":%d,"502":%d}, `,
		name, n, n*311, n*7919, n-n/50-n/500, n/50, n/500)
	b = fmt.Appendf(b, `"responses":{"1xx":0,"2xx":%d,"3xx":0,"4xx":%d,"5xx":%d,"miss":%d,"bypass":0,"expired":%d,"stale":0,"updating":0,"revalidated":0,"hit":%d,"scarce":0},`,
		n-n/50-n/500, n/50, n/500, n/9, n/90, n/3)
	b = vtsTimes(b, "request", n, 11)
	return append(vtsOver(b, true, `"requestMsecCounter":0`), '}')
}

func vtsPeer(b []byte, i, j, steps int) []byte {
	n := 50_000 + i*29 + j*13 + steps*vtsRate(i+j)
	b = fmt.Appendf(b, `{"server":"10.%d.%d.%d:8080","requestCounter":%d,"inBytes":%d,"outBytes":%d,"responses":{"1xx":0,"2xx":%d,"3xx":0,"4xx":%d,"5xx":%d},`,
		i/250, i%250, j+1, n, n*301, n*5003, n-n/60-n/600, n/60, n/600)
	b = append(vtsTimes(b, "request", n, 9), ',')
	b = vtsTimes(b, "response", n, 8)
	b = fmt.Appendf(b, `,"weight":1,"maxFails":1,"failTimeout":10,"backup":%t,"down":%t`, j%50 == 48, j%50 == 49)
	return append(vtsOver(b, false, `"requestMsecCounter":0,"responseMsecCounter":0`), '}')
}

func vtsCache(b []byte, i, steps int) []byte {
	n := 10_000 + i*17 + steps*vtsRate(i)
	return fmt.Appendf(b, `"cache%d":{"maxSize":1073741824,"usedSize":%d,"inBytes":%d,"outBytes":%d,"responses":{"miss":%d,"bypass":0,"expired":%d,`+
		`"stale":0,"updating":0,"revalidated":0,"hit":%d,"scarce":0},"overCounts":{"maxIntegerSize":18446744073709551615,"inBytes":0,"outBytes":0,`+
		`"miss":0,"bypass":0,"expired":0,"stale":0,"updating":0,"revalidated":0,"hit":0,"scarce":0}}`, i, n*400, n*300, n*6000, n/9, n/90, n/3)
}

// vtsTimes writes the times of n requests that take the mean in milliseconds.
func vtsTimes(b []byte, kind string, n, mean int) []byte {
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

func vtsOver(b []byte, cached bool, times string) []byte {
	b = append(b, `,"overCounts":{"maxIntegerSize":18446744073709551615,"requestCounter":0,"inBytes":0,"outBytes":0,"1xx":0,"2xx":0,"3xx":0,"4xx":0,"5xx":0,`...)
	if cached {
		b = append(b, `"miss":0,"bypass":0,"expired":0,"stale":0,"updating":0,"revalidated":0,"hit":0,"scarce":0,`...)
	}
	return append(append(b, times...), '}')
}
