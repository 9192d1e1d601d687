package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"nginx-exporter/e2e/process"
)

// maxBackoff limits the delay before a restart. That of a kubelet is 10 s at first
// and 5 minutes at most.
const maxBackoff = 10 * time.Second

// runner runs one pod.
type runner struct {
	node     *Node
	pod      *pod
	network  string
	address  string
	dir      string
	started  time.Time
	stopping chan struct{}
	done     chan struct{}
	once     sync.Once

	mu      sync.Mutex
	inits   []*instance
	mains   []*instance
	failure error
}

// instance is a container that was started.
type instance struct {
	spec      *container
	process   *process.Process
	started   bool
	ready     bool
	completed bool
	// restarts counts restarts, next is the time of the next one.
	restarts int
	next     time.Time
	// code is the last exit status.
	code int
}

// backoff returns the delay before the next restart.
func (c *instance) backoff() time.Duration {
	if c.restarts == 0 {
		return 0
	}
	return min(time.Second<<min(c.restarts-1, 10), maxBackoff)
}

func newRunner(n *Node, p *pod, number int) *runner {
	return &runner{
		node: n, pod: p,
		network:  fmt.Sprintf("pod%d", number),
		address:  fmt.Sprintf("10.244.%d.%d", 1+number/200, 1+number%200),
		dir:      filepath.Join(n.dir, p.Metadata.UID),
		started:  time.Now(),
		stopping: make(chan struct{}), done: make(chan struct{}),
	}
}

// end stops the pod. It may be called again.
func (r *runner) end() { r.once.Do(func() { close(r.stopping) }) }

// run runs the pod until it is deleted.
func (r *runner) run(ctx context.Context) {
	defer close(r.done)
	// Deletion of the pod also cancels its start.
	podCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-r.stopping:
			cancel()
		case <-podCtx.Done():
		}
	}()
	err := r.start(podCtx)
	if err == nil {
		err = r.watch(podCtx)
	}
	if err != nil && podCtx.Err() == nil {
		if !errors.Is(err, errSucceeded) {
			r.fail(errors.Join(err, r.report(ctx, "Failed")))
		}
		<-r.stopping
	}
	r.finish(ctx)
}

// start starts all containers.
func (r *runner) start(ctx context.Context) error {
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	if err := joinNetwork(ctx, r.network, r.address); err != nil {
		return err
	}
	if err := r.volumes(ctx); err != nil {
		return err
	}
	if err := r.report(ctx, "Pending"); err != nil {
		return err
	}
	for i := range r.pod.Spec.InitContainers {
		if err := r.runInit(ctx, &r.pod.Spec.InitContainers[i]); err != nil {
			return err
		}
	}
	for i := range r.pod.Spec.Containers {
		c, err := r.launch(&r.pod.Spec.Containers[i], &r.mains)
		if err != nil {
			return err
		}
		if err := r.awaitStartup(ctx, c, "Running"); err != nil {
			return err
		}
	}
	return nil
}

