package cluster

import (
	"bytes"
	"context"
	"runtime"
	"strings"
)

// FieldManager is the owner of the fields that this program sets. See
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers.
const FieldManager = "nginx-exporter"

// Writer runs kubectl with arguments and a standard input, and returns an [Error] if it
// fails.
type Writer func(ctx context.Context, args []string, stdin string) error

// writer returns a Writer for the name or path of kubectl.
func writer(name string) Writer {
	return func(ctx context.Context, args []string, stdin string) error {
		_, err := execute(ctx, name, args, bytes.NewBufferString(stdin))
		return err
	}
}

// Apply creates or updates the objects of a manifest by server-side apply. Fields that
// another manager owns are not taken over: that is an error.
func (o *Observation) Apply(manifest string, dryRun bool) error {
	return o.write(manifest, dryRun, "apply", "--server-side", "--field-manager="+FieldManager, "--filename=-")
}

// Patch changes an object by a patch: "json" or "merge". See
// https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/.
func (o *Observation) Patch(namespace string, ref Reference, kind, patch string, dryRun bool) error {
	args := []string{"patch", "--namespace=" + namespace, ref.Resource(), ref.Name, "--type=" + kind, "--field-manager=" + FieldManager}
	if runtime.GOOS == "windows" {
		return o.write("", dryRun, append(args, "--patch="+patch)...)
	}
	// A ConfigMap may be longer than an argument can be.
	return o.write(patch, dryRun, append(args, "--patch-file=/dev/stdin")...)
}

// Delete removes an object. One that does not exist is no error.
func (o *Observation) Delete(namespace string, ref Reference, dryRun bool) error {
	args := []string{"delete", ref.Resource(), ref.Name, "--ignore-not-found", "--wait=false"}
	if namespace != "" {
		args = append(args, "--namespace="+namespace)
	}
	return o.write("", dryRun, args...)
}

func (o *Observation) write(stdin string, dryRun bool, args ...string) error {
	if dryRun {
		args = append(args, "--dry-run=server")
	}
	clear(o.kubectl.responses) // what was read before may be outdated
	return o.options.Write(o.ctx, append(args, o.kubectl.args...), stdin)
}

// Resource is the kind as an argument of kubectl, with its group: deployment.apps.
func (r Reference) Resource() string {
	kind := strings.ToLower(r.Kind)
	if group := r.Group(); group != "" {
		kind += "." + group
	}
	return kind
}
