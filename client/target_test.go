package client_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
)

func TestParseTarget(t *testing.T) {
	t.Parallel()
	type parts struct {
		label, socket, host, port string
		login, tls                bool
	}
	for uri, want := range map[string]parts{
		"http://127.0.0.1:8080/stub_status":       {host: "127.0.0.1", port: "8080"},
		"http://127.0.0.1/stub_status":            {host: "127.0.0.1", port: "80"},
		"https://web1.example.com/stub_status":    {host: "web1.example.com", port: "443", tls: true},
		"https://web1.example.com:8443/":          {host: "web1.example.com", port: "8443", tls: true},
		"HTTP://Web1.Example.Com/x":               {host: "Web1.Example.Com", port: "80"},
		"http://h":                                {host: "h", port: "80"},
		"http://h:/":                              {host: "h", port: "80"},
		"http://h:1/":                             {host: "h", port: "1"},
		"http://h:65535/":                         {host: "h", port: "65535"},
		"http://[::1]/stub_status":                {host: "::1", port: "80"},
		"http://[::1]:8080/stub_status":           {host: "::1", port: "8080"},
		"http://[fe80::1%25eth0]:8080/":           {host: "fe80::1%eth0", port: "8080"},
		"http://h/s?verbose&format=text":          {host: "h", port: "80"},
		"http://h/s#fragment":                     {host: "h", port: "80"},
		"http://münchen.example/":                 {host: "münchen.example", port: "80"},
		"unix:/run/nginx.sock":                    {socket: "/run/nginx.sock", port: "80"},
		"unix:/run/nginx.sock:":                   {socket: "/run/nginx.sock", port: "80"},
		"unix:/run/nginx.sock:/":                  {socket: "/run/nginx.sock", port: "80"},
		"unix:/run/nginx.sock:/stub_status":       {socket: "/run/nginx.sock", port: "80"},
		"unix:/run/nginx.sock:/stub_status?a=b":   {socket: "/run/nginx.sock", port: "80"},
		"unix:/run/a:b:c.sock:/stub_status":       {socket: "/run/a:b:c.sock", port: "80"},
		"unix:/run/nginx:80:/stub_status":         {socket: "/run/nginx:80", port: "80"},
		"unix:@nginx:/stub_status":                {socket: "@nginx", port: "80"},
		"unix:@nginx":                             {socket: "@nginx", port: "80"},
		"unix:/run/with blank.sock:/stub_status":  {socket: "/run/with blank.sock", port: "80"},
		"unix:/run/user@host.sock:/stub_status":   {socket: "/run/user@host.sock", port: "80"},
		"http://user:geheim@h:8080/s":             {label: "http://h:8080/s", host: "h", port: "8080", login: true},
		"http://user@h/s":                         {label: "http://h/s", host: "h", port: "80", login: true},
		"http://:geheim@h/s":                      {label: "http://h/s", host: "h", port: "80", login: true},
		"http://us%40er:ge%2Fheim@h/s":            {label: "http://h/s", host: "h", port: "80", login: true},
		"http://a:b@geheim@h/s":                   {label: "http://h/s", host: "h", port: "80", login: true},
		"https://user:geheim@[::1]:8443/s?a=b@c":  {label: "https://[::1]:8443/s?a=b@c", host: "::1", port: "8443", login: true, tls: true},
		"http://h/a@b":                            {host: "h", port: "80"},
		"http://h/s?token=geheim":                 {label: "http://h/s?token=REDACTED", host: "h", port: "80"},
		"http://h/s?a=1&API_KEY=geheim&b=2":       {label: "http://h/s?a=1&API_KEY=REDACTED&b=2", host: "h", port: "80"},
		"http://h/s?x%2Dpassword=geheim":          {label: "http://h/s?x%2Dpassword=REDACTED", host: "h", port: "80"},
		"http://h/s?passwd=geheim&token=geheim":   {label: "http://h/s?passwd=REDACTED&token=REDACTED", host: "h", port: "80"},
		"http://h/s?%zzsig=geheim":                {label: "http://h/s?%zzsig=REDACTED", host: "h", port: "80"},
		"http://h/s?token":                        {host: "h", port: "80"},
		"unix:/run/nginx.sock:/s?secret=geheim&a": {label: "unix:/run/nginx.sock:/s?secret=REDACTED&a", socket: "/run/nginx.sock", port: "80"},
	} {
		t.Run(uri, func(t *testing.T) {
			t.Parallel()
			parsed, err := client.ParseTarget(uri)
			if err != nil {
				t.Fatal(err)
			}
			if want.label == "" {
				want.label = uri
			}
			got := parts{parsed.String(), parsed.Socket(), parsed.Host(), parsed.Port(), parsed.HasLogin(), parsed.TLS()}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if shown := fmt.Sprintf("%v %+v %s", parsed, client.Options{Target: parsed}, parsed); strings.Contains(shown, "geheim") {
				t.Errorf("the secret is in %s", shown)
			}
			if _, err := client.New(client.Options{Target: parsed, Timeout: time.Second}); err != nil {
				t.Errorf("no client for it: %v", err)
			}
		})
	}
}

