package node

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"nginx-exporter/e2e/kube"
)

// serviceRange is that of the API server for addresses of Services.
const serviceRange = "10.96.0.0/16"

// services replaces kube-proxy and DNS. A connection to a Service goes to one of its
// ready endpoints, over a listener on its address. Names of Services are in /etc/hosts
// of pods that start later. TCP only.
type services struct {
	client *kube.Client

	mu     sync.Mutex
	known  map[string]*service // by namespace/name
	listen map[string]net.Listener
}

// service is a Service with its ready endpoints.
type service struct {
	namespace, name, address string
	ports                    []servicePort
	// endpoints are addresses by name of the port, ips those without port.
	endpoints map[string][]string
	ips       []string
}

type servicePort struct {
	Name string
	Port int
}

func newServices(client *kube.Client) *services {
	return &services{client: client, known: map[string]*service{}, listen: map[string]net.Listener{}}
}

// sync reads Services and endpoints, and listens on their addresses.
func (s *services) sync(ctx context.Context) error {
	known, err := s.read(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = known
	wanted := map[string]bool{}
	for key, v := range known {
		if net.ParseIP(v.address) == nil {
			continue // headless
		}
		for _, port := range v.ports {
			address := net.JoinHostPort(v.address, strconv.Itoa(port.Port))
			wanted[address] = true
			if err := s.open(ctx, v.address, address, key, port.Name); err != nil {
				return fmt.Errorf("service %s: %w", key, err)
			}
		}
	}
	for address, listener := range s.listen {
		if !wanted[address] {
			_ = listener.Close() // its address may be reused
			delete(s.listen, address)
		}
	}
	return nil
}

// read lists Services and their ready endpoints.
func (s *services) read(ctx context.Context) (map[string]*service, error) {
	var list struct {
		Items []struct {
			Metadata struct{ Namespace, Name string }
			Spec     struct {
				ClusterIP string
				Ports     []servicePort
			}
		}
	}
	if err := s.client.Get(ctx, "/api/v1/services", &list); err != nil {
		return nil, err
	}
	known := map[string]*service{}
	for _, item := range list.Items {
		if item.Metadata.Namespace == "default" && item.Metadata.Name == "kubernetes" {
			continue // pods use the address of the API server
		}
		known[item.Metadata.Namespace+"/"+item.Metadata.Name] = &service{
			namespace: item.Metadata.Namespace, name: item.Metadata.Name, address: item.Spec.ClusterIP,
			ports: item.Spec.Ports, endpoints: map[string][]string{},
		}
	}
	return known, s.readEndpoints(ctx, known)
}

// readEndpoints adds the ready endpoints.
func (s *services) readEndpoints(ctx context.Context, known map[string]*service) error {
	var list struct {
		Items []struct {
			Metadata struct {
				Namespace string
				Labels    map[string]string
			}
			Ports     []servicePort
			Endpoints []struct {
				Addresses  []string
				Conditions struct{ Ready bool }
			}
		}
	}
	if err := s.client.Get(ctx, "/apis/discovery.k8s.io/v1/endpointslices", &list); err != nil {
		return err
	}
	for _, slice := range list.Items {
		v := known[slice.Metadata.Namespace+"/"+slice.Metadata.Labels["kubernetes.io/service-name"]]
		for _, endpoint := range slice.Endpoints {
			if v == nil || !endpoint.Conditions.Ready {
				continue
			}
			v.ips = append(v.ips, endpoint.Addresses[0])
			for _, port := range slice.Ports {
				v.endpoints[port.Name] = append(v.endpoints[port.Name], net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(port.Port)))
			}
		}
	}
	return nil
}

// open adds an address to the bridge and forwards connections to it, unless it does so
// already.
func (s *services) open(ctx context.Context, ip, address, key, port string) error {
	if s.listen[address] != nil {
		return nil
	}
	if err := commands(ctx, "ip addr replace "+ip+"/32 dev cni0"); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	s.listen[address] = listener
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go s.forward(ctx, conn, key, port)
		}
	}()
	return nil
}

// forward connects a client with an endpoint, or closes the connection if there is none.
func (s *services) forward(ctx context.Context, client net.Conn, key, port string) {
	defer client.Close() //nolint:errcheck // copied until an error
	s.mu.Lock()
	var endpoints []string
	if v := s.known[key]; v != nil {
		endpoints = v.endpoints[port]
	}
	s.mu.Unlock()
	if len(endpoints) == 0 {
		return
	}
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", endpoints[rand.IntN(len(endpoints))])
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // copied until an error
	var both sync.WaitGroup
	both.Go(func() { pipe(server, client) })
	both.Go(func() { pipe(client, server) })
	both.Wait()
}

// pipe copies one direction and passes its end on.
func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from) // the peer sees the end
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the peer may be gone
	}
}

// hosts are lines for /etc/hosts of a pod in the namespace.
func (s *services) hosts(namespace string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, v := range s.known {
		address := v.address
		if net.ParseIP(address) == nil && len(v.ips) > 0 {
			address = v.ips[0]
		}
		if net.ParseIP(address) == nil {
			continue
		}
		short := v.name + "." + v.namespace
		names := []string{short + ".svc.cluster.local", short + ".svc", short}
		if v.namespace == namespace {
			names = append(names, v.name)
		}
		lines = append(lines, address+" "+strings.Join(names, " ")+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// run synchronizes Services until the context ends.
func (s *services) run(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	before := ""
	for ctx.Err() == nil {
		now := ""
		if err := s.sync(ctx); err != nil && ctx.Err() == nil {
			now = err.Error()
		}
		if now != "" && now != before {
			fmt.Fprintf(os.Stderr, "node: %s\n", now)
		}
		before = now
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, listener := range s.listen {
		_ = listener.Close() // the process ends anyway
	}
}
