// Package plan decides what a workload of nginx needs to scale on its request rate in the
// cluster at hand, and says so before anything is changed.
//
// [New] observes the cluster and returns a [Plan]: the objects to add, the changes to
// objects that exist, and what others have to do. A plan can be printed, written to
// files, applied and taken back. Objects of others are never replaced. The package owns
// the decisions and the objects; internal/doctor/cluster does the observing and writing.
package plan
