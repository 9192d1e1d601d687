// Package inject adds the exporter to Kubernetes manifests as a sidecar, and
// takes it away again.
//
// It reads a manifest as YAML nodes to find what is where, but changes the
// text: lines are added between those of the user, and every other byte stays
// as it was. Each change is proven before it is given away: the new text must
// parse to the old objects and the additions, and taking the additions away
// must give the old bytes.
//
// What is added to a block of YAML stands between two comments, so that it can
// be found again. JSON and flow style have no place for comments; there the
// spacing of what was added tells how the list looked before, see flow.go.
//
// The package must not import anything of k8s.io, cmd, collector or client.
package inject
