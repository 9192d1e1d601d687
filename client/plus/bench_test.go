//go:build unix

package plus

import (
	"bytes"
	"encoding/json"
	"syscall"
	"testing"
	"time"

	"nginx-exporter/client/document"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// BenchmarkDecodeUpstreams decodes /http/upstreams at each size, and once with
// encoding/json into as much as is used of it.
func BenchmarkDecodeUpstreams(b *testing.B) {
	for _, name := range []string{"S", "M", "L"} {
		size, err := standin.SizeOf(name)
		if err != nil {
			b.Fatal(err)
		}
		text := plustest.Documents(size)["http/upstreams"]
		b.Run(name, func(b *testing.B) {
			d := document.NewReader(nil, 0) // kept between documents, as Client does
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			before := cpuTime(b)
			defer func() { b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N)/1e6, "cpu-ms/op") }()
			for b.Loop() {
				upstreams := &Upstreams{}
				d.Reset(bytes.NewReader(text), 0)
				upstreams.Decode(d)
				if err := d.Finish(); err != nil {
					b.Fatal(err)
				}
				if len(upstreams.Peers) != size.Upstreams*size.Peers {
					b.Fatal("peers are missing")
				}
			}
		})
	}
	text := plustest.Documents(standin.L())["http/upstreams"]
	b.Run("L/encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var upstreams map[string]jsonUpstream
			if err := json.NewDecoder(bytes.NewReader(text)).Decode(&upstreams); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// jsonUpstream is for encoding/json what Upstream is for us.
type jsonUpstream struct {
	Peers []struct {
		ID                                       int
		Server, Name, Service, State             string
		Backup                                   bool
		Weight, Active                           float64
		MaxConns                                 *float64 `json:"max_conns"`
		Requests, Sent, Received, Fails, Unavail uint64
		Responses                                jsonResponses
		HeaderTime                               *float64     `json:"header_time"`
		ResponseTime                             *float64     `json:"response_time"`
		ResponseTimeHist                         *jsonBuckets `json:"response_time_hist"`
		HealthChecks                             jsonChecks   `json:"health_checks"`
		Downtime                                 uint64
		Downstart, Selected                      string
		SSL                                      *jsonTLS
	}
	Keepalive, Zombies float64
	Zone               string
}

type jsonResponses struct {
	C1    uint64 `json:"1xx"`
	C2    uint64 `json:"2xx"`
	C3    uint64 `json:"3xx"`
	C4    uint64 `json:"4xx"`
	C5    uint64 `json:"5xx"`
	Codes map[string]uint64
}

type jsonBuckets struct {
	Sum     uint64
	Buckets map[string]uint64
}

type jsonChecks struct {
	Checks, Fails, Unhealthy uint64
	LastPassed               *bool `json:"last_passed"`
}

type jsonTLS struct {
	Handshakes       uint64
	HandshakesFailed uint64            `json:"handshakes_failed"`
	SessionReuses    uint64            `json:"session_reuses"`
	NoCommonProtocol uint64            `json:"no_common_protocol"`
	NoCommonCipher   uint64            `json:"no_common_cipher"`
	HandshakeTimeout uint64            `json:"handshake_timeout"`
	PeerRejectedCert uint64            `json:"peer_rejected_cert"`
	VerifyFailures   map[string]uint64 `json:"verify_failures"`
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
