// Package programtest tests the built program from outside: what only a whole
// process shows, such as signals, limits and users of the operating system, its
// memory and descriptors, a real nginx that restarts, and what its log and its
// responses give away.
//
// It owns nothing but tests. Each case is one of what the exporter does when
// things go wrong. It imports no package of the program, only what tests share.
// It needs Linux, nginx, and root for the cases of confinement and DNS.
package programtest
