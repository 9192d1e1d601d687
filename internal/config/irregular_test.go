//go:build unix

package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFileIrregular refuses files that are not regular, as the configuration file
// and in it: opening a named pipe blocks until it has a writer.
func TestFileIrregular(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	pipe, link := filepath.Join(directory, "pipe"), filepath.Join(directory, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link, directory, "/dev/zero", "/dev/null"} {
		want := path + " is not a regular file"
		if _, err := loadFile(path); err == nil || err.Error() != "--config.file: "+want {
			t.Errorf("got %v, want %q", err, want)
		}
		for _, in := range []string{
			"basic_auth: {username_file: PATH}", "basic_auth: {password_file: PATH}", "authorization: {credentials_file: PATH}",
			"http_headers: {A: {files: [PATH]}}", "tls_config: {ca_file: PATH}",
			"tls_config: {cert_file: PATH, key: x}", "tls_config: {cert: x, key_file: PATH}",
		} {
			c := flags()
			c.File = newFile(t, "targets: [{uri: https://h/, http_client_config: {"+strings.ReplaceAll(in, "PATH", path)+"}}]")
			if _, err := c.Validate(); err == nil || !strings.Contains(err.Error(), "http_client_config: "+want) {
				t.Errorf("%s: got %v, want %q", in, err, want)
			}
		}
	}
}

// The file of exporter-toolkit and the certificates of versions 0.x are validated at
// each reload too.
func TestWebFilesIrregular(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for flag, set := range map[string]func(*Web, string){
		"--web.config.file: ":                           func(w *Web, path string) { w.ConfigFile = path },
		"--web.ssl-server-cert, --web.ssl-server-key: ": func(w *Web, path string) { w.SecuredMetrics, w.TLSCert, w.TLSKey = true, path, path },
	} {
		for _, path := range []string{pipe, filepath.Dir(pipe), "/dev/zero"} {
			c := flags()
			set(&c.Web, path)
			_, err := c.Validate()
			if err == nil || !strings.HasPrefix(err.Error(), flag) || !strings.HasSuffix(err.Error(), path+" is not a regular file") {
				t.Errorf("%s%s: the error is %v", flag, path, err)
			}
		}
	}
	c := flags()
	c.Web.ConfigFile = os.DevNull // it is as good as none
	if _, err := c.Validate(); err != nil {
		t.Error(err)
	}
}
