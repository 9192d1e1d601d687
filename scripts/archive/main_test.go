package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

func TestArchiveDependsOnContentAlone(t *testing.T) {
	for _, output := range []string{"a.tar.gz", "a.tar", "a.zip"} {
		first := archive(t, output, 0o644, time.Unix(1, 0), "x/program=program", "x/text=text")
		second := archive(t, output, 0o600, time.Unix(2, 0), "x/text=text", "x/program=program")
		if !bytes.Equal(first, second) {
			t.Errorf("%s depends on permissions, times or order", output)
		}
	}
}

// A chart packaged by Helm has the time of packaging.
func TestArchiveOfArchive(t *testing.T) {
	archive(t, "first.tgz", 0o644, time.Unix(1, 0), "x/program=program", "x/text=text")
	if err := run([]string{"second.tgz", "first.tgz"}, "1600000000"); err != nil {
		t.Fatal(err)
	}
	want := archive(t, "third.tgz", 0o644, time.Unix(1, 0), "x/program=program", "x/text=text")
	if err := run([]string{"fourth.tgz", "second.tgz"}, "1700000000"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, "fourth.tgz"); !bytes.Equal(got, want) {
		t.Error("an archive made from an archive differs from one made from its files")
	}
}

// archive writes the files, changes to their directory, and archives them.
func archive(t *testing.T, output string, mode os.FileMode, modified time.Time, inputs ...string) []byte {
	t.Helper()
	if _, err := os.Stat("text"); err != nil {
		t.Chdir(t.TempDir())
	}
	for name, permissions := range map[string]os.FileMode{"program": mode | 0o100, "text": mode} {
		if err := os.WriteFile(name, []byte("content of "+name), permissions); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, permissions); err != nil { // the file may exist
			t.Fatal(err)
		}
		if err := os.Chtimes(name, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(append([]string{output}, inputs...), "1700000000"); err != nil {
		t.Fatal(err)
	}
	return read(t, output)
}

func TestArchiveErrors(t *testing.T) {
	for name, test := range map[string]struct {
		arguments   []string
		epoch, want string
	}{
		"no time":      {[]string{"a.zip", "x=y"}, "", `SOURCE_DATE_EPOCH is ""`},
		"no files":     {[]string{"a.zip"}, "1", "usage"},
		"no name":      {[]string{"a.zip", "file"}, "1", `"file" is not NAME=FILE`},
		"missing file": {[]string{"a.zip", "x=missing"}, "1", "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := run(test.arguments, test.epoch); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name) // a file of this test
	if err != nil {
		t.Fatal(err)
	}
	return content
}
