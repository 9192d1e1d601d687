package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/plustest"
)

// options is the command line.
type options struct {
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
	fs := flag.NewFlagSet("plusserver", flag.ContinueOnError)
	fs.SetOutput(usage)
	fs.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	fs.StringVar(&o.size, "size", "", "generated documents: S, M, L or XL (default: the sample)")
	fs.StringVar(&o.sets, "set", "", "odd sets of documents, separated by commas, laid over the others: "+strings.Join(plustest.Odds(), ", "))
	fs.BoolVar(&o.alone, "alone", false, "serve the documents of -set and no others")
	fs.StringVar(&o.versions, "versions", "1-9", "API versions, such as 9 or 1-8 or 7,9")
	fs.DurationVar(&o.delay, "delay", 0, "wait so long before each response")
	fs.DurationVar(&o.tick, "tick", 0, "move the counters so often (0: never)")
	fs.BoolVar(&o.gzip, "gzip", false, "compress for clients that take gzip")
	fs.StringVar(&o.without, "without", "", "`paths` that are not configured, separated by commas, such as stream,http/caches")
	fs.StringVar(&o.faults, "fault", "", "what goes wrong, separated by commas: hang:`PATH`, cut:PATH, abort:PATH or a status such as 500:PATH; * is every path")
	if err := fs.Parse(args); err != nil {
		return options{}, fmt.Errorf("command line: %w", err)
	}
	if fs.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if o.delay < 0 || o.tick < 0 {
		return options{}, errors.New("-delay and -tick must not be below zero")
	}
	return o, nil
}

// api returns the API to serve.
func (o options) api() (*plustest.API, error) {
	var all []plustest.Option
	for _, part := range []func() ([]plustest.Option, error){o.documents, o.versionList, o.faultList} {
		options, err := part()
		if err != nil {
			return nil, err
		}
		all = append(all, options...)
	}
	if o.gzip {
		all = append(all, plustest.WithGzip())
	}
	return plustest.New(all...), nil
}

func (o options) documents() ([]plustest.Option, error) {
	var all []plustest.Option
	if o.size != "" {
		size, err := plustest.SizeOf(o.size)
		if err != nil {
			return nil, fmt.Errorf("-size: %w", err)
		}
		all = append(all, plustest.WithOverlay(size.Documents()))
	}
	if o.alone {
		all = append(all, plustest.WithDocuments(map[string][]byte{}))
	}
	for _, name := range split(o.sets) {
		documents, err := plustest.Odd(name)
		if err != nil {
			return nil, fmt.Errorf("-set: %w", err)
		}
		all = append(all, plustest.WithOverlay(documents))
	}
	for _, path := range split(o.without) {
		all = append(all, plustest.WithoutEndpoint(path))
	}
	return all, nil
}

// versionList returns the option for -versions, none for its default: the documents
// have a list of versions.
func (o options) versionList() ([]plustest.Option, error) {
	if o.versions == "1-9" {
		return nil, nil
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
	slices.Sort(versions)
	return []plustest.Option{plustest.WithVersions(slices.Compact(versions)...)}, nil
}

func (o options) faultList() ([]plustest.Option, error) {
	var all []plustest.Option
	for _, part := range split(o.faults) {
		what, path, ok := strings.Cut(part, ":")
		if !ok || path == "" {
			return nil, fmt.Errorf("-fault: %q has no path", part)
		}
		option, err := faultOption(what, path)
		if err != nil {
			return nil, err
		}
		all = append(all, option)
	}
	if o.delay > 0 {
		all = append(all, plustest.WithDelay(plustest.Every, o.delay))
	}
	return all, nil
}

func faultOption(what, path string) (plustest.Option, error) {
	switch what {
	case "hang":
		return plustest.WithHang(path), nil
	case "cut":
		return plustest.WithTruncated(path), nil
	case "abort":
		return plustest.WithAborted(path), nil
	}
	status, err := strconv.Atoi(what)
	if err != nil || status < 200 || status > 599 {
		return nil, fmt.Errorf("-fault: %q is neither hang, cut or abort nor a status", what)
	}
	return plustest.WithStatus(path, status, ""), nil
}

// split cuts a list at its commas; an empty one has no parts.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
