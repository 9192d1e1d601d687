package kube

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"nginx-exporter/e2e/process"
)

const (
	// startTimeout is for each server.
	startTimeout = 2 * time.Minute
	etcd         = "http://127.0.0.1:2379"
	// SyncPeriod is that of the HPA controller, instead of 15 s.
	SyncPeriod = 5 * time.Second
)

// Cluster is a control plane.
type Cluster struct {
	// Address is that of the API server, for pods and servers.
	Address string
	// Config is the kubeconfig of an administrator.
	Config string
	// Client is that administrator.
	Client *Client

	// bin is empty if the cluster was not started here.
	bin, dir          string
	group             *process.Group
	clientCA, proxyCA *authority
}

// Start starts etcd, API server, controllers and scheduler, and waits for each.
// The binaries are in bin or in PATH.
func Start(ctx context.Context, group *process.Group, bin, dir, address string) (*Cluster, error) {
	c := &Cluster{
		Address: address, bin: bin, dir: dir, group: group,
		Config: filepath.Join(dir, "admin.kubeconfig"),
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, start := range []func(context.Context) error{c.etcd, c.certificates, c.apiServer, c.controllers, c.scheduler} {
		if err := start(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Binary is the path of a binary.
func (c *Cluster) Binary(name string) (string, error) {
	path := filepath.Join(c.bin, name)
	if c.bin == "" {
		return exec.LookPath(name)
	}
	if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
		return path, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is neither in E2E_BIN (%s) nor in PATH", name, c.bin)
	}
	return path, nil
}

// Run starts a server.
func (c *Cluster) Run(name string, args ...string) (*process.Process, error) {
	binary, err := c.Binary(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, args...) //nolint:noctx // the group stops it
	return c.group.Start(name, cmd, syscall.SIGTERM)
}

// Kubectl runs kubectl as an administrator, with input on standard input.
func (c *Cluster) Kubectl(ctx context.Context, input string, args ...string) (string, error) {
	binary, err := c.Binary("kubectl")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = c.Env()
	cmd.Stdin = strings.NewReader(input)
	return process.Output(cmd)
}

// Env is the environment of programs that use the cluster. Programs that authenticate
// at an existing one may need the files of the user.
func (c *Cluster) Env() []string {
	env := append(os.Environ(), "KUBECONFIG="+c.Config)
	if c.bin != "" {
		env = append(env, "HOME="+c.dir)
	}
	return env
}

func (c *Cluster) etcd(ctx context.Context) error {
	p, err := c.Run("etcd", "--data-dir", filepath.Join(c.dir, "etcd"), "--listen-client-urls", etcd,
		"--advertise-client-urls", etcd, "--listen-peer-urls", "http://127.0.0.1:2380", "--logger", "zap")
	if err != nil {
		return err
	}
	return p.Await(ctx, startTimeout, func(context.Context) error { return process.Listening("127.0.0.1:2379") })
}

// certificates issues those of the control plane.
func (c *Cluster) certificates(context.Context) error {
	var err error
	if c.clientCA, err = newAuthority(c.dir, "users"); err != nil {
		return err
	}
	if c.proxyCA, err = newAuthority(c.dir, "aggregation"); err != nil {
		return err
	}
	_, server := c.clientCA.server("kubernetes", net.ParseIP(c.Address), net.IPv4(127, 0, 0, 1))
	_, proxy := c.proxyCA.client("aggregator")
	_, tokens := c.clientCA.client("tokens")
	admin, admins := c.clientCA.client("admin", "system:masters")
	if err := errors.Join(server, proxy, tokens, admins); err != nil {
		return err
	}
	if err := c.writeConfig(c.Config, admin); err != nil {
		return err
	}
	c.Client, err = newClient(c.url(), c.clientCA.file(), admin)
	return err
}

func (c *Cluster) url() string { return "https://" + c.Address + ":6443" }

// User creates a user with the permissions of its groups, and returns the files
// of CA, certificate and key.
func (c *Cluster) User(name string, groups ...string) (ca, cert, key string, err error) {
	files, err := c.clientCA.client(name, groups...)
	return c.clientCA.file(), files.cert, files.key, err
}

// UserConfig creates a user without permissions and returns its kubeconfig.
func (c *Cluster) UserConfig(name string) (string, error) { return c.config(name) }

// BrokenConfigs writes kubeconfigs that do not work: an empty one, one with a wrong
// address of the API server, and one with an invalid token.
func (c *Cluster) BrokenConfigs() (empty, wrongAddress, invalidToken string, err error) {
	write := func(name, from string, pairs ...string) string {
		file := filepath.Join(c.dir, name+".kubeconfig")
		err = errors.Join(err, os.WriteFile(file, []byte(strings.NewReplacer(pairs...).Replace(from)), 0o600))
		return file
	}
	admin, err := os.ReadFile(c.Config)
	if err != nil {
		return "", "", "", err
	}
	credentials := regexp.MustCompile(`"client-certificate":"[^"]*","client-key":"[^"]*"`).FindString(string(admin))
	empty = write("empty-config", `{"apiVersion": "v1", "kind": "Config"}`)
	wrongAddress = write("wrong-address", string(admin), c.url(), "https://"+c.Address+":6444")
	invalidToken = write("invalid-token", string(admin), credentials, `"token":"a.b.c"`)
	return empty, wrongAddress, invalidToken, err
}

// Certificate issues one for a server at the address.
func (c *Cluster) Certificate(name, address string) (tls.Certificate, error) {
	files, err := c.clientCA.server(name, net.ParseIP(address))
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.LoadX509KeyPair(files.cert, files.key)
}

// PeerCertificate issues a certificate for servers with these names that are also
// clients of each other, and returns CA, certificate and key as PEM.
func (c *Cluster) PeerCertificate(name string, names ...string) (ca, cert, key []byte, err error) {
	files, err := c.clientCA.peers(name, names...)
	if err != nil {
		return nil, nil, nil, err
	}
	ca, err = os.ReadFile(c.clientCA.file())
	cert, err2 := os.ReadFile(files.cert)
	key, err3 := os.ReadFile(files.key)
	return ca, cert, key, errors.Join(err, err2, err3)
}

// writeConfig writes a kubeconfig.
func (c *Cluster) writeConfig(file string, user pair) error {
	text, err := json.Marshal(object{
		"apiVersion": "v1", "kind": "Config", "current-context": "e2e",
		"clusters": []object{{"name": "e2e", "cluster": object{"server": c.url(), "certificate-authority": c.clientCA.file()}}},
		"users":    []object{{"name": "e2e", "user": object{"client-certificate": user.cert, "client-key": user.key}}},
		"contexts": []object{{"name": "e2e", "context": object{"cluster": "e2e", "user": "e2e"}}},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// apiServer starts the API server with RBAC, aggregation and default admission.
// New nodes get no taints, since the controller that removes them does not run.
// The beta version of admission policies is enabled for dry runs.
func (c *Cluster) apiServer(ctx context.Context) error {
	file := func(name string) string { return filepath.Join(c.dir, name) }
	p, err := c.Run("kube-apiserver",
		"--etcd-servers="+etcd, "--bind-address=0.0.0.0", "--secure-port=6443", "--advertise-address="+c.Address,
		"--service-cluster-ip-range=10.96.0.0/16", "--authorization-mode=RBAC",
		"--client-ca-file="+c.clientCA.file(),
		"--tls-cert-file="+file("kubernetes.crt"), "--tls-private-key-file="+file("kubernetes.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+file("tokens.key"), "--service-account-signing-key-file="+file("tokens.key"),
		"--requestheader-client-ca-file="+c.proxyCA.file(), "--requestheader-allowed-names=aggregator",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+file("aggregator.crt"), "--proxy-client-key-file="+file("aggregator.key"),
		"--runtime-config=admissionregistration.k8s.io/v1beta1=true", "--enable-aggregator-routing=true",
		"--disable-admission-plugins=TaintNodesByCondition")
	if err != nil {
		return err
	}
	return p.Await(ctx, startTimeout, func(ctx context.Context) error {
		// Ready includes the roles of the controllers.
		return c.Client.Get(ctx, "/readyz", nil)
	})
}

// controllers starts those that the scenario needs, each with its own service
// account, so that the HPA controller has the permissions of a real cluster.
func (c *Cluster) controllers(ctx context.Context) error {
	config, err := c.config("system:kube-controller-manager")
	if err != nil {
		return err
	}
	controllers := []string{
		"deployment", "replicaset", "endpointslice", "horizontal-pod-autoscaler", "serviceaccount",
		"root-ca-certificate-publisher", "namespace", "garbage-collector",
	}
	p, err := c.Run("kube-controller-manager",
		"--kubeconfig="+config, "--authentication-kubeconfig="+config, "--authorization-kubeconfig="+config,
		"--leader-elect=false", "--use-service-account-credentials=true", "--bind-address=127.0.0.1",
		"--service-account-private-key-file="+filepath.Join(c.dir, "tokens.key"), "--root-ca-file="+c.clientCA.file(),
		"--controllers="+strings.Join(controllers, "-controller,")+"-controller",
		"--horizontal-pod-autoscaler-sync-period="+SyncPeriod.String())
	if err != nil {
		return err
	}
	return p.Await(ctx, startTimeout, func(ctx context.Context) error {
		var account struct{}
		return c.Client.Get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", &account)
	})
}

func (c *Cluster) scheduler(ctx context.Context) error {
	config, err := c.config("system:kube-scheduler")
	if err != nil {
		return err
	}
	p, err := c.Run("kube-scheduler", "--kubeconfig="+config, "--authentication-kubeconfig="+config,
		"--authorization-kubeconfig="+config, "--leader-elect=false", "--bind-address=127.0.0.1")
	if err != nil {
		return err
	}
	return p.Await(ctx, startTimeout, func(context.Context) error { return process.Listening("127.0.0.1:10259") })
}

// config creates a user and returns its kubeconfig.
func (c *Cluster) config(user string) (string, error) {
	files, err := c.clientCA.client(user)
	if err != nil {
		return "", err
	}
	file := filepath.Join(c.dir, user+".kubeconfig")
	return file, c.writeConfig(file, files)
}
