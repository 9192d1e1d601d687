package web_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// activatedVariable makes this program the exporter behind sockets of systemd,
// which only a process of its own can be: they are its descriptors from 3 on.
const activatedVariable = "NGINX_EXPORTER_WEB_TEST_ACTIVATED"

func TestMain(m *testing.M) {
	if os.Getenv(activatedVariable) != "" {
		if err := serveActivated(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
