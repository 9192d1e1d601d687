// Package blackbox tries the program as its users have it: the real binary, as
// a child process, between real scrapers, a real nginx and servers that behave
// as badly as a network can.
//
// It owns nothing but tests. Each file is a section of what the exporter does
// when things go wrong, each subtest one case of it, named in the words of
// that case. The tests look at the child from outside alone: its page, its
// log, its exit status and what the kernel tells of it. They must not import
// anything of this module but internal/plustest, which stands in for NGINX
// Plus and imports nothing of the program. They need Linux, nginx, and root for
// the cases of confinement and name resolution.
package blackbox
