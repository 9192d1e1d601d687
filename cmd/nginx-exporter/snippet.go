package main

import (
	"errors"
	"fmt"
	"io"

	"nginx-exporter/internal/snippet"
)

const snippetCommand = "snippet"

// snippetRequest has the arguments of snippet.
type snippetRequest struct {
	name   string
	values map[string][]string
}

// snippetValue collects the values of a flag.
type snippetValue struct {
	option *snippet.Option
	values map[string][]string
}

// Set implements [kingpin.Value].
func (v snippetValue) Set(text string) error {
	if v.option.Switch && text == "false" {
		return nil
	}
	v.values[v.option.Name] = append(v.values[v.option.Name], text)
	return nil
}

// String implements [kingpin.Value].
func (snippetValue) String() string { return "" }

// IsBoolFlag tells kingpin that the option has no value.
func (v snippetValue) IsBoolFlag() bool { return v.option.Switch }

// IsCumulative tells kingpin that the option may be repeated.
func (v snippetValue) IsCumulative() bool { return v.option.Repeats }

// addSnippet defines the command snippet.
func (c *cli) addSnippet() {
	r := &c.snippet
	r.values = map[string][]string{}
	cmd := c.app.Command(snippetCommand, "Print configuration for nginx, systemd, Prometheus or Kubernetes.")
	for _, option := range snippet.Options() {
		cmd.Flag(option.Name, option.Help).SetValue(snippetValue{&option, r.values})
	}
	cmd.Arg("name", "Snippet to print, such as nginx or systemd.").HintOptions(snippet.Names()...).StringVar(&r.name)
}

// printSnippet runs the command.
func (c *cli) printSnippet(args []string, stdout io.Writer) error {
	if err := c.refuseExporterFlags(snippetCommand, args); err != nil {
		return err
	}
	r := &c.snippet
	if r.name == "" {
		if len(r.values) > 0 {
			return &usageError{errors.New("options require the name of a snippet")}
		}
		for _, s := range snippet.All() {
			if _, err := fmt.Fprintf(stdout, "%-14s %s\n", s.Name, s.About); err != nil {
				return err
			}
		}
		return nil
	}
	text, err := snippet.Text(r.name, r.values)
	if err != nil {
		return &usageError{err}
	}
	_, err = io.WriteString(stdout, text)
	return err
}
