package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	mit    = "Copyright A\n\nPermission is hereby granted, free of charge, to any person\n\nTHE SOFTWARE IS PROVIDED \"AS IS\"\n"
	apache = "Apache License\nVersion 2.0\n\n9. Accepting Warranty or Additional Liability.\n"
)

func TestLicense(t *testing.T) {
	const source, binary = "Redistributions of source code\nmust retain x. ", "Redistributions in binary form must reproduce y. "
	for text, want := range map[string]string{
		mit:             "MIT",
		apache:          "Apache-2.0",
		source + binary: "BSD-2-Clause",
		source:          "",
		"":              "",
		"GNU AFFERO GENERAL PUBLIC LICENSE Version 3": "",
		source + binary + "Neither the name of":       "BSD-3-Clause",
	} {
		if got := license(strings.Join(strings.Fields(text), " ")); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestWrite(t *testing.T) {
	create := func(files map[string]string) string {
		directory := t.TempDir()
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return directory
	}
	var out strings.Builder
	err := write(&out, []module{
		{"a", "v1", create(map[string]string{"LICENSE": mit})},
		{"b", "v2", create(map[string]string{"LICENSE.txt": apache, "NOTICE": "made by b", "main.go": "package main"})},
		{"c", "v3", create(map[string]string{"license.md": mit})},
	})
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{"  a v1: MIT\n  b v2: Apache-2.0\n  c v3: MIT\n", "\na\nc\n\nCopyright A\n", "\nb\n\nmade by b\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}

	for want, files := range map[string]map[string]string{
		"x has no license": {"README": mit},
		"x: COPYING is not one of the allowed licenses": {"LICENSE": mit, "COPYING": "GNU GENERAL PUBLIC LICENSE"},
	} {
		err := write(&strings.Builder{}, []module{{"x", "v1", create(files)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestRead(t *testing.T) {
	modules, err := read(strings.NewReader("a/b v1.0.0 /mod/a/b@v1.0.0\nc v2.0.0 /mod/c\n"))
	if err != nil || len(modules) != 2 || modules[0] != (module{"a/b", "v1.0.0", "/mod/a/b@v1.0.0"}) {
		t.Errorf("%v, %v", modules, err)
	}
	for _, in := range []string{"", "a v1.0.0\n"} {
		if _, err := read(strings.NewReader(in)); err == nil {
			t.Errorf("%q is accepted", in)
		}
	}
}