func TestParseTargetRefuses(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"":                                   "write http://",
		"://":                                "not a valid URL",
		"http//x":                            "write http://",
		"127.0.0.1:8080/stub_status":         "write http://",
		"localhost/stub_status":              "write http://",
		"/stub_status":                       "write http://",
		"http:":                              "write http://",
		"http:h/s":                           "write http://",
		"ftp://h/s":                          "write http://",
		"file:///etc/passwd":                 "write http://",
		"UNIX:/run/nginx.sock:/s":            "write http://",
		"http://":                            "the host is missing",
		"http:///stub_status":                "the host is missing",
		"http://:8080/stub_status":           "the host is missing",
		"http://user:geheim@/stub_status":    "the host is missing",
		"http://h:99999/s":                   `port "99999" is not between 1 and 65535`,
		"http://h:65536/s":                   `port "65536" is not between 1 and 65535`,
		"http://h:0/s":                       `port "0" is not between 1 and 65535`,
		"http://h:80a/s":                     "not a valid URL",
		"http://h:-1/s":                      "not a valid URL",
		"http://[::1/s":                      "not a valid URL",
		"http://[::1:8080/s":                 "not a valid URL",
		"http://[not-an-address]/s":          "not a valid URL",
		"http://a b/s":                       "not a valid URL",
		"http://h/%zz":                       "not a valid URL",
		"http://h/a\nb":                      "not a valid URL",
		"http://h/\xff":                      "not valid UTF-8",
		"unix:":                              "the path of the socket is missing",
		"unix::":                             "the path of the socket is missing",
		"unix:/":                             "the path of the socket is missing",
		"unix::/stub_status":                 "the path of the socket is missing",
		"unix:@":                             "the path of the socket is missing",
		"unix:@:/stub_status":                "the path of the socket is missing",
		"unix:nginx.sock:/stub_status":       "the path of the socket must be absolute",
		"unix:../nginx.sock:/stub_status":    "the path of the socket must be absolute",
		"unix:./nginx.sock":                  "the path of the socket must be absolute",
		"unix:/run/nginx.sock:stub_status":   "the request path must begin with a slash",
		"unix:/a:b:c":                        "the request path must begin with a slash",
		"unix:/run/nginx\x00.sock:/s":        "NUL",
		"unix:/run/nginx.sock:/%zz":          "the request path is not valid",
		"unix:/run/nginx.sock:/a\x7fb":       "the request path is not valid",
		"http://unix:/run/x.sock:/status":    "write unix:/run/x.sock:/status without a scheme",
		"https://unix:@x:/s?token=geheim":    "write unix:@x:/s?token=REDACTED without a scheme",
		"http://user:geheim%0d%0a@h/s":       "the credentials contain a control character",
		"http://user%00:geheim@h/s":          "the credentials contain a control character",
		`"http://user:geheim@h/s"`:           "do not use quotes",
		"'unix:/run/x.sock:/s?token=geheim'": "do not use quotes",
		"http://h/s'":                        "do not use quotes",
		"http//user:geheim@h/s":              "write http://",
		"user:geheim@h/s":                    "write http://",
		"ftp://user:geheim@h/s":              "write http://",
		"http://user:geheim@h:99999/s":       "port",
		"http://user:geheim@h:80a/s":         "not a valid URL",
		"http://user:geheim@[::1/s":          "not a valid URL",
		"http://user:geheim#1@h/s":           "not a valid URL",
		"http://user:geheim?1@h/s":           "not a valid URL",
		"http://user:geheim/1@h/s":           "not a valid URL",
		"http://user:ge heim geheim@h/s":     "not a valid URL",
		"http://user:%zzgeheim@h/s":          "not a valid URL",
		"http://h:99999/s?token=geheim":      "port",
		"ftp://h/s?a=1&my-secret=geheim&b=":  "write http://",
	} {
		t.Run(uri, func(t *testing.T) {
			t.Parallel()
			parsed, err := client.ParseTarget(uri)
			if err == nil {
				t.Fatalf("it was taken, as %s", parsed)
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got %q, want %q in it", err, want)
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("the secret is in %q", err)
			}
			if strings.ContainsAny(err.Error(), "\n\x00\x7f") || strings.ToValidUTF8(err.Error(), "?") != err.Error() {
				t.Errorf("control characters are in %q", err)
			}
			if parsed != (client.Target{}) {
				t.Errorf("got %+v with the error", parsed)
			}
		})
	}
}

