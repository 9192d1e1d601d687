//go:build linux

package main

import (
	"errors"
	"flag"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseOptions(t *testing.T) {
	t.Parallel()
	o, err := parseOptions([]string{
		"-ours", "sh", "-peer", "/bin/sh", "-ours-flags", " --a=1  --b ",
		"-n", "7", "-rounds", "2", "-concurrency", "3", "-gzip=false", "-timeout", "1m",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.n != 7 || o.rounds != 2 || o.concurrency != 3 || o.gzip || o.timeout != time.Minute {
		t.Errorf("got %+v", o)
	}
	if !strings.HasSuffix(o.ours.path, "/sh") || !slices.Equal(o.ours.flags, []string{"--a=1", "--b"}) {
		t.Errorf("ours: got %+v", o.ours)
	}
	if _, err := findWorkload(o); err != nil {
		t.Error(err)
	}
}

func TestParseOptionsRefuses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-n -1":                  "-n must be",
		"-n 1000001":             "-n must be",
		"-rounds 0":              "-rounds must be",
		"-concurrency 0":         "-concurrency must be",
		"-timeout 0s":            "-timeout must be",
		"-n ten":                 "command line",
		"-no-such-flag":          "command line",
		"stray":                  `unexpected argument "stray"`,
		"-ours /nonexistent/bin": "-ours:",
		"-peer /nonexistent/bin": "-peer:",
	} {
		all := append([]string{"-ours", "sh", "-peer", "sh"}, strings.Fields(args)...)
		if _, err := parseOptions(all, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", args, err, want)
		}
	}
	if _, err := parseOptions([]string{"-h"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: got %v", err)
	}
}

func TestFindWorkloadNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	if _, err := findWorkload(options{workload: "apache"}); err == nil || !strings.Contains(err.Error(), "stub_status") {
		t.Errorf("got %v", err)
	}
}
