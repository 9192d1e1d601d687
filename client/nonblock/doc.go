// Package nonblock makes the system calls of a scrape that return at once
// without announcing them to the Go scheduler.
//
// Package syscall announces each call, in case it waits: the runtime's monitor
// wakes, and looks every 20 microseconds whether the call is still under way.
// For calls that never wait this is in vain, and was a quarter of the CPU time
// of a scrape of stub_status. The sockets of package net are in non-blocking
// mode, and what the kernel keeps in memory about this process is not waited
// for either.
//
// The monitor has other duties, as long as something runs: it interrupts who
// computes for long, so that others get their turn. So every 64 KiB a call of a
// connection is announced all the same. What is computed between two such calls
// is not interrupted: a tenth of a second for 100,000 upstream servers. Starting
// after a garbage collection wakes the monitor too, and so does every other
// system call.
//
// This is done on Linux on amd64 and arm64, whose system calls are the same;
// elsewhere, and for sockets that somebody else opened, things are as package
// net has them. Under the race detector reads and writes are announced to it, and
// so to the scheduler. The package owns no policy: time-outs and what is sent are
// its callers' matter. It must not import anything of this module.
package nonblock
