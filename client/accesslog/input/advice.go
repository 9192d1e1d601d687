package input

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// advise adds to an error of a path what to do about it.
func advise(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: the user of the exporter needs read permission for the file, write permission for a spool file, "+
			"and execute permission for the directories; logs of nginx on Debian and Ubuntu are readable for the group adm", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: the symbolic link points to a file that does not exist; create it, or remove the link", err)
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return fmt.Errorf("%w: check the path, which is that of access_log in nginx.conf, or in a container that of the same volume", err)
	}
	return err
}
