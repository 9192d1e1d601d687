package web_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// activatedVariable makes this program an exporter with sockets from systemd. It
// must be a separate process, since the sockets are its descriptors from 3 on.
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
