package collector

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"nginx-exporter/client"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/internal/standin/vtstest"
)

// In mode auto the error of a document is that of its own format, although
// stub_status is tried first.
func TestErrorOfRecognizedProtocol(t *testing.T) {
	t.Parallel()
	vtsBody := vtstest.Recorded("full")
	const header = `{"angie":{"version":"1.13.0","generation":1},"http":{"x":"`
	documents := map[string]string{"vts": string(vtsBody), "angie": header + strings.Repeat("a", 1<<10) + `"}}`}
	for name, document := range documents {
		for reason, respond := range map[client.Reason]http.HandlerFunc{
			client.ReasonTooLarge: func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, document+strings.Repeat(" ", 1<<20)) // the exporter may have left
			},
			client.ReasonParse: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, document[:len(document)/2]) },
		} {
			t.Run(name+" "+string(reason), func(t *testing.T) {
				t.Parallel()
				b := &book{}
				c := newCollector(t, Options{MaxDocument: 1 << 20, Logger: b.logger()}, asking(t, serve(t, respond)+"/status/"))
				for range 3 {
					text := oracle.Text(t, c.Scrape(t.Context()))
					if !strings.Contains(text, "\nnginx_up 0\n") || !strings.Contains(text, `{reason="`+string(reason)+`",source="`+name+`"}`) {
						t.Errorf("got\n%s", text)
					}
				}
				b.wantLines(t, `source=`+name+` msg="Scrape failed" reason=`+string(reason))
			})
		}
	}
}