func TestTargetKey(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"http://h/s", "http://h:80/s", "HTTP://H/s", "http://h:/s", "http://user:pw@h/s", "http://h/s#x", "http://h:080/s"},
		{"http://h", "http://h/", "http://h:80"},
		{"https://h/s", "https://h:443/s"},
		{"http://[::1]/s", "http://[::1]:80/s"},
		{"http://[FE80::1%25eth0]/s", "http://[fe80::1%25eth0]:80/s"},
		{"unix:/s.sock", "unix:/s.sock:", "unix:/s.sock:/"},
	} {
		want := target(t, same[0]).Key()
		for _, uri := range same[1:] {
			if got := target(t, uri).Key(); got != want {
				t.Errorf("%s has key %s, but %s has %s", uri, got, same[0], want)
			}
		}
	}
	keys := map[string]string{}
	for _, uri := range []string{
		"http://h/s", "http://h/S", "http://h/s/", "http://h/s?a", "http://h/s?token=1", "http://h/s?token=2",
		"http://h:81/s", "https://h/s", "https://h:80/s", "http://h:443/s", "http://g/s", "http://localhost/s",
		"unix:/s.sock:/s", "unix:/S.sock:/s", "unix:@s.sock:/s", "unix:/s.sock:/", "unix:/s.sock:/s:/s",
	} {
		key := target(t, uri).Key()
		if other, taken := keys[key]; taken {
			t.Errorf("%s and %s have the same key %s", uri, other, key)
		}
		keys[key] = uri
	}
}

func TestZeroTarget(t *testing.T) {
	t.Parallel()
	if got := (client.Target{}).String(); got != "" {
		t.Errorf("got %q", got)
	}
}

// A query is escaped where it would break the request line, and nowhere else.
func TestQueryIsEscaped(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"a=b c&d": "a=b%20c&d", "a=b%20c": "a=b%20c", "ä": "%C3%A4", "a=b+c": "a=b+c", "x HTTP/1.1": "x%20HTTP/1.1", "": "",
	} {
		for _, uri := range []string{"http://ADDRESS/s?" + query, "unix:SOCKET:/s?" + query} {
			listener := listen(t, "tcp", "127.0.0.1:0")
			if strings.HasPrefix(uri, "unix:") {
				socket := filepath.Join(t.TempDir(), "s")
				listener = listen(t, "unix", socket)
				uri = strings.Replace(uri, "SOCKET", socket, 1)
			}
			var requested string // one request at a time writes it
			start(t, listener, func(e *exchange) outcome {
				requested = e.request.RequestURI
				e.send(ok(page))
				return hangUp
			})
			mustScrape(t, connect(t, client.Options{Target: target(t, strings.Replace(uri, "ADDRESS", listener.Addr().String(), 1)), Timeout: patience}))
			if requested != "/s?"+want {
				t.Errorf("%s: requested %s", uri, requested)
			}
		}
	}
}
