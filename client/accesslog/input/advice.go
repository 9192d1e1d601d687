package input

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// advise adds to an error of a path what to do about it, briefly: the log cuts long
// errors.
func advise(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: allow the user of the exporter to read it, such as by the group adm on Debian and Ubuntu; a spool file needs mode 0666", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: the symbolic link points to a file that does not exist; create it, or remove the link", err)
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return fmt.Errorf("%w: check the path, which is that of access_log in nginx.conf, or in a container that of the same volume", err)
	}
	return err
}
