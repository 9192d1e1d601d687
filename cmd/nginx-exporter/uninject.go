package main

import (
	"io"

	"nginx-exporter/internal/inject"
)

const uninjectCommand = "uninject"

// addUninject defines the command uninject.
func (c *cli) addUninject() {
	c.manifests.flags(c.app.Command(uninjectCommand, "Remove from Kubernetes manifests what inject added."))
}

// uninject runs the command.
func (c *cli) uninject(args []string, stdout, stderr io.Writer) error {
	c.manifests.run.Wanted = []string{inject.Removed}
	c.manifests.run.Edit = func(_ *inject.Input, manifest string) (string, []inject.Outcome, error) {
		return inject.Uninject(manifest)
	}
	return c.editManifests(args, stdout, stderr)
}
