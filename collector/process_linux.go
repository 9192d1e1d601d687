package collector

import (
	"bytes"
	"os"
	"strconv"
	"syscall"

	"nginx-exporter/client"
)

// readProcess reads the few numbers that tell what the exporter costs. What
// cannot be read, as in a container without /proc, is absent.
func readProcess() processState {
	return processState{cpuSeconds: cpuSeconds(), residentBytes: residentBytes(), openFiles: openFiles()}
}

func cpuSeconds() client.Number {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return client.Absent()
	}
	const nanosecond = 1e-9
	return client.Number(float64(usage.Utime.Nano()+usage.Stime.Nano()) * nanosecond)
}

// residentBytes reads the second field of statm, which is in pages.
func residentBytes() client.Number {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return client.Absent()
	}
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return client.Absent()
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		return client.Absent()
	}
	return client.Number(pages) * client.Number(os.Getpagesize())
}

func openFiles() client.Number {
	directory, err := os.Open("/proc/self/fd")
	if err != nil {
		return client.Absent()
	}
	defer func() { _ = directory.Close() }() // it was only read
	names, err := directory.Readdirnames(0)
	if err != nil {
		return client.Absent()
	}
	// One of them is the directory itself.
	return client.Number(len(names) - 1)
}
