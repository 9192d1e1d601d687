package status

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"nginx-exporter/internal/doctor"
)

// maxProcesses limits how many processes are read.
const maxProcesses = 1 << 16

// nginxNotRunning finds that nothing listens at the target, on a machine without a
// process of nginx.
func (o *observation) nginxNotRunning() *doctor.Finding {
	s := o.symptom()
	if !slices.Contains([]doctor.Code{"nginx-refused", "socket-stale", "socket-missing"}, s.code) || !o.isLocal() || o.absent() == "" {
		return nil
	}
	nginx := o.localNginx()
	count, running := processes(o.machine.Proc)
	// A container has processes of its own: nginx may run outside of it, unless it
	// is installed in the container.
	if count == 0 || running || nginx == nil && !allProcesses(o.machine.Proc) {
		return nil
	}
	f := &doctor.Finding{
		Message:  s.problem + ", since nginx is not running.",
		Evidence: []doctor.Evidence{{Name: "processes", Value: strconv.Itoa(count) + ", none of them nginx"}},
	}
	if nginx == nil {
		f.Fix = []string{"start nginx with the status server printed by: " + o.snippetCommand()}
		return f
	}
	f.Evidence = append(f.Evidence, doctor.Evidence{Name: "nginx binary", Value: nginx.path})
	f.Fix = []string{"start it: systemctl start nginx, or: nginx"}
	switch {
	case !nginx.hasConfig || o.configuredHere() != nil:
	case len(nginx.locations) > 0:
		f.Fix = append(f.Fix, "and set the target to its status page: "+nginx.locations[0].uri())
	default:
		f.Fix = append(o.snippetText(), "then start nginx: systemctl start nginx, or: nginx")
	}
	return f
}

// processes counts the processes, and reports whether one of them is nginx. The
// count is 0 if not all of them can be read, as with the mount option hidepid.
func processes(proc string) (count int, nginx bool) {
	entries, err := os.ReadDir(proc)
	if _, hidden := os.Stat(filepath.Join(proc, "1", "comm")); err != nil || hidden != nil {
		return 0, false
	}
	for _, entry := range entries {
		if strings.Trim(entry.Name(), "0123456789") != "" {
			continue
		}
		name, err := os.ReadFile(filepath.Join(proc, entry.Name(), "comm"))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended
		}
		if count++; err != nil || count > maxProcesses {
			return 0, false
		}
		if slices.Contains([]string{"nginx", "nginx-debug", "openresty", "angie", "angie-debug", "tengine", "freenginx"}, strings.TrimSpace(string(name))) {
			return count, true
		}
	}
	return count, false
}

// allProcesses reports whether procfs has all processes of the machine, not only
// those of a container.
//
// See https://man7.org/linux/man-pages/man7/pid_namespaces.7.html.
func allProcesses(proc string) bool {
	const initial = "pid:[4026531836]" // PROC_PID_INIT_INO of the kernel
	namespace, err := os.Readlink(filepath.Join(proc, "self", "ns", "pid"))
	return err == nil && namespace == initial
}
