// Package setup connects nginx and the exporter on one machine: it adds a status page to the configuration of nginx,
// and starts the service of the exporter. What it changes it can take back.
//
// It changes nothing before the caller applies the plan, and never a file of the user.
package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nginx-exporter/internal/doctor/status"
	"nginx-exporter/internal/snippet"
)

const (
	// fileName is the name of the file with the status page.
	fileName = "nginx-exporter-status.conf"
	// marker begins the first line of each file that is written.
	marker = "# Written by nginx-exporter setup."
	// enabled is in the file if the service was enabled, too.
	enabled = "# The service was enabled."

	service    = "nginx-exporter.service"
	readFiles  = 0o644
	searchable = 0o755

	// patience is how long nginx may take to serve a new page.
	patience = 10 * time.Second
)

// Options say what is set up.
type Options struct {
	NginxBinary string // name or path
	DefaultURI  string // which the exporter reads without settings
	Listen      string // address of a new status page; empty for a free port of the loopback interface
	// Responds reports whether the exporter can read the status page at a URI.
	Responds func(ctx context.Context, uri string) bool

	// ServiceURI returns what the service reads if it runs, empty if that is not
	// known.
	ServiceURI func() string

	systemd  string        // directory of units; tests set it
	patience time.Duration // until nginx serves a new page; tests set it
}

// dropIn is the file that gives the service another URI than the default.
func (o *Options) dropIn() string {
	return filepath.Join(cmp.Or(o.systemd, "/etc/systemd/system"), service+".d", "setup.conf")
}

// Plan is what will be changed.
type Plan struct {
	// URI is that of the status page. Serving means that nginx serves it already.
	URI     string
	Serving bool
	// Service means that systemd runs the exporter after the plan is applied.
	Service bool

	nginx   string                         // binary
	page    func(ctx context.Context) bool // whether nginx serves the new page; nil without one
	wait    time.Duration                  // for the page
	undo    bool
	rejects string // why nginx rejects its configuration before an undo; empty if it accepts it
	partial error  // why an undo cannot look for a status page; nil if it can
	files   []file
	removed []string
	reload  bool
	enable  bool // the service
	disable bool
	restart bool
}

// file is a file to write. Before is what it has now if setup has written it, empty if it does not exist.
type file struct{ path, text, before string }

// New observes nginx and the service, and plans what is missing.
func New(ctx context.Context, o Options) (*Plan, error) {
	nginx, err := readNginx(ctx, o.NginxBinary)
	if err != nil {
		return nil, err
	}
	p := &Plan{nginx: nginx.Path, Service: serviceInstalled(ctx)}
	active := p.Service && serviceActive(ctx)
	if active {
		o.DefaultURI = cmp.Or(o.ServiceURI(), o.DefaultURI)
	}
	for _, uri := range append([]string{o.DefaultURI}, nginx.Pages...) {
		if o.Responds(ctx, uri) {
			p.URI, p.Serving = uri, true
			break
		}
	}
	switch {
	case p.Serving:
	case len(nginx.Pages) > 0:
		p.URI, p.reload = nginx.Pages[0], true // nginx has not loaded it, or does not run
	default:
		if err := p.addPage(nginx, o.Listen); err != nil {
			return nil, err
		}
		p.page = func(ctx context.Context) bool { return o.Responds(ctx, p.URI) }
		p.wait = cmp.Or(o.patience, patience)
	}
	if p.Service {
		return p, p.changeService(&o, active)
	}
	return p, nil
}

// changeService plans that the service runs, with the right URI.
func (p *Plan) changeService(o *Options, active bool) error {
	p.enable = !active
	if p.URI != o.DefaultURI {
		p.restart = active
		before, err := os.ReadFile(o.dropIn())
		if err == nil && !strings.HasPrefix(string(before), marker) {
			return fmt.Errorf("%s was not written by setup: set NGINX_EXPORTER_NGINX_SCRAPE_URI=%s there, or remove it", o.dropIn(), p.URI)
		}
		text := fmt.Sprintf("%s\n[Service]\nEnvironment=\"NGINX_EXPORTER_NGINX_SCRAPE_URI=%s\"\n", marker, p.URI)
		p.files = append(p.files, file{o.dropIn(), text, string(before)})
	}
	for i := range p.files {
		if f := &p.files[i]; p.enable || strings.Contains(f.before, enabled) {
			f.text = strings.Replace(f.text, "\n", "\n"+enabled+"\n", 1)
		}
	}
	// Those of a service that failed to start.
	p.files = slices.DeleteFunc(p.files, func(f file) bool { return f.text == f.before })
	return nil
}

// readNginx returns the configuration of nginx, and an error if it cannot be changed.
func readNginx(ctx context.Context, binary string) (*status.Nginx, error) {
	nginx := status.ReadNginx(ctx, binary)
	switch {
	case nginx == nil:
		return nil, fmt.Errorf("nginx was not found: install it, or set its path with --nginx-binary (now %s)", binary)
	case nginx.Denied:
		return nginx, errors.New("the configuration of nginx cannot be read: run this as root")
	case nginx.Error != "":
		return nginx, fmt.Errorf("nginx rejects its configuration: %s; correct it first, with nginx -t", nginx.Error)
	}
	return nginx, nil
}

