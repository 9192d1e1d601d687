package kube

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"nginx-exporter/e2e/process"
)

// Connect returns a cluster that exists: that of the context in the kubeconfig. Only
// what kubectl can authenticate is supported, since requests go through kubectl proxy.
func Connect(ctx context.Context, group *process.Group, kubeconfig, name, dir string) (*Cluster, error) {
	c := &Cluster{dir: dir, group: group, Config: filepath.Join(dir, "context.kubeconfig")}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	kubectl, err := c.Binary("kubectl")
	if err != nil {
		return nil, err
	}
	// A copy with only this context, so that nothing can use another one.
	cmd := exec.CommandContext(ctx, kubectl, "config", "view", "--kubeconfig="+kubeconfig, "--context="+name, "--minify", "--flatten", "--raw")
	text, err := process.Output(cmd)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.Config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return c, c.proxy(ctx, kubectl)
}

// proxy starts kubectl proxy, which authenticates as kubectl does.
func (c *Cluster) proxy(ctx context.Context, kubectl string) error {
	cmd := exec.Command(kubectl, "proxy", "--kubeconfig="+c.Config, "--port=0") //nolint:noctx // the group stops it
	p, err := c.group.Start("kubectl-proxy", cmd, syscall.SIGTERM)
	if err != nil {
		return err
	}
	return p.Await(ctx, time.Minute, func(ctx context.Context) error {
		text, err := p.LastLines(1)
		if err != nil {
			return err
		}
		address := regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).FindString(text)
		if address == "" {
			return errors.New("kubectl proxy does not listen yet")
		}
		c.Client = NewClient("http://"+address, &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute})
		return c.Client.Get(ctx, "/version", nil)
	})
}
