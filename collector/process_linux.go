package collector

import (
	"bytes"
	"os"
	"strconv"
	"syscall"

	"nginx-exporter/client"
)

// processReader reads what the exporter's own process costs. It goes by system
// calls and keeps its file open, because opening files through package os made
// up a third of a scrape. What cannot be read, as in a container without
// /proc, is absent.
type processReader struct {
	statm int // a file descriptor, -1 if there is none
}

func newProcessReader() *processReader {
	statm, err := syscall.Open("/proc/self/statm", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		statm = -1
	}
	return &processReader{statm: statm}
}

func (p *processReader) read() processState {
	return processState{cpuSeconds: cpuSeconds(), residentBytes: p.residentBytes(), openFiles: openFiles()}
}

func (p *processReader) close() {
	if p.statm >= 0 {
		_ = syscall.Close(p.statm) // it was only read
		p.statm = -1
	}
}

func cpuSeconds() client.Number {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return client.Number{}
	}
	const nanosecond = 1e-9
	return client.NumberOf(float64(usage.Utime.Nano()+usage.Stime.Nano()) * nanosecond)
}

// residentBytes reads the second field of statm, which is in pages.
func (p *processReader) residentBytes() client.Number {
	var statm [128]byte
	n, err := syscall.Pread(p.statm, statm[:], 0)
	if err != nil {
		return client.Number{}
	}
	fields := bytes.Fields(statm[:n])
	if len(fields) < 2 {
		return client.Number{}
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		return client.Number{}
	}
	return client.NumberOf(float64(pages) * float64(os.Getpagesize()))
}

// openFiles counts the file descriptors. Linux 6.2 and later has the number as
// the size of the directory that lists them.
func openFiles() client.Number {
	const descriptors = "/proc/self/fd"
	var stat syscall.Stat_t
	if syscall.Stat(descriptors, &stat) == nil && stat.Size > 0 {
		return client.NumberOf(float64(stat.Size))
	}
	directory, err := os.Open(descriptors)
	if err != nil {
		return client.Number{}
	}
	defer func() { _ = directory.Close() }() // it was only read
	names, err := directory.Readdirnames(0)
	if err != nil {
		return client.Number{}
	}
	// One of them is the directory itself.
	return client.NumberOf(float64(len(names) - 1))
}
