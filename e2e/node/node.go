// Package node replaces a kubelet: it runs the pods of its node as processes of this
// machine, each with its own network, file system and process tree. Images are
// programs of this machine. It knows nothing of the purpose of the pods.
//
// It implements what the scenario needs: native sidecars, volumes, startup and
// readiness probes, users, restarts and ordered termination, but no limits, no
// liveness probes and no exec API.
package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/process"
)

// Node is one node.
type Node struct {
	// Name is its name in the cluster.
	Name string

	client *kube.Client
	dir    string
	images map[string]Image
	logs   *process.Group
	server *http.Server
	done   chan struct{}
	// services are those that pods can reach.
	services *services

	mu      sync.Mutex
	runners map[string]*runner
	last    int
}

// Register creates the node.
func Register(ctx context.Context, cluster *kube.Cluster, dir string, images map[string]Image) (*Node, error) {
	client := cluster.Client
	logs, err := process.NewGroup(filepath.Join(dir, "logs"))
	if err != nil {
		return nil, err
	}
	n := &Node{
		Name: "node-0", client: client, dir: dir, images: images, logs: logs,
		done: make(chan struct{}), runners: map[string]*runner{},
		services: newServices(client),
	}
	certificate, err := cluster.Certificate(n.Name, Address)
	if err != nil {
		return nil, err
	}
	if err := n.serveLogs(certificate); err != nil {
		return nil, err
	}
	if err := client.Create(ctx, "/api/v1/nodes", object{
		"apiVersion": "v1", "kind": "Node",
		"metadata": object{"name": n.Name, "labels": object{"kubernetes.io/hostname": n.Name, "kubernetes.io/os": "linux"}},
	}, nil); err != nil {
		return nil, err
	}
	capacity := object{"cpu": "64", "memory": "64Gi", "pods": "110"}
	return n, client.Merge(ctx, "/api/v1/nodes/"+n.Name+"/status", object{"status": object{
		"capacity": capacity, "allocatable": capacity,
		"daemonEndpoints": object{"kubeletEndpoint": object{"Port": logsPort}},
		"addresses":       []object{{"type": "InternalIP", "address": Address}},
		"conditions":      []object{{"type": "Ready", "status": "True", "reason": "Runs", "message": "runs pods as processes"}},
	}})
}

// Run runs the pods until the context ends, then stops all of them.
func (n *Node) Run(ctx context.Context) {
	defer close(n.done)
	go n.services.run(ctx)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := n.sync(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintf(os.Stderr, "node: %v\n", err)
		}
		select {
		case <-ctx.Done():
			n.stop()
			_ = n.server.Close() // the process ends anyway
			return
		case <-tick.C:
		}
	}
}

// Wait returns when Run has returned.
func (n *Node) Wait() { <-n.done }

// sync starts new pods and stops deleted ones.
func (n *Node) sync(ctx context.Context) error {
	var list struct{ Items []*pod }
	if err := n.client.Get(ctx, "/api/v1/pods?fieldSelector=spec.nodeName="+n.Name, &list); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := map[string]bool{}
	for _, p := range list.Items {
		seen[p.Metadata.UID] = true
		r, known := n.runners[p.Metadata.UID]
		switch {
		case !known && p.Metadata.DeletionTimestamp == nil && p.Status.Phase == "Pending":
			n.last++
			r = newRunner(n, p, n.last)
			n.runners[p.Metadata.UID] = r
			go r.run(ctx)
		case known && p.Metadata.DeletionTimestamp != nil:
			r.end()
		}
	}
	for uid, r := range n.runners {
		if !seen[uid] {
			r.end()
			delete(n.runners, uid)
		}
	}
	return nil
}

// stop stops all pods without updating the API server.
func (n *Node) stop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.runners {
		r.end()
	}
	for _, r := range n.runners {
		<-r.done
	}
	n.logs.StopAll()
}

// Problems has the errors of pods, with the ends of their logs.
func (n *Node) Problems() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []error
	for _, r := range n.runners {
		all = append(all, r.problem())
	}
	return errors.Join(all...)
}
