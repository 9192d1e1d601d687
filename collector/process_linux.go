package collector

import (
	"bytes"
	"os"
	"strconv"
	"syscall"

	"nginx-exporter/client/nonblock"
	"nginx-exporter/client/value"
)

// processReader reads what the exporter's own process costs. It goes by system
// calls and keeps its files open, because opening files through package os made
// up a third of a scrape. What cannot be read, as in a container without
// /proc, is absent.
type processReader struct {
	// File descriptors, -1 where there is none.
	statm       int
	descriptors int // the folder that lists them all
}

const descriptorFolder = "/proc/self/fd"

func newProcessReader() *processReader {
	return &processReader{statm: openDescriptor("/proc/self/statm"), descriptors: openDescriptor(descriptorFolder)}
}

func openDescriptor(path string) int {
	descriptor, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return descriptor
}

func (p *processReader) read() processState {
	return processState{cpuSeconds: cpuSeconds(), residentBytes: p.residentBytes(), openFiles: p.openFiles()}
}

func (p *processReader) close() {
	for _, descriptor := range []*int{&p.statm, &p.descriptors} {
		if *descriptor >= 0 {
			_ = syscall.Close(*descriptor) // it was only read
			*descriptor = -1
		}
	}
}

func cpuSeconds() value.Value {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return value.Value{}
	}
	const nanosecond = 1e-9
	return value.Of(float64(usage.Utime.Nano()+usage.Stime.Nano()) * nanosecond)
}

// residentBytes reads the second field of statm, which is in pages.
func (p *processReader) residentBytes() value.Value {
	var statm [128]byte
	n, err := nonblock.ReadStart(p.statm, statm[:])
	if err != nil {
		return value.Value{}
	}
	fields := bytes.Fields(statm[:n])
	if len(fields) < 2 {
		return value.Value{}
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		return value.Value{}
	}
	return value.Of(float64(pages) * float64(os.Getpagesize()))
}

// openFiles counts the file descriptors. Linux 6.2 and later has the number as
// the size of the folder that lists them.
func (p *processReader) openFiles() value.Value {
	if size, err := nonblock.Size(p.descriptors); err == nil && size > 0 {
		return value.Of(float64(size))
	}
	folder, err := os.Open(descriptorFolder)
	if err != nil {
		return value.Value{}
	}
	defer func() { _ = folder.Close() }() // it was only read
	names, err := folder.Readdirnames(0)
	if err != nil {
		return value.Value{}
	}
	// One of them is the folder as it was just opened.
	return value.Of(float64(len(names) - 1))
}
