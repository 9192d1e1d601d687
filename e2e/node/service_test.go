package node

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nginx-exporter/e2e/kube"
)

// TestServices reads Services and endpoints and forwards a connection to one that is
// ready. The address on the bridge needs namespaces and is left to a run.
func TestServices(t *testing.T) {
	t.Parallel()
	backend, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = backend.Close() })
	go echo(backend)
	_, port, err := net.SplitHostPort(backend.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s := newServices(serviceAPI(t, port))
	if s.known, err = s.read(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := "10.244.0.1 db.other.svc.cluster.local db.other.svc db.other\n" +
		"10.96.0.7 web.shop.svc.cluster.local web.shop.svc web.shop web\n"
	if got := s.hosts("shop"); got != want {
		t.Errorf("hosts:\n%s\nwant\n%s", got, want)
	}
	if got := transfer(t, s, "shop/web", "http"); got != "hello" {
		t.Errorf("through the Service: %q", got)
	}
	if got := transfer(t, s, "shop/none", "http"); got != "" {
		t.Errorf("through a Service without endpoints: %q", got)
	}
}

func echo(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(conn, conn)
		_ = conn.Close()
	}
}

// serviceAPI is an API server with two Services, one of them headless.
func serviceAPI(t *testing.T, port string) *kube.Client {
	t.Helper()
	texts := map[string]string{
		"/api/v1/services": `{"items": [
			{"metadata": {"namespace": "default", "name": "kubernetes"}, "spec": {"clusterIP": "10.96.0.1"}},
			{"metadata": {"namespace": "shop", "name": "web"}, "spec": {"clusterIP": "10.96.0.7", "ports": [{"name": "http", "port": 80}]}},
			{"metadata": {"namespace": "other", "name": "db"}, "spec": {"clusterIP": "None"}}]}`,
		"/apis/discovery.k8s.io/v1/endpointslices": fmt.Sprintf(`{"items": [
			{"metadata": {"namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}}, "ports": [{"name": "http", "port": %s}],
				"endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": true}}, {"addresses": ["127.0.0.9"], "conditions": {"ready": false}}]},
			{"metadata": {"namespace": "other", "labels": {"kubernetes.io/service-name": "db"}},
				"endpoints": [{"addresses": ["10.244.0.1"], "conditions": {"ready": true}}]}]}`, port),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, texts[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	return kube.NewClient(server.URL, &http.Transport{DisableKeepAlives: true})
}

// transfer sends a text through a Service and returns what comes back.
func transfer(t *testing.T, s *services, key, port string) string {
	t.Helper()
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.forward(context.WithoutCancel(t.Context()), server, key, port)
	}()
	var text strings.Builder
	go func() {
		_, _ = io.WriteString(client, "hello")
	}()
	_, _ = io.CopyN(&text, client, int64(len("hello")))
	_ = client.Close()
	<-done
	return text.String()
}
