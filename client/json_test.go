package client_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"nginx-exporter/client"
	"nginx-exporter/client/document"
)

// totals reads an object of counts and adds them up. Each is charged as 100
// bytes.
func totals(sum *float64) func(d *document.Reader) {
	return func(d *document.Reader) {
		for range d.Members() {
			d.Charge(100)
			*sum += d.Count().Float()
		}
	}
}

func TestGetJSON(t *testing.T) {
	t.Parallel()
	_, options := serve(t, "http", func(e *exchange) outcome {
		if e.request.URL.Path != "/stub_status/below" {
			e.send(response("404 Not Found", "text/plain", ""))
			return keep
		}
		e.send(ok(`{"a":1,"b":"x","c":2}`))
		return keep
	})
	c := connect(t, options)
	for range 2 { // with a new reader, and with a used one
		sum := 0.0
		invalid, err := c.GetJSON(t.Context(), "below", 1000, totals(&sum))
		if invalid != 1 || err != nil {
			t.Errorf("got %d invalid values and %v", invalid, err)
		}
	}
	_, err := c.GetJSON(t.Context(), "", 1000, totals(new(float64)))
	check(t, err, failure{reason: client.ReasonStatus, status: 404, text: "404", advice: "check the path"})
}

func TestGetJSONFails(t *testing.T) {
	t.Parallel()
	many := "{" + strings.TrimSuffix(strings.Repeat(`"":1,`, 150), ",") + "}"
	for name, test := range map[string]struct {
		script script
		want   failure
	}{
		"not valid JSON":  {always(ok("{]")), failure{reason: client.ReasonParse, text: "not valid JSON", advice: adviceLocation}},
		"cut JSON":        {always(ok(`{"a":1`)), failure{reason: client.ReasonParse, text: "the response is incomplete", advice: adviceLocation}},
		"cut response":    {once(strings.TrimSuffix(ok(`{"a":1}`), "}")), failure{reason: client.ReasonParse, text: "reading the response failed", advice: adviceLocation}},
		"reset":           {breaking(`{"a":1`, reset), failure{reason: client.ReasonNetwork, text: "reading the response failed", advice: adviceCut}},
		"another kind":    {always(ok(`7`)), failure{reason: client.ReasonParse, text: "a JSON number instead of a JSON object", advice: adviceLocation}},
		"too long":        {always(ok(`{"a":1,"` + strings.Repeat("b", 1000) + `":2}`)), failure{reason: client.ReasonTooLarge, text: "longer than 1000 bytes", advice: adviceLocation}},
		"too many values": {always(ok(many)), failure{reason: client.ReasonTooLarge, text: "more than 500 bytes of memory", advice: adviceLocation}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, options := serve(t, "http", test.script)
			_, err := connect(t, options).GetJSON(t.Context(), "", 1000, totals(new(float64)))
			check(t, err, test.want)
		})
	}
}

// A request that is cancelled during a document has that reason.
func TestGetJSONCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, options := serve(t, "http", func(e *exchange) outcome {
		e.send(strings.TrimSuffix(ok(`{"a":1}`), "1}"))
		cancel()
		e.stall()
		return hangUp
	})
	_, err := connect(t, options).GetJSON(ctx, "", 1000, totals(new(float64)))
	check(t, err, failure{reason: client.ReasonCanceled})
}

// breaking sends the beginning of a document of some length, and ends.
func breaking(body string, end outcome) script {
	return func(e *exchange) outcome {
		e.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body)+10, body))
		return end
	}
}
