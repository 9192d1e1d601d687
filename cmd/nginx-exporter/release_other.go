//go:build !linux

package main

// releaseProgram is for systems with /proc.
func releaseProgram() {}
