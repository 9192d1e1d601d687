package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
	"nginx-exporter/internal/standin/plustest"
	"nginx-exporter/internal/standin/vtstest"
)

// dialect is a status interface with documents.
type dialect interface {
	standin.Dialect
	Documents(size standin.Size) map[string][]byte // size zero: the sample
	Files() fs.FS                                  // sets of other documents
}

// dialects has all status interfaces.
func dialects() map[string]dialect {
	return map[string]dialect{
		"angie": angietest.Dialect{},
		"plus":  plustest.Dialect{},
		"vts":   vtstest.Dialect{},
	}
}

// options is the command line.
type options struct {
	dialect  string
	listen   string
	size     string
	sets     string
	alone    bool
	versions string
	delay    time.Duration
	tick     time.Duration
	gzip     bool
	without  string
	faults   string
}

func parseOptions(args []string, usage io.Writer) (options, error) {
	var o options
	names := slices.Sorted(maps.Keys(dialects()))
	var sets strings.Builder
	for _, name := range names {
		fmt.Fprintf(&sets, "\n%s: %s", name, strings.Join(standin.Sets(dialects()[name].Files()), ", "))
	}
	fs := flag.NewFlagSet("statusserver", flag.ContinueOnError)
	fs.SetOutput(usage)
	fs.StringVar(&o.dialect, "dialect", "plus", "status interface: "+strings.Join(names, ", "))
	fs.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	fs.StringVar(&o.size, "size", "", "generated documents: S, M, L, XL or a number of zones and servers (default: the sample)")
	fs.StringVar(&o.sets, "set", "", "sets of documents, separated by commas, laid over the others:"+sets.String())
	fs.BoolVar(&o.alone, "alone", false, "serve the documents of -set and no others")
	fs.StringVar(&o.versions, "versions", "", "versions of the API of NGINX Plus, such as 9 or 1-8 or 7,9 (default: 1-9)")
	fs.DurationVar(&o.delay, "delay", 0, "`time` to wait before each response")
	fs.DurationVar(&o.tick, "tick", 0, "`interval` at which counters increase (0: never)")
	fs.BoolVar(&o.gzip, "gzip", false, "compress for clients that accept gzip")
	fs.StringVar(&o.without, "without", "", "`paths` of NGINX Plus that are not configured, separated by commas, such as stream,http/caches")
	fs.StringVar(&o.faults, "fault", "", "faults, separated by commas: hang:`PATH`, cut:PATH, abort:PATH or a status such as 500:PATH; * is every path")
	if err := fs.Parse(args); err != nil {
		return options{}, fmt.Errorf("command line: %w", err)
	}
	if fs.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if o.delay < 0 || o.tick < 0 {
		return options{}, errors.New("-delay and -tick must not be below zero")
	}
	if o.dialect != "plus" && o.versions+o.without != "" {
		return options{}, errors.New("-versions and -without are options of -dialect plus")
	}
	return o, nil
}

// nginx returns the nginx to serve.
func (o options) nginx() (*standin.Nginx, error) {
	dialect := dialects()[o.dialect]
	if dialect == nil {
		return nil, fmt.Errorf("-dialect: no status interface is called %q", o.dialect)
	}
	documents, err := o.documents(dialect)
	if err != nil {
		return nil, err
	}
	versions, err := o.versionList()
	if err != nil {
		return nil, err
	}
	faults, err := o.faultList()
	if err != nil {
		return nil, err
	}
	return standin.New(dialect, documents, slices.Concat(versions, faults)...), nil
}

func (o options) documents(dialect dialect) (map[string][]byte, error) {
	var size standin.Size
	var err error
	if o.size != "" {
		if size, err = standin.SizeOf(o.size); err != nil {
			return nil, fmt.Errorf("-size: %w", err)
		}
	}
	documents := map[string][]byte{}
	if !o.alone {
		documents = dialect.Documents(size)
	}
	for _, name := range split(o.sets) {
		set, err := standin.Set(dialect.Files(), name)
		if err != nil {
			return nil, fmt.Errorf("-set: %w", err)
		}
		maps.Copy(documents, set)
	}
	return documents, nil
}

// versionList returns the options for -without and -versions.
func (o options) versionList() ([]standin.Option, error) {
	var all []standin.Option
	for _, path := range split(o.without) {
		all = append(all, standin.WithoutEndpoint(path))
	}
	var versions []int
	for _, part := range split(o.versions) {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil, fmt.Errorf("-versions: %q is not a number", first)
		}
		to, err := strconv.Atoi(last)
		if err != nil || from < 1 || to < from || to > 1000 {
			return nil, fmt.Errorf("-versions: %q is not a range of versions", part)
		}
		for v := from; v <= to; v++ {
			versions = append(versions, v)
		}
	}
	if versions != nil {
		slices.Sort(versions)
		all = append(all, plustest.WithVersions(slices.Compact(versions)...))
	}
	return all, nil
}

func (o options) faultList() ([]standin.Option, error) {
	var all []standin.Option
	for _, part := range split(o.faults) {
		option, err := standin.WithFault(part)
		if err != nil {
			return nil, fmt.Errorf("-fault: %w", err)
		}
		all = append(all, option)
	}
	if o.delay > 0 {
		all = append(all, standin.WithDelay(standin.Every, o.delay))
	}
	if o.gzip {
		all = append(all, standin.WithGzip())
	}
	return all, nil
}

// split cuts a list at its commas; an empty one has no parts.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
