package accesslog

import "testing"

// benchLines are lines of usual requests.
func benchLines() map[string][]string {
	return map[string][]string{
		Own: {
			"v1\twww.example.com\tGET\t200\t0.012\t512\t15320\tapp\t200\t0.010\t0.012\t-\t/products/1234/reviews",
			"v1\tapi.example.com\tPOST\t502\t0.125\t840\t420\tapi\t502, 502\t0.003, 0.120\t0.004, 0.121\tMISS\t/api/v1/orders",
		},
		"combined_times": {
			`203.0.113.7 - - [28/Nov/2026:12:29:38 +0000] "GET /products/1234/reviews?page=2 HTTP/1.1" 200 15320 "https://www.example.com/products" ` +
				`"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36" 512 0.012 0.012`,
			`2001:db8::7 - alice [28/Nov/2026:12:29:38 +0000] "POST /api/v1/orders HTTP/2.0" 502 420 "-" "curl/8.5.0" 840 0.125 0.004, 0.121`,
		},
		"json": {
			`{"server":"www.example.com","method":"GET","status":200,"time":0.012,"sent":15320,"upstream":"app","uri":"/products/1234/reviews"}`,
			`{"server":"api.example.com","method":"POST","status":502,"time":0.125,"sent":420,"upstream":"api","uri":"/api/v1/orders"}`,
		},
	}
}

func benchOptions(name string) Options {
	if name == "json" {
		return Options{Escape: EscapeJSON, Format: `{"server":"$server_name","method":"$request_method","status":$status,` +
			`"time":$request_time,"sent":$bytes_sent,"upstream":"$proxy_host","uri":"$uri"}`}
	}
	return Options{Format: name}
}

func BenchmarkParse(b *testing.B) {
	for name, lines := range benchLines() {
		b.Run(name, func(b *testing.B) {
			f, err := Compile(benchOptions(name))
			if err != nil {
				b.Fatal(err)
			}
			var r Record
			raw := [][]byte{[]byte(lines[0]), []byte(lines[1])}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := f.Parse(raw[i%len(raw)], &r); err != nil {
					b.Fatal(f.Explain(raw[i%len(raw)]))
				}
			}
		})
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	for name, lines := range benchLines() {
		f, err := Compile(benchOptions(name))
		if err != nil {
			t.Fatal(err)
		}
		var r Record
		for _, line := range lines {
			raw := []byte(line)
			if n := testing.AllocsPerRun(100, func() {
				if err := f.Parse(raw, &r); err != nil {
					t.Error(f.Explain(raw))
				}
			}); n > 0 {
				t.Errorf("%s: %v allocations for %s", name, n, line)
			}
		}
	}
}
