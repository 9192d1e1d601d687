package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/nginxtest"
)

// startNginx starts a real nginx and waits until it listens: nginx NAME FILE.
// FILE is the content of the http block, or a directory with the files of conf.d,
// which then set the access logs.
func startNginx(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: nginx NAME FILE")
	}
	n := nginxtest.New(scriptTB{ts})
	n.LogPath = logOf(ts, args[0])
	if files, err := os.ReadDir(ts.MkAbs(args[1])); err == nil {
		n.Logging = true
		n.Configure(scriptTB{ts}, "")
		for _, file := range files {
			n.Write(scriptTB{ts}, "conf.d/"+file.Name(), ts.ReadFile(args[1]+"/"+file.Name()))
		}
	} else {
		n.Configure(scriptTB{ts}, ts.ReadFile(args[1]))
	}
	n.Start(scriptTB{ts})
	started(ts)[args[0]] = n.Process
}

// configMaps writes the files of the ConfigMaps in a manifest: configmaps MANIFEST DIRECTORY.
func configMaps(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: configmaps MANIFEST DIRECTORY")
	}
	documents := yaml.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	for {
		var object struct {
			Kind string
			Data map[string]string
		}
		err := documents.Decode(&object)
		if errors.Is(err, io.EOF) {
			return
		}
		ts.Check(err)
		if object.Kind != "ConfigMap" {
			continue
		}
		for name, text := range object.Data {
			ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[1]), name), []byte(text), 0o600))
		}
	}
}

// stub starts a server that always sends the same stub_status response, and
// puts its address into $NAME: stub NAME...
func stub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: stub NAME...")
	}
	for _, name := range args {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Server", "nginx/1.29.1")
			_, _ = io.WriteString(w, "Active connections: 3 \nserver accepts handled requests\n 11 10 23 \nReading: 0 Writing: 1 Waiting: 2 \n")
		}))
		ts.Defer(server.Close)
		ts.Setenv(name, server.Listener.Addr().String())
	}
}

// hang starts a server that reads requests and never responds: hang NAME.
// Each request makes a file NAME.requested.
func hang(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hang NAME")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	ts.Check(err)
	ts.Setenv(args[0], listener.Addr().String())
	requested := ts.MkAbs(args[0] + ".requested")
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go swallow(conn, requested)
		}
	}()
	ts.Defer(func() {
		_ = listener.Close() // ends Accept
		<-over
	})
}

// swallow reads until the other side closes the connection.
func swallow(conn net.Conn, requested string) {
	defer func() { _ = conn.Close() }() // nothing was written
	reader := bufio.NewReader(conn)
	if _, err := reader.ReadString('\n'); err == nil {
		_ = os.WriteFile(requested, []byte("requested\n"), 0o600) // the script waits for it
	}
	_, _ = io.Copy(io.Discard, reader)
}

// makeCertificates makes a CA and certificates of it: ca.crt, server.crt and
// server.key for 127.0.0.1 and localhost, client.crt and client.key, and the
// same of another CA in other-ca.crt and so on: certs.
func makeCertificates(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: certs")
	}
	write := func(name, text string) { ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600)) }
	for _, prefix := range []string{"", "other-"} {
		authority := nginxtest.NewAuthority(scriptTB{ts})
		write(prefix+"ca.crt", authority.PEM)
		for name, leaf := range map[string]nginxtest.Leaf{"server": {}, "client": {Client: true}} {
			certificate, key := authority.Issue(scriptTB{ts}, leaf)
			write(prefix+name+".crt", certificate)
			write(prefix+name+".key", key)
		}
	}
}
