package node

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// sandbox describes a container to be started. It is written to a file: the program
// runs itself inside of the namespaces, sets up the rest, and then executes the
// program of the container.
type sandbox struct {
	Root     string
	Program  string
	Files    map[string]string
	Mounts   []mount
	ReadOnly bool
	User     int
	Group    int
	Confined bool
	Dir      string
	Env      []string
	Args     []string
}

type mount struct {
	From, To string
	ReadOnly bool
}

// EnterCommand is the command by which the program runs itself as a container.
const EnterCommand = "container"

// command runs the sandbox in the network namespace of a pod, and in its own other
// namespaces.
func (s *sandbox) command(network, file string) (*exec.Cmd, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("nsenter", "--net=/run/netns/"+network, "--", self, EnterCommand, file) //nolint:noctx // stopped by the pod
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
	}
	return cmd, nil
}

// Enter is the first process of a container. It returns only with an error.
func Enter(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var s sandbox
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	for _, step := range []func() error{s.mountSystem, s.files, s.volumes, s.enterRoot} {
		if err := step(); err != nil {
			return err
		}
	}
	return s.execProgram()
}

// mountSystem mounts the programs of this machine under the root of the container.
func (s *sandbox) mountSystem() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := os.MkdirAll(s.Root, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", s.Root, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	for _, name := range []string{"/usr", "/bin", "/sbin", "/lib", "/lib64", "/dev"} {
		if err := s.expose(name); err != nil {
			return err
		}
	}
	if err := os.Mkdir(s.Root+"/proc", 0o755); err != nil {
		return err
	}
	return unix.Mount("proc", s.Root+"/proc", "proc", 0, "")
}

// expose mounts a directory of this machine, or copies a link.
func (s *sandbox) expose(name string) error {
	target, err := os.Readlink(name)
	if err == nil {
		return os.Symlink(target, s.Root+name)
	}
	if _, err := os.Stat(name); err != nil {
		return nil //nolint:nilerr // not every machine has /lib64
	}
	return s.bind(mount{From: name, To: name, ReadOnly: name != "/dev"})
}

// bind mounts a file or directory.
func (s *sandbox) bind(m mount) error {
	to := s.Root + filepath.Clean(m.To)
	info, err := os.Stat(m.From)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(to, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(to), 0o755); err == nil {
		err = os.WriteFile(to, nil, 0o644)
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(m.From, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("%s at %s: %w", m.From, m.To, err)
	}
	if m.ReadOnly {
		return unix.Mount("", to, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
	}
	return nil
}

// files writes the files of the image.
func (s *sandbox) files() error {
	for _, name := range []string{"/tmp", "/run", "/var/log/nginx", "/var/lib/nginx"} {
		if err := os.MkdirAll(s.Root+name, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(s.Root+name, 0o777); err != nil {
			return err
		}
	}
	texts := map[string]string{
		"/etc/passwd": "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\n",
		"/etc/group":  "root:x:0:\nwww-data:x:33:\n",
	}
	for name, text := range s.Files {
		texts[name] = text
	}
	for name, text := range texts {
		if err := os.MkdirAll(filepath.Dir(s.Root+name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(s.Root+name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if s.Program == "" {
		return nil
	}
	return s.bind(mount{From: s.Program, To: "/app/" + filepath.Base(s.Program), ReadOnly: true})
}

func (s *sandbox) volumes() error {
	for _, m := range s.Mounts {
		if err := s.bind(m); err != nil {
			return err
		}
	}
	return nil
}

// enterRoot changes the root, which is read-only if the pod says so.
func (s *sandbox) enterRoot() error {
	if s.ReadOnly {
		if err := unix.Mount("", s.Root, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
			return err
		}
	}
	if err := unix.Chroot(s.Root); err != nil {
		return err
	}
	if err := os.Chdir(s.Dir); err != nil {
		return err
	}
	if s.Confined {
		return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	}
	return nil
}

// execProgram changes the user and executes the program.
func (s *sandbox) execProgram() error {
	if s.User != 0 {
		if err := syscall.Setgroups([]int{s.Group}); err != nil {
			return err
		}
		if err := syscall.Setgid(s.Group); err != nil {
			return err
		}
		if err := syscall.Setuid(s.User); err != nil {
			return err
		}
	}
	path, err := lookPath(s.Args[0], s.Env)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", path, syscall.Exec(path, s.Args, s.Env))
}

// lookPath finds a program in the PATH of the container.
func lookPath(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, variable := range env {
		directories, found := strings.CutPrefix(variable, "PATH=")
		if !found {
			continue
		}
		for dir := range strings.SplitSeq(directories, ":") {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode()&0o111 != 0 {
				return filepath.Join(dir, name), nil
			}
		}
	}
	return "", fmt.Errorf("%s: not found in the PATH of the container", name)
}
