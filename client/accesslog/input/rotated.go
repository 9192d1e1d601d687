package input

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// rotated is a file that was at the path of a log before.
type rotated struct {
	path string
	info os.FileInfo
}

// rotatedFiles returns the rotated files of a log, oldest first, as far as they are
// not compressed.
func rotatedFiles(path string) []rotated {
	directory, base := filepath.Split(path)
	entries, err := os.ReadDir(cmp.Or(directory, "."))
	if err != nil {
		return nil
	}
	var found []rotated
	for _, entry := range entries {
		if !isRotated(base, entry.Name()) {
			continue
		}
		info, err := entry.Info()
		if err == nil && info.Mode().IsRegular() {
			found = append(found, rotated{directory + entry.Name(), info})
		}
	}
	slices.SortStableFunc(found, func(a, b rotated) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	return found
}

// isRotated reports whether a name is one that logrotate gives to a rotated log:
// access.log.1, access.log-20261128, access.log.old, and access-20261128.log with
// its option extension. Other logs, such as access.log_api, must not match.
func isRotated(base, name string) bool {
	if suffix, found := strings.CutPrefix(name, base); found && isRotation(suffix) {
		return true
	}
	ext := filepath.Ext(base)
	middle, found := strings.CutPrefix(name, strings.TrimSuffix(base, ext))
	if !found || ext == "" {
		return false
	}
	middle, found = strings.CutSuffix(middle, ext)
	return found && isRotation(middle)
}

func isRotation(text string) bool {
	if text == ".old" || text == ".bak" {
		return true
	}
	if text == "" || !strings.ContainsRune(".-_", rune(text[0])) {
		return false
	}
	return strings.Trim(text, "0123456789.-_:T") == "" && strings.ContainsAny(text, "0123456789")
}
