//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of the CPU times in /proc/PID/stat. The kernel scales them
// to 100 a second for user space on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// usage is the CPU time, user and system, that a process has used so far, seen
// through two clocks. The clock of the scheduler counts nanoseconds but knows
// only threads that are still there; the ticks know all threads.
type usage struct {
	ticks uint64
	run   time.Duration
	fine  bool // the scheduler's clock was there to be read
}

// spent is the CPU time between two readings.
type spent struct {
	time time.Duration
	fine bool // known to the nanosecond, not to the tick
}

// since compares with an earlier reading of the same process. When the ticks
// run ahead of the scheduler's clock by more than their own coarseness a
// thread has ended in between, and the ticks are nearer to the truth.
func (u usage) since(before usage) spent {
	ticks := time.Duration(u.ticks-before.ticks) * tick
	run := u.run - before.run
	if !u.fine || !before.fine || run < ticks-3*tick {
		return spent{time: ticks}
	}
	return spent{time: run, fine: true}
}

// readUsage reads both clocks of a process from a proc file system.
func readUsage(proc fs.FS, pid int) (usage, error) {
	dir := strconv.Itoa(pid)
	stat, err := fs.ReadFile(proc, dir+"/stat")
	if err != nil {
		return usage{}, fmt.Errorf("read CPU time: %w", err)
	}
	ticks, err := parseStat(stat)
	if err != nil {
		return usage{}, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	run, err := readRunTime(proc, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return usage{ticks: ticks}, nil
	}
	return usage{ticks: ticks, run: run, fine: err == nil}, err
}

// readRunTime sums the scheduler's clock over all threads. It is not there at
// all when the kernel was built without scheduler statistics.
func readRunTime(proc fs.FS, dir string) (time.Duration, error) {
	threads, err := fs.ReadDir(proc, dir+"/task")
	if err != nil {
		return 0, fmt.Errorf("list threads: %w", err)
	}
	var sum time.Duration
	seen := 0
	for _, thread := range threads {
		line, err := fs.ReadFile(proc, dir+"/task/"+thread.Name()+"/schedstat")
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread has just ended
		}
		if err != nil {
			return 0, fmt.Errorf("read run time: %w", err)
		}
		run, err := parseSchedstat(line)
		if err != nil {
			return 0, fmt.Errorf("run time of thread %s: %w", thread.Name(), err)
		}
		sum += run
		seen++
	}
	if seen == 0 {
		return 0, fmt.Errorf("run time of threads: %w", fs.ErrNotExist)
	}
	return sum, nil
}

// parseStat takes utime and stime, fields 14 and 15, together. The second
// field is the program's name, which may itself hold blanks and brackets.
func parseStat(line []byte) (uint64, error) {
	end := bytes.LastIndexByte(line, ')')
	if end < 0 {
		return 0, fmt.Errorf("no name in %.64q", line)
	}
	const utime, stime, nameAndPID = 14, 15, 2
	fields := strings.Fields(string(line[end+1:]))
	if len(fields) < stime-nameAndPID {
		return 0, fmt.Errorf("too few fields in %.64q", line)
	}
	var sum uint64
	for _, at := range []int{utime, stime} {
		ticks, err := strconv.ParseUint(fields[at-nameAndPID-1], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("field %d: %w", at, err)
		}
		sum += ticks
	}
	return sum, nil
}

// parseSchedstat takes the time on the CPU, the first of three numbers.
func parseSchedstat(line []byte) (time.Duration, error) {
	fields := strings.Fields(string(line))
	if len(fields) != 3 {
		return 0, fmt.Errorf("want three numbers, not %.64q", line)
	}
	run, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("time on the CPU: %w", err)
	}
	return time.Duration(run), nil
}

// memory is what a process occupies, in bytes.
type memory struct {
	peak uint64 // largest resident set so far
	anon uint64 // of the resident set now, what no file backs
}

// readMemory reads a process's memory from a proc file system.
func readMemory(proc fs.FS, pid int) (memory, error) {
	status, err := fs.ReadFile(proc, strconv.Itoa(pid)+"/status")
	if err != nil {
		return memory{}, fmt.Errorf("read memory: %w", err)
	}
	var m memory
	if m.peak, err = parseStatus(status, "VmHWM"); err != nil {
		return memory{}, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	if m.anon, err = parseStatus(status, "RssAnon"); err != nil {
		return memory{}, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	return m, nil
}

// parseStatus takes one size, which /proc/PID/status gives in kB.
func parseStatus(status []byte, key string) (uint64, error) {
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		if name != key {
			continue
		}
		fields := strings.Fields(value)
		if len(fields) != 2 || fields[1] != "kB" {
			return 0, fmt.Errorf("%s: want a size in kB, not %.64q", key, value)
		}
		kib, err := strconv.ParseUint(fields[0], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", key, err)
		}
		return kib * 1024, nil
	}
	return 0, fmt.Errorf("%s is missing", key)
}
