package input

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Kind is how nginx hands over its log.
type Kind string

// The kinds of inputs.
const (
	KindSpool Kind = "spool"
	KindFile  Kind = "file"
	KindUDP   Kind = "udp"
	KindUnix  Kind = "unix"
)

// Address says where an access log is read.
type Address struct {
	Kind Kind
	Path string // of a file or Unix socket, or the UDP address as HOST:PORT
}

// ParseAddress parses spool:PATH, the PATH of a log file, udp://HOST:PORT and
// unix:PATH.
func ParseAddress(text string) (Address, error) {
	scheme, rest, found := strings.Cut(text, ":")
	switch {
	case text == "":
		return Address{}, errors.New("missing path or address")
	case found && (scheme == string(KindSpool) || scheme == string(KindUnix) || scheme == string(KindFile)):
		if rest == "" || strings.HasPrefix(rest, "//") {
			return Address{}, fmt.Errorf("%q is not %s:PATH", text, scheme)
		}
		return Address{Kind(scheme), clean(rest)}, nil
	case scheme == string(KindUDP):
		address, found := strings.CutPrefix(rest, "//")
		_, port, err := net.SplitHostPort(address)
		if !found || err != nil {
			return Address{}, fmt.Errorf("%q is not udp://HOST:PORT", text)
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return Address{}, fmt.Errorf("%q has no port between 0 and 65535", text)
		}
		return Address{KindUDP, address}, nil
	case found && strings.HasPrefix(rest, "//"), scheme == "syslog":
		return Address{}, fmt.Errorf("%q is not spool:PATH, the path of a log file, udp://HOST:PORT or unix:PATH; "+
			"nginx sends syslog messages only over UDP and Unix sockets", text)
	}
	return Address{KindFile, clean(text)}, nil
}

// clean makes paths of the same file equal, as far as that can be seen. An abstract
// Unix socket has a name, not a path.
func clean(path string) string {
	if strings.HasPrefix(path, "@") {
		return path
	}
	return filepath.Clean(path)
}

// String returns the address as ParseAddress accepts it.
func (a Address) String() string {
	switch a.Kind {
	case KindUDP:
		return "udp://" + a.Path
	case KindSpool, KindUnix:
		return string(a.Kind) + ":" + a.Path
	case KindFile:
	}
	return a.Path
}

// Resolve makes a relative path relative to the directory.
func (a Address) Resolve(directory string) Address {
	if a.Kind != KindUDP && !filepath.IsAbs(a.Path) && !strings.HasPrefix(a.Path, "@") {
		a.Path = filepath.Join(directory, a.Path)
	}
	return a
}

// IsSocket reports whether nginx sends syslog messages.
func (a Address) IsSocket() bool { return a.Kind == KindUDP || a.Kind == KindUnix }

// Warning returns what is risky about the address, or an empty string.
func (a Address) Warning() string {
	switch {
	case a.Kind == KindUnix:
		return UnixWarning
	case a.Kind == KindUDP && Exposed(a.Path):
		return "other hosts can reach this address, and syslog has no authentication: each message is counted; listen on 127.0.0.1 if nginx runs on the same host or in the same pod"
	}
	return ""
}

// Check returns an error if there is something at the path that can never be read,
// such as a pipe. It opens nothing.
func (a Address) Check() error {
	if a.IsSocket() {
		return nil
	}
	info, err := os.Stat(a.Path)
	if err != nil {
		return nil //nolint:nilerr // nginx or the exporter may create it later
	}
	return checkRegular(a.Path, info)
}

// Open opens the input. The state file is for log files, empty for none. The
// caller closes it.
func (a Address) Open(stateFile string) (Input, error) {
	switch a.Kind {
	case KindSpool:
		return NewSpool(a.Path)
	case KindUDP:
		return NewUDP(a.Path)
	case KindUnix:
		return NewUnix(a.Path)
	case KindFile:
	}
	return NewFile(a.Path, stateFile)
}
