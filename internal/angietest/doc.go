// Package angietest serves the status of Angie from documents, for tests,
// benchmarks and demonstrations without Angie.
//
// It owns a recorded document, one with everything that Angie and Angie PRO can
// have, and generated ones for benchmarks. It must not import client, collector or
// anything else of the product: a shared mistake would not be found.
package angietest
