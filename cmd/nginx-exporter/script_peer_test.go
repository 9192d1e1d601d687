package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// nginxHead is what every nginx of a script needs; what the script wants of it
// comes after.
const nginxHead = `daemon off;
worker_processes 1;
pid %[1]s.pid;
error_log stderr;
%[3]s
events {}
http {
	access_log %[1]s.access;
	client_body_temp_path %[1]s.body;
	proxy_temp_path %[1]s.proxy;
	fastcgi_temp_path %[1]s.fastcgi;
	uwsgi_temp_path %[1]s.uwsgi;
	scgi_temp_path %[1]s.scgi;
	include %[2]s;
}
`

// startNginx starts a real nginx and waits until it listens: nginx NAME FILE.
// FILE holds what stands in the http block.
func startNginx(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: nginx NAME FILE")
	}
	name := args[0]
	user := ""
	if os.Getuid() == 0 {
		user = "user root root;" // else its workers could not enter the folder of the script
	}
	config := ts.MkAbs(name + ".main.conf")
	ts.Check(os.WriteFile(config, fmt.Appendf(nil, nginxHead, name, ts.MkAbs(args[1]), user), 0o600))
	pid := ts.MkAbs(name + ".pid")
	_ = os.Remove(pid)                                                                                                     // of one that was killed
	command := exec.Command(program(ts, "nginx"), "-p", filepath.Dir(config), "-e", "stderr", "-c", filepath.Base(config)) //nolint:noctx // it ends with the script
	command.Env = environment(ts)
	p := spawn(ts, name, command)
	until(ts, func() error {
		if p.hasEnded() {
			ts.Fatalf("%s has ended: %s", name, p.output())
		}
		// nginx writes its number once it listens.
		text, err := os.ReadFile(pid)
		if err == nil && len(text) == 0 {
			err = io.ErrUnexpectedEOF
		}
		return err
	})
}

// stub starts a small nginx that always tells the same, and puts its address
// into $NAME: stub NAME...
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

// hang starts a server that reads requests and never answers them: hang NAME.
// Each request makes a file NAME.asked.
func hang(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hang NAME")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	ts.Check(err)
	ts.Setenv(args[0], listener.Addr().String())
	asked := ts.MkAbs(args[0] + ".asked")
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go swallow(conn, asked)
		}
	}()
	ts.Defer(func() {
		_ = listener.Close() // ends Accept
		<-over
	})
}

// swallow ends when the other side hangs up.
func swallow(conn net.Conn, asked string) {
	defer func() { _ = conn.Close() }() // nothing was written
	reader := bufio.NewReader(conn)
	if _, err := reader.ReadString('\n'); err == nil {
		_ = os.WriteFile(asked, []byte("asked\n"), 0o600) // the script waits for it
	}
	_, _ = io.Copy(io.Discard, reader)
}

// makeCertificates makes a CA and what it signed: ca.crt, server.crt and
// server.key for 127.0.0.1, localhost and nginx.test, client.crt and
// client.key, and the same of a stranger in other-ca.crt and so on. Server
// certificates are for the hosts of the addresses too: certs [ADDRESS...].
func makeCertificates(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: certs [ADDRESS...]")
	}
	addresses := []net.IP{net.IPv4(127, 0, 0, 1)}
	for _, address := range args {
		host, _, err := net.SplitHostPort(address)
		ts.Check(err)
		addresses = append(addresses, net.ParseIP(host))
	}
	for _, prefix := range []string{"", "other-"} {
		authority := &x509.Certificate{
			Subject: pkix.Name{CommonName: prefix + "ca"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
		key := certificate(ts, prefix+"ca", authority, authority, nil)
		certificate(ts, prefix+"server", &x509.Certificate{
			Subject: pkix.Name{CommonName: prefix + "server"}, DNSNames: []string{"localhost", "nginx.test"},
			IPAddresses: addresses, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}, authority, key)
		certificate(ts, prefix+"client", &x509.Certificate{
			Subject: pkix.Name{CommonName: prefix + "client"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}, authority, key)
	}
}

// certificate writes NAME.crt and NAME.key; without a key of its issuer it
// signs itself.
func certificate(ts *testscript.TestScript, name string, template, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	if issuerKey == nil {
		issuerKey = key
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	signed, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, issuerKey)
	ts.Check(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	writePEM(ts, name+".crt", "CERTIFICATE", signed)
	writePEM(ts, name+".key", "PRIVATE KEY", secret)
	return key
}

func writePEM(ts *testscript.TestScript, name, kind string, bytes []byte) {
	ts.Check(os.WriteFile(ts.MkAbs(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600))
}
