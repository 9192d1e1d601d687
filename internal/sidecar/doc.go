// Package sidecar defines the container that runs the exporter in the pods of nginx.
//
// It is the only definition: inject writes this container, and the component of examples/kubernetes/kustomize and
// files/sidecar.yaml of the Helm chart are generated from it. The tests of the chart compare its template and its
// MutatingAdmissionPolicy with that file.
package sidecar
