//go:build unix

package status

import (
	"fmt"
	"os"
	"syscall"
)

// owner describes the owner of a file.
func owner(info os.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "unknown"
	}
	return fmt.Sprintf("user %d, group %d", stat.Uid, stat.Gid)
}
