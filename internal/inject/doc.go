// Package inject adds the exporter to Kubernetes manifests as a sidecar, and removes it again.
//
// It parses a manifest into YAML nodes to find positions, but edits the text: lines are added between existing ones, and
// every other byte is kept. Each edit is verified before it is returned: the new text must parse to the old objects with
// the additions, and removing the additions must restore the old bytes.
//
// Additions to block style are between two comments, by which uninject finds them. JSON and flow style do not allow
// comments: there, the spacing of an addition records what the list was before, see flow.go.
//
// The package must not import anything of k8s.io, cmd, collector or client.
package inject
