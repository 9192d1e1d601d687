// Package programtest tests the built program from outside: what only a whole
// process shows, such as signals, limits and users of the operating system, memory
// and descriptors, a real nginx that restarts, and secrets in logs and responses.
//
// It has only tests, most of them of failures. It imports no package of the
// program, only packages for tests. It needs Linux, nginx, and root for the tests
// of confinement and DNS.
package programtest
