package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"nginx-exporter/internal/proctest"
)

// get sends a request:
//
//	get [OPTIONS] URL [PATTERN | !PATTERN]...
//
// It repeats the request until the response has the status (-status=200) and matches
// all patterns. Without patterns it sends one request. The response goes to stdout.
// With -later=FILE the script continues, and the response goes into FILE.
// Options: -status, -method, -header="Name: value", -user=name:password,
// -unix=socket, -ca=file, -cert=file and -key=file. A URL without a scheme is
// http.
func get(ts *testscript.TestScript, neg bool, args []string) {
	options, args := cutOptions(args)
	if neg || len(args) == 0 {
		ts.Fatalf("usage: get [OPTIONS] URL [PATTERN | !PATTERN]...")
	}
	client := scriptClient(ts, options)
	defer client.CloseIdleConnections()
	request, patterns := scriptRequest(ts, options, args[0]), args[1:]
	want := options["status"]
	if want == "" {
		want = "200"
	}
	if file := options["later"]; file != "" {
		requestLater(ts, client, request, ts.MkAbs(file))
		return
	}
	var response string
	send := func() error {
		var status int
		var err error
		if status, response, err = exchange(client, request); err != nil {
			return err
		}
		if strconv.Itoa(status) != want {
			return fmt.Errorf("status %d, not %s: %s", status, want, response)
		}
		return matchAll(ts, patterns, response)
	}
	if len(patterns) == 0 {
		ts.Check(send())
	} else {
		until(ts, send)
	}
	_, _ = io.WriteString(ts.Stdout(), response) // it never fails
}

// requestLater writes the response into a file.
func requestLater(ts *testscript.TestScript, client *http.Client, request *http.Request, path string) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		status, response, err := exchange(client, request)
		if err != nil {
			response = err.Error()
		}
		_ = os.WriteFile(path, fmt.Appendf(nil, "status %d\n%s\n", status, response), 0o600) // the script waits for it
	}()
	ts.Defer(func() {
		client.CloseIdleConnections()
		<-over
	})
}

// hangsUp connects and waits until the exporter closes the connection:
//
//	hangsup silent|idle|deaf ADDRESS
//
// A silent client does not complete its request, an idle one has received its
// response, a deaf one sends requests and does not read.
func hangsUp(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hangsup silent|idle|deaf ADDRESS")
	}
	conn, err := net.Dial("tcp", args[1]) //nolint:noctx // on loopback
	ts.Check(err)
	defer func() { _ = conn.Close() }() // nothing was lost
	ts.Check(conn.SetDeadline(time.Now().Add(proctest.Patience)))
	request := "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"
	switch args[0] {
	case "silent":
		_, err = io.WriteString(conn, request[:20])
	case "idle":
		_, err = io.WriteString(conn, request)
	default:
		for err == nil {
			_, err = io.WriteString(conn, strings.Repeat(request, 100))
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			ts.Fatalf("a client that does not read is still connected")
		}
		return
	}
	ts.Check(err)
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		ts.Fatalf("a client that is %s is still connected", args[0])
	}
}

func matchAll(ts *testscript.TestScript, patterns []string, text string) error {
	for _, pattern := range patterns {
		bare, absent := strings.CutPrefix(pattern, "!")
		compiled, err := regexp.Compile("(?m)" + bare)
		ts.Check(err)
		if compiled.MatchString(text) == absent {
			return fmt.Errorf("%s does not hold for:\n%s", pattern, text)
		}
	}
	return nil
}

func exchange(client *http.Client, request *http.Request) (int, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), proctest.Patience)
	defer cancel()
	response, err := client.Do(request.WithContext(ctx))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, string(body), err
}

func scriptRequest(ts *testscript.TestScript, options map[string]string, url string) *http.Request {
	if !strings.Contains(strings.SplitN(url, "?", 2)[0], "://") {
		url = "http://" + url
	}
	method := options["method"]
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(context.Background(), method, url, http.NoBody)
	ts.Check(err)
	for line := range strings.Lines(options["header"]) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		request.Header.Add(name, strings.TrimSpace(value))
	}
	if user, password, found := strings.Cut(options["user"], ":"); found {
		request.SetBasicAuth(user, password)
	}
	return request
}

func scriptClient(ts *testscript.TestScript, options map[string]string) *http.Client {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca := options["ca"]; ca != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(ts.ReadFile(ca))) {
			ts.Check(errors.New(ca + " holds no certificate"))
		}
	}
	if cert := options["cert"]; cert != "" {
		pair, err := tls.LoadX509KeyPair(ts.MkAbs(cert), ts.MkAbs(options["key"]))
		ts.Check(err)
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: config}
	if socket := options["unix"]; socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", ts.MkAbs(socket))
		}
	}
	return &http.Client{Transport: transport}
}
