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

// KubectlCommand is the argument with which the program runs itself as a kubectl
// that records: KubectlCommand REAL FILE ARGS...
const KubectlCommand = "kubectl"

// Wrapper writes a script that is a kubectl for others: it runs the real one and
// notes the call in the file.
func Wrapper(script, kubectl, file string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("#!/bin/sh\nexec %s %s %s %s \"$@\"\n", quote(self), KubectlCommand, quote(kubectl), quote(file))
	return os.WriteFile(script, []byte(text), 0o755)
}

func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// silence is after how long a call without an answer is noted as such: who asks
// may lose patience, and end us before the answer comes.
const silence = 15 * time.Second

// Kubectl runs the real kubectl, passes on what it prints, notes the call and
// gives the exit status.
func Kubectl(words []string) (int, error) { return call(words, silence) }

func call(words []string, silence time.Duration) (int, error) {
	if len(words) < 2 {
		return 0, errors.New("kubectl: which, and into what file?")
	}
	kubectl, file, args := words[0], words[1], words[2:]
	stdin, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	if err != nil {
		return 0, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(kubectl, args...) //nolint:noctx // whoever ends us ends it
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	var ended *exec.ExitError
	unanswered := time.AfterFunc(silence, func() {
		_ = Add(file, Call{Args: args, Stdin: string(stdin), Exit: NoAnswer}) // an answer that comes is noted after it
	})
	defer unanswered.Stop()
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) {
		return 0, err
	}
	answer := Call{
		Args: args, Stdin: string(stdin), Stdout: stdout.String(), Stderr: stderr.String(),
		Exit: cmd.ProcessState.ExitCode(),
	}
	if err := Add(file, answer); err != nil {
		return 0, err
	}
	_, outErr := os.Stdout.Write(stdout.Bytes())
	_, errErr := os.Stderr.Write(stderr.Bytes())
	return answer.Exit, errors.Join(outErr, errErr)
}
