//go:build !unix

package input

import "os"

const nonblock = 0

func lock(*os.File) error { return nil }

func isReadOnly(error) bool { return false }

func allocatedBytes(os.FileInfo) int64 { return 0 }

func identify(os.FileInfo) identity { return identity{} }
