package main

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// releaseProgram gives back the pages of the program file that the start
// needed: flags, templates, tables of protobuf. Where they are needed again
// the kernel takes them from its page cache. They are never written to, so
// nothing can be lost; if anything fails the pages stay.
func releaseProgram() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	for mapping := range bytes.Lines(maps) {
		if from, length, ok := readOnly(mapping, program); ok {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, length, syscall.MADV_DONTNEED) // advice may be ignored
		}
	}
}

// readOnly returns where a line of /proc/self/maps says that the file is
// mapped, if it is mapped for reading alone.
func readOnly(mapping []byte, file string) (from, length uintptr, ok bool) {
	fields := bytes.Fields(mapping)
	if len(fields) != 6 || string(fields[5]) != file || bytes.IndexByte(fields[1], 'w') >= 0 {
		return 0, 0, false
	}
	first, last, _ := bytes.Cut(fields[0], []byte("-"))
	start, err := strconv.ParseUint(string(first), 16, 64)
	if err != nil {
		return 0, 0, false
	}
	end, err := strconv.ParseUint(string(last), 16, 64)
	if err != nil || end < start {
		return 0, 0, false
	}
	return uintptr(start), uintptr(end - start), true
}