// runInit runs an init container to its end, or a sidecar until it has started.
func (r *runner) runInit(ctx context.Context, spec *container) error {
	c, err := r.launch(spec, &r.inits)
	if err != nil {
		return err
	}
	if spec.isSidecar() {
		return r.awaitStartup(ctx, c, "Pending")
	}
	select {
	case <-c.process.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, err := c.process.Ended(); err != nil {
		return fmt.Errorf("init container %s: %w: %s", spec.Name, err, c.process.Tail())
	}
	c.completed = true
	return nil
}

// launch starts a container and adds it to the list.
func (r *runner) launch(spec *container, list *[]*instance) (*instance, error) {
	c := &instance{spec: spec}
	if err := r.exec(c); err != nil {
		return nil, fmt.Errorf("container %s: %w", spec.Name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	*list = append(*list, c)
	return c, nil
}

// exec starts the process of a container.
func (r *runner) exec(c *instance) error {
	image, err := findImage(r.node.images, c.spec.Image)
	if err != nil {
		return err
	}
	s := r.sandbox(c.spec, image)
	cmd, err := s.command(r.network, filepath.Join(r.dir, c.spec.Name+".json"))
	if err != nil {
		return err
	}
	name := r.pod.Metadata.Namespace + "_" + r.pod.Metadata.Name + "_" + c.spec.Name
	c.process, err = r.node.logs.Start(name, cmd, image.stop())
	return err
}

// stop is the stop signal of the image.
func (i Image) stop() os.Signal {
	if i.Stop == 0 {
		return syscall.SIGTERM
	}
	return i.Stop
}

func (r *runner) sandbox(spec *container, image Image) *sandbox {
	env := r.environment(spec)
	args := spec.Args
	switch {
	case len(spec.Command) > 0:
		args = append(append([]string{}, spec.Command...), args...)
	case len(args) > 0:
		args = append(append([]string{}, image.Entry[0]), args...)
	default:
		args = image.Entry
	}
	s := &sandbox{
		Root:     filepath.Join(r.dir, "root-"+spec.Name),
		Program:  image.Program,
		Files:    r.files(image),
		ReadOnly: spec.SecurityContext.ReadOnlyRootFilesystem,
		User:     image.User, Group: image.User,
		Confined: spec.SecurityContext.AllowPrivilegeEscalation != nil && !*spec.SecurityContext.AllowPrivilegeEscalation,
		Dir:      spec.WorkingDir, Env: env, Args: expand(args, env),
	}
	if s.Dir == "" {
		s.Dir = "/"
	}
	for _, c := range []securityContext{r.pod.Spec.SecurityContext, spec.SecurityContext} {
		if c.RunAsUser != nil {
			s.User, s.Group = *c.RunAsUser, *c.RunAsUser
		}
		if c.RunAsGroup != nil {
			s.Group = *c.RunAsGroup
		}
	}
	for _, m := range spec.VolumeMounts {
		s.Mounts = append(s.Mounts, mount{
			From: filepath.Join(r.volume(m.Name), m.SubPath), To: m.MountPath, ReadOnly: m.ReadOnly,
		})
	}
	return s
}

// files are those of the image, and /etc/hosts.
func (r *runner) files(image Image) map[string]string {
	files := maps.Clone(image.Files)
	if files == nil {
		files = map[string]string{}
	}
	hosts := []string{"127.0.0.1 localhost\n"}
	for _, alias := range r.pod.Spec.HostAliases {
		hosts = append(hosts, alias.IP+" "+strings.Join(alias.Hostnames, " ")+"\n")
	}
	if r.pod.Spec.DNSPolicy != "Default" { // which does not resolve names of the cluster
		hosts = append(hosts, r.node.services.hosts(r.pod.Metadata.Namespace))
	}
	files["/etc/hosts"] = strings.Join(hosts, "")
	return files
}

// awaitStartup waits for the startup probe, and restarts the container if it ends.
func (r *runner) awaitStartup(ctx context.Context, c *instance, phase string) error {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	before := ""
	for {
		passed, err := r.startupPassed(ctx, c)
		if passed || err != nil {
			return err
		}
		if now := r.summary(); now != before {
			if err := r.report(ctx, phase); err != nil {
				return err
			}
			before = now
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// startupPassed reports whether the container has started.
func (r *runner) startupPassed(ctx context.Context, c *instance) (passed bool, err error) {
	err = r.probe(ctx, c.spec.StartupProbe)
	r.mu.Lock()
	defer r.mu.Unlock()
	if ended, _ := c.process.Ended(); err == nil && (!ended || c.spec.StartupProbe == nil) {
		c.started = true
		return true, nil
	}
	_, err = r.restartIfEnded(c, c.spec.isSidecar() || r.pod.Spec.RestartPolicy == always)
	return c.completed, err
}

// errSucceeded means that all containers of the pod have succeeded.
var errSucceeded = errors.New("succeeded")

// watch reports the status of the pod and restarts containers until it is deleted.
func (r *runner) watch(ctx context.Context) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	before := ""
	for {
		done, err := r.restartEnded()
		if err != nil {
			return err
		}
		if done {
			r.stopAll(r.inits)
			if err := r.report(ctx, "Succeeded"); err != nil {
				return err
			}
			return errSucceeded
		}
		if now := r.refresh(ctx); now != before {
			if err := r.report(ctx, "Running"); err != nil {
				return err
			}
			before = now
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// restartEnded restarts containers, and reports whether the pod has succeeded.
func (r *runner) restartEnded() (done bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	done = true
	for _, c := range r.inits {
		if c.spec.isSidecar() {
			if _, err := r.restartIfEnded(c, true); err != nil {
				return false, err
			}
		}
	}
	for _, c := range r.mains {
		completed, err := r.restartIfEnded(c, r.pod.Spec.RestartPolicy == always)
		if err != nil {
			return false, err
		}
		done = done && completed
	}
	return done, nil
}

// restartIfEnded restarts a container that ended, if its policy says so; else it
// reports that the container is completed.
func (r *runner) restartIfEnded(c *instance, restart bool) (completed bool, err error) {
	ended, failure := c.process.Ended()
	if !ended {
		return false, nil
	}
	c.ready = false
	if !restart {
		if failure != nil {
			return true, fmt.Errorf("container %s: %w: %s", c.spec.Name, failure, c.process.Tail())
		}
		c.completed = true
		return true, nil
	}
	if c.next.IsZero() {
		c.code = c.process.ExitCode()
		c.next = time.Now().Add(c.backoff())
	}
	if time.Now().Before(c.next) {
		return false, nil
	}
	c.next = time.Time{}
	c.restarts++
	return false, r.exec(c)
}

// finish stops the containers, sidecars last, and deletes the pod.
func (r *runner) finish(ctx context.Context) {
	r.stopAll(r.mains)
	r.stopAll(r.inits)
	// Also after the end of the run.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := errors.Join(deleteNetwork(ctx, r.network), r.node.client.Delete(ctx, r.inNamespace("pods", r.pod.Metadata.Name), r.pod.Metadata.UID))
	if err != nil {
		fmt.Fprintf(os.Stderr, "node: %s: %v\n", r.pod.Metadata.Name, err)
	}
}

// stopAll stops containers in reverse order.
func (r *runner) stopAll(list []*instance) {
	for i := len(list) - 1; i >= 0; i-- {
		list[i].process.Stop()
	}
}

func (r *runner) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failure = err
	fmt.Fprintf(os.Stderr, "node: pod %s/%s: %v\n", r.pod.Metadata.Namespace, r.pod.Metadata.Name, err)
}

// problem is the error of the pod, if it has one.
func (r *runner) problem() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := r.pod.Metadata.Namespace + "/" + r.pod.Metadata.Name
	if r.failure != nil {
		return fmt.Errorf("pod %s: %w", name, r.failure)
	}
	for _, c := range append(append([]*instance{}, r.inits...), r.mains...) {
		if !c.ready && !c.completed {
			return fmt.Errorf("pod %s: container %s is not ready; end of its log:\n%s", name, c.spec.Name, c.process.Tail())
		}
	}
	return nil
}
