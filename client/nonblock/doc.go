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
// computes for long, so that others get their turn. Long work therefore has to
// wake it now and then, which [Conn] sees to by itself.
//
// Other systems than Linux are called in the usual way. The package owns no
// policy: time-outs and what is sent are its callers' matter. It must not import
// anything of this module.
package nonblock
