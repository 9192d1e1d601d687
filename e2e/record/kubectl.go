package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// KubectlCommand is the command by which the program runs itself as a recording
// kubectl: KubectlCommand KUBECTL FILE ARGS...
const KubectlCommand = "kubectl"

// WriteWrapper writes a script that runs kubectl and records the call in the file.
func WriteWrapper(script, kubectl, file string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("#!/bin/sh\nexec %s %s %s %s \"$@\"\n", quote(self), KubectlCommand, quote(kubectl), quote(file))
	return os.WriteFile(script, []byte(text), 0o755)
}

func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// recordAfter is when an unfinished call is recorded: the caller may kill it before
// it ends.
const recordAfter = 15 * time.Second

// Kubectl runs kubectl, prints its output, records the call and returns the exit
// status.
func Kubectl(args []string) (int, error) { return runKubectl(args, recordAfter) }

func runKubectl(args []string, recordAfter time.Duration) (int, error) {
	if len(args) < 2 {
		return 0, errors.New("kubectl needs the arguments KUBECTL and FILE")
	}
	kubectl, file, args := args[0], args[1], args[2:]
	stdin, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	if err != nil {
		return 0, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(kubectl, args...) //nolint:noctx // the caller kills both
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	var ended *exec.ExitError
	unfinished := time.AfterFunc(recordAfter, func() {
		_ = Append(file, Call{Args: args, Stdin: string(stdin), Exit: Unfinished}) // a result is recorded after it
	})
	defer unfinished.Stop()
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) {
		return 0, err
	}
	recorded := Call{
		Args: args, Stdin: string(stdin), Stdout: stdout.String(), Stderr: stderr.String(),
		Exit: cmd.ProcessState.ExitCode(),
	}
	if err := Append(file, recorded); err != nil {
		return 0, err
	}
	_, outErr := os.Stdout.Write(stdout.Bytes())
	_, errErr := os.Stderr.Write(stderr.Bytes())
	return recorded.Exit, errors.Join(outErr, errErr)
}
