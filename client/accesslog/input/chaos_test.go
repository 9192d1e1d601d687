//go:build unix

package input

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/proctest"
)

// Variables of a test process that reads a spool file.
const (
	chaosSpool  = "TEST_CHAOS_SPOOL"
	chaosRecord = "TEST_CHAOS_RECORD"
)

// chaosReader reads a spool file until it is killed, and records the lines of each
// batch before the batch counts as read.
func chaosReader(path, record string) {
	in, err := NewSpool(path)
	if err != nil {
		panic(err)
	}
	out, err := os.OpenFile(record, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	for {
		err := in.Read(context.Background(), func(lines Lines) {
			var batch bytes.Buffer
			for line := range lines {
				batch.Write(line)
				batch.WriteByte('\n')
			}
			if _, err := out.Write(batch.Bytes()); err != nil {
				panic(err)
			}
		})
		if err != nil {
			panic(err)
		}
	}
}

// A real nginx with two workers is reloaded and reopens its logs under load, and the
// reader is killed at random. Every line of an unbuffered second log is read; a line
// is read twice only if a kill was between counting its batch and giving it back.
func TestSpoolChaos(t *testing.T) {
	t.Parallel()
	n := nginxtest.New(t)
	n.Workers = 2
	address := nginxtest.FreeAddress(t, "127.0.0.1")
	spool, truth, record := filepath.Join(n.Dir, "spool.log"), filepath.Join(n.Dir, "truth.log"), filepath.Join(n.Dir, "record.log")
	first := open(t, newSpool(spool))
	first.look(t) // the exporter starts first, and creates the file
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	n.Configure(t, `log_format id '$request_id $status $request_uri';
		server {
			listen `+address+`;
			access_log `+spool+` id buffer=64k flush=200ms;
			access_log `+truth+` id;
			location / { return 200 ok; }
		}
		server { listen `+nginxtest.FreeAddress(t, "127.0.0.1")+`; access_log off; }
	`)
	n.Start(t)
	load := startLoad(t, address)
	const kills = 12
	for i := range kills {
		command := exec.Command(os.Args[0]) //nolint:noctx // proctest ends it
		command.Env = append(os.Environ(), chaosSpool+"="+spool, chaosRecord+"="+record)
		reader := proctest.Start(t, filepath.Join(n.Dir, "reader.log"), command)
		until := sizeOf(record) + rand.Int64N(100_000)
		reader.Await(t, "more lines", func() bool { return sizeOf(record) > until })
		switch i % 3 {
		case 1:
			n.Reload(t)
		case 2:
			n.Signal(t, syscall.SIGUSR1)
		}
		reader.Kill()
	}
	load()
	n.Stop(t) // which writes the buffers of its workers
	r, _ := openSpool(t, spool)
	r.look(t)
	seen := r.seen
	for line := range bytes.Lines(read(t, record)) {
		seen[string(bytes.TrimSuffix(line, []byte("\n")))]++
	}
	lines, twice := 0, 0
	for line := range bytes.Lines(read(t, truth)) {
		lines++
		line := string(bytes.TrimSuffix(line, []byte("\n")))
		if seen[line] == 0 {
			t.Errorf("lost: %s", line)
		}
		twice += seen[line] - 1
		delete(seen, line)
	}
	for line := range seen {
		t.Errorf("not of nginx: %s", line)
	}
	t.Logf("%d lines, %d read twice after %d kills", lines, twice, kills)
	const batch = batchSize / 40 // each line is longer
	if lines < 1000 || twice > kills*batch {
		t.Errorf("%d lines, %d read twice", lines, twice)
	}
	if got := allocated(t, spool); got > 64<<10 {
		t.Errorf("%d bytes are in use", got)
	}
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// startLoad sends requests over several connections until the function that it
// returns is called.
func startLoad(t *testing.T, address string) (stop func()) {
	t.Helper()
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: proctest.Patience}).DialContext}
	client := &http.Client{Transport: transport}
	ctx, cancel := context.WithCancel(t.Context())
	var sent atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for ctx.Err() == nil {
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/x", nil)
				if err != nil {
					return
				}
				if response, err := client.Do(request); err == nil { // a reload may close connections
					_ = response.Body.Close()
					sent.Add(1)
				}
			}
		})
	}
	stop = sync.OnceFunc(func() {
		cancel()
		group.Wait()
		transport.CloseIdleConnections()
		if sent.Load() == 0 {
			t.Error("no request was sent")
		}
	})
	t.Cleanup(stop)
	return stop
}
