// Package input reads the lines of access logs: from a spool file, whose space it
// frees while it reads, from an ordinary log file with any rotation, and from
// a socket to which nginx sends syslog messages.
//
// It owns files and sockets, and knows nothing of the format of a line.
package input

import (
	"context"
	"iter"
	"time"
)

// Lines is a batch of log lines, without line ends. A line is valid until the next
// one.
type Lines = iter.Seq[[]byte]

// Input is where nginx writes one access log. It is safe for concurrent use; it
// delivers one batch at a time.
type Input interface {
	// Run delivers lines until ctx ends: those of a socket as they arrive, those of
	// a file when Read has not been called for a while. It retries after errors.
	Run(ctx context.Context, deliver func(Lines))

	// Read delivers the lines that have been written so far, as far as it can before
	// ctx ends, which is not an error. Lines of a batch count as read when deliver
	// returns. The error says what to do about it.
	Read(ctx context.Context, deliver func(Lines)) error

	// Stats returns the state of the input.
	Stats() Stats

	// Close releases files and sockets. Run must have returned.
	Close() error
}

// Stats is the state of an input. Counters begin at zero when it is opened.
type Stats struct {
	Lines uint64 // delivered
	Bytes uint64 // of these lines, with line ends

	// Dropped counts messages that the kernel dropped because the buffer of the
	// socket was full. HasDropped says that the kernel counts them: not for Unix
	// sockets, where nginx discards them.
	Dropped    uint64
	HasDropped bool

	// Oversized counts lines above the maximum length. A file's are skipped, a
	// message is cut.
	Oversized uint64

	// Truncated counts how often lines may have been lost because a file was
	// truncated, by logrotate's copytruncate or without permission to punch holes.
	Truncated uint64

	// Rotated counts how often the file was replaced.
	Rotated uint64

	// Backlog is how many bytes are not read yet: of a file those behind the
	// position, of a socket what its buffer holds. Allocated is the space of the
	// file on disk, and Buffer the size of the socket's buffer; 0 if unknown.
	Backlog   int64
	Allocated int64
	Buffer    int64

	// LastLine is when the last line was delivered, zero if none was.
	LastLine time.Time

	// Warning describes a problem that does not stop reading, and its fix, such as
	// that the space of a spool file cannot be freed. It is empty without one.
	Warning string
}
