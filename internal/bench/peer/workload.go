//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
)

// workload is one kind of server for the exporters to ask.
type workload interface {
	// name is what -workload calls it.
	name() string
	// scrapes is how many make a round unless -n says otherwise.
	scrapes() int
	// start brings the server up with all its files below dir. It belongs to
	// the caller from then on, who must stop it.
	start(ctx context.Context, dir string) (target, error)
}

// target is a running server.
type target interface {
	// flags point an exporter at the server; both exporters must know them.
	flags() []string
	// facts names the server and its version in a few words.
	facts() string
	// asked tells what the server has been asked for so far, this question
	// included as one request over one connection.
	asked(ctx context.Context) (asked, error)
	// stop ends the server, whatever state it is in.
	stop()
}

// asked counts what reached a target.
type asked struct {
	requests    uint64
	connections uint64
}

// since is what came between an earlier count and this one, without the
// question that this count took.
func (a asked) since(before asked) asked {
	return asked{
		requests:    a.requests - before.requests - 1,
		connections: a.connections - before.connections - 1,
	}
}

// workloads lists every kind of target: a new one is a line here.
func workloads(o options) []workload {
	return []workload{
		stubStatus{binary: o.nginx},
		plus{size: "S"},
		plus{size: "M"},
		plus{size: "L"},
		plus{size: "XL"},
	}
}

// findWorkload picks the one that the command line names.
func findWorkload(o options) (workload, error) {
	all := workloads(o)
	names := make([]string, 0, len(all))
	for _, w := range all {
		if w.name() == o.workload {
			return w, nil
		}
		names = append(names, w.name())
	}
	return nil, fmt.Errorf("-workload: %q is none of: %s", o.workload, strings.Join(names, ", "))
}
