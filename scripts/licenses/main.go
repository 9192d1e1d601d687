// Command licenses writes the file NOTICE: the modules that are linked into the program, with their licenses. It fails if
// a module has a license that is not allowed, or none.
//
// It reads path, version and directory of the modules, a line for each, from standard input; scripts/notice.sh lists them.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	modules, err := read(os.Stdin)
	if err == nil {
		err = write(os.Stdout, modules)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

// module is a Go module that is linked into the program.
type module struct {
	path, version, directory string
}

// read reads the list of modules.
func read(in io.Reader) ([]module, error) {
	var modules []module
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var m module
		if _, err := fmt.Sscan(lines.Text(), &m.path, &m.version, &m.directory); err != nil {
			return nil, fmt.Errorf("%q is not a path, a version and a directory", lines.Text())
		}
		modules = append(modules, m)
	}
	if lines.Err() == nil && len(modules) == 0 {
		return nil, errors.New("no modules")
	}
	return modules, lines.Err()
}

// notice collects the licenses of modules. Equal texts are written once.
type notice struct {
	table bytes.Buffer
	texts []string
	users map[string][]string // modules, by text
}

// write writes NOTICE.
func write(to io.Writer, modules []module) error {
	n := notice{users: map[string][]string{}}
	var failed []error
	for _, m := range modules {
		failed = append(failed, n.add(m))
	}
	const lineWidth = 80
	var texts bytes.Buffer
	for _, text := range n.texts {
		fmt.Fprintf(&texts, "\n%s\n%s\n\n%s\n", strings.Repeat("-", lineWidth), strings.Join(n.users[text], "\n"), text)
	}
	_, err := fmt.Fprintf(to, "nginx-exporter\n\nLicensed under the Apache License 2.0, see LICENSE. The program contains the standard library of Go\n"+
		"(BSD-3-Clause, with the text of golang.org/x/sys) and these modules:\n\n%s%s", &n.table, &texts)
	return errors.Join(append(failed, err)...)
}

// add adds the texts of a module. It fails if a license is missing or not allowed.
func (n *notice) add(m module) error {
	names, err := files(m.directory)
	if err != nil {
		return err
	}
	var kinds []string
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(m.directory, name))
		if err != nil {
			return err
		}
		text := strings.TrimSpace(strings.ReplaceAll(string(content), "\r\n", "\n"))
		if n.users[text] == nil {
			n.texts = append(n.texts, text)
		}
		n.users[text] = append(n.users[text], m.path)
		if strings.HasPrefix(strings.ToUpper(name), "NOTICE") {
			continue
		}
		kind := license(text)
		if kind == "" {
			return fmt.Errorf("%s: %s is not one of the allowed licenses; see scripts/licenses", m.path, name)
		}
		kinds = append(kinds, kind)
	}
	if len(kinds) == 0 {
		return fmt.Errorf("%s has no license", m.path)
	}
	fmt.Fprintf(&n.table, "  %s %s: %s\n", m.path, m.version, strings.Join(kinds, ", "))
	return nil
}

// files returns the names of the licenses and notices of a module.
func files(directory string) ([]string, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		for _, prefix := range []string{"LICENSE", "LICENCE", "COPYING", "NOTICE"} {
			if e.Type().IsRegular() && strings.HasPrefix(name, prefix) {
				names = append(names, e.Name())
			}
		}
	}
	return names, nil
}

// license returns the SPDX identifier of a text, if it is allowed. All of these let a program under the Apache License
// contain the module, if their texts are passed on.
func license(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, l := range []struct {
		id       string
		contains []string
	}{
		{"Apache-2.0", []string{"Apache License Version 2.0", "9. Accepting Warranty or Additional Liability."}},
		{"MIT", []string{"Permission is hereby granted, free of charge,", `THE SOFTWARE IS PROVIDED "AS IS"`}},
		{"BSD-3-Clause", []string{"Redistributions of source code must retain", "Redistributions in binary form must reproduce", "Neither the name"}},
		{"BSD-2-Clause", []string{"Redistributions of source code must retain", "Redistributions in binary form must reproduce"}},
		{"ISC", []string{"Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"}},
	} {
		if !slices.ContainsFunc(l.contains, func(part string) bool { return !strings.Contains(text, part) }) {
			return l.id
		}
	}
	return ""
}
