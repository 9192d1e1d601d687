package client_test

import (
	"net/http"
	"strings"
	"testing"

	"nginx-exporter/client"
	"nginx-exporter/internal/nginxtest"
)

// TestAdviceOfNginx checks the advice for what nginx itself does.
func TestAdviceOfNginx(t *testing.T) {
	t.Parallel()
	ca := nginxtest.NewAuthority(t)
	limited := "limit_req_zone $server_port zone=one:1m rate=1r/m; limit_req zone=one;\n"
	for name, c := range map[string]struct {
		events, servers string
		want            failure
	}{
		"unknown TLS server name": {
			"", "server { listen @ADDRESS@ ssl; ssl_reject_handshake on; }",
			failure{reason: client.ReasonTLS, text: "unrecognized name", advice: "set --nginx.ssl-server-name (tls_config.server_name in the configuration file"},
		},
		"TLS 1.1": {
			"", "server { listen @ADDRESS@ ssl; ssl_certificate crt; ssl_certificate_key key; ssl_protocols TLSv1.1; }",
			failure{reason: client.ReasonTLS, text: "protocol version", advice: "ssl_protocols TLSv1.2 TLSv1.3"},
		},
		// One is for the listening socket, the other for the master process.
		"no worker connections": {
			"worker_connections 2;", "server { listen @ADDRESS@; location / { stub_status; } }",
			failure{reason: client.ReasonNetwork, advice: "raise worker_connections if they are not enough"},
		},
		"proxy_protocol": {
			"", "server { listen @ADDRESS@ proxy_protocol; location / { stub_status; } }",
			failure{reason: client.ReasonNetwork, text: "EOF", advice: "set --nginx.proxy-protocol if the listen directive has proxy_protocol"},
		},
		"limit_req": {
			"", limited + "server { listen @ADDRESS@; location / { stub_status; } }",
			failure{reason: client.ReasonStatus, status: http.StatusServiceUnavailable, text: "503", advice: adviceLimit},
		},
		"limit_req_status": {
			"", limited + "limit_req_status 429; server { listen @ADDRESS@; location / { stub_status; } }",
			failure{reason: client.ReasonStatus, status: http.StatusTooManyRequests, text: "429", advice: adviceLimit},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := nginxtest.New(t)
			n.Events = c.events
			certificate, key := ca.Issue(t, nginxtest.Leaf{})
			n.Write(t, "crt", certificate)
			n.Write(t, "key", key)
			address := nginxtest.FreeAddress(t, "127.0.0.1")
			n.Configure(t, strings.ReplaceAll(c.servers, "@ADDRESS@", address))
			n.Start(t)
			scheme := "http://"
			if c.want.reason == client.ReasonTLS {
				scheme = "https://"
			}
			one := connect(t, client.Options{Target: target(t, scheme+address+"/"), Timeout: patience})
			_, err := scrape(t, one)
			if err == nil { // the first request is within the limit
				_, err = scrape(t, one)
			}
			check(t, err, c.want)
		})
	}
}