// addPage plans a status page.
func (p *Plan) addPage(nginx *status.Nginx, listen string) error {
	address, err := listen, error(nil)
	if address == "" {
		address, err = freeAddress()
	}
	if err != nil {
		return err
	}
	text, err := snippet.Text("nginx", map[string][]string{"listen": {address}})
	if err != nil {
		return err
	}
	// nginx accepts an address in use when it checks its configuration, and fails when it starts the next time.
	if err := isFree(address); err != nil {
		return fmt.Errorf("nginx cannot listen there, choose another one with --listen: %w", err)
	}
	directory := ""
	for _, d := range nginx.Directories {
		if info, err := os.Stat(d); err == nil && info.IsDir() {
			directory = d
			break
		}
	}
	if directory == "" {
		return fmt.Errorf("the http block of nginx includes no directory, so setup cannot add a file: add this to it, and run setup again:\n%s", text)
	}
	path := filepath.Join(directory, fileName)
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists, but nginx -T shows no status page in it: remove or correct it", path)
	}
	_, server, _ := strings.Cut(text, "server {")
	p.URI, p.reload = "http://"+address+"/stub_status", true
	p.files = append(p.files, file{path: path, text: marker + "\n# To take it back: nginx-exporter setup --undo\nserver {" + server})
	return nil
}

// freeAddress returns a loopback address on which nothing listens.
func freeAddress() (string, error) {
	var failed error
	for _, port := range []string{"8080", "8081", "18080", "18081"} {
		address := net.JoinHostPort("127.0.0.1", port)
		if failed = isFree(address); failed == nil {
			return address, nil
		}
	}
	return "", fmt.Errorf("no free port for the status page: %w", failed)
}

// isFree returns why a program cannot listen on an address.
func isFree(address string) error {
	listener, err := net.Listen("tcp", address) //nolint:noctx // it is closed at once
	if err != nil {
		return err
	}
	return listener.Close()
}

// NewUndo plans to take back what setup has changed, also if nginx rejects its configuration or was removed.
func NewUndo(ctx context.Context, o Options) (*Plan, error) {
	p := &Plan{undo: true}
	nginx, err := readNginx(ctx, o.NginxBinary)
	var directories []string
	if nginx != nil {
		p.nginx, p.rejects, directories = nginx.Path, nginx.Error, nginx.Directories
	}
	if err != nil && len(directories) == 0 {
		p.partial = err
	}
	p.remove(o.dropIn(), directories)
	if p.partial != nil && (len(p.removed) == 0 || nginx != nil && nginx.Denied) {
		return nil, p.partial
	}
	installed := serviceInstalled(ctx)
	p.disable = p.disable && installed
	p.restart = p.restart && installed && !p.disable
	return p, nil
}

// remove plans to remove the files that setup has written.
func (p *Plan) remove(dropIn string, directories []string) {
	paths := []string{dropIn}
	for _, d := range directories {
		paths = append(paths, filepath.Join(d, fileName))
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(text), marker) {
			continue
		}
		p.removed = append(p.removed, path)
		p.reload = p.reload || path != dropIn
		p.disable = p.disable || strings.Contains(string(text), enabled)
		p.restart = p.restart || path == dropIn
	}
}

// Empty reports whether there is nothing to change.
func (p *Plan) Empty() bool {
	return len(p.files)+len(p.removed) == 0 && !p.reload && !p.enable && !p.disable && !p.restart
}

// WriteText lists the changes: + for what is added, - for what is removed, ~ for files that are changed and for commands.
func (p *Plan) WriteText(to io.Writer) error {
	var b strings.Builder
	for _, f := range p.files {
		sign := "+"
		if f.before != "" {
			sign = "~"
		}
		fmt.Fprintf(&b, "%s %s\n", sign, f.path)
		for line := range strings.Lines(f.text) {
			fmt.Fprintf(&b, "      %s", line)
		}
	}
	for _, path := range p.removed {
		fmt.Fprintf(&b, "- %s\n", path)
	}
	switch {
	case p.reload && p.rejects != "":
		fmt.Fprintf(&b, "~ %s -t, then reload nginx if it runs; nginx rejects its configuration now: %s\n", p.nginx, p.rejects)
	case p.reload && p.undo:
		fmt.Fprintf(&b, "~ %s -t, then reload nginx if it runs\n", p.nginx)
	case p.reload:
		fmt.Fprintf(&b, "~ %s -t, then reload nginx, or start it if it does not run\n", p.nginx)
	}
	for _, args := range p.systemctl() {
		fmt.Fprintf(&b, "~ systemctl %s\n", strings.Join(args, " "))
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// systemctl lists the commands for the service.
func (p *Plan) systemctl() [][]string {
	var commands [][]string
	if len(p.files)+len(p.removed) > 0 && (p.enable || p.disable || p.restart) {
		commands = append(commands, []string{"daemon-reload"})
	}
	switch {
	case p.enable:
		commands = append(commands, []string{"enable", "--now", service})
	case p.disable:
		commands = append(commands, []string{"disable", "--now", service})
	case p.restart:
		commands = append(commands, []string{"restart", service})
	}
	return commands
}
