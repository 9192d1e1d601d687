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

// patience bounds the time between two starts of a container that keeps ending.
// A kubelet begins with 10 s and goes to 5 minutes.
const patience = 10 * time.Second

// runner runs one pod.
type runner struct {
	node     *Node
	pod      *pod
	network  string
	address  string
	folder   string
	started  time.Time
	stopping chan struct{}
	ended    chan struct{}
	once     sync.Once

	mu      sync.Mutex
	inits   []*running
	mains   []*running
	failure error
}

// running is a container at work.
type running struct {
	spec    *container
	process *process.Process
	started bool
	ready   bool
	over    bool
	// again is how often it was started again, next when that comes.
	again int
	next  time.Time
	// code is what it last ended with.
	code int
}

// wait is how long a container that ended again is left alone.
func (c *running) wait() time.Duration {
	if c.again == 0 {
		return 0
	}
	return min(time.Second<<min(c.again-1, 10), patience)
}

func newRunner(n *Node, p *pod, number int) *runner {
	return &runner{
		node: n, pod: p,
		network:  fmt.Sprintf("pod%d", number),
		address:  fmt.Sprintf("10.244.%d.%d", 1+number/200, 1+number%200),
		folder:   filepath.Join(n.folder, p.Metadata.UID),
		started:  time.Now(),
		stopping: make(chan struct{}), ended: make(chan struct{}),
	}
}

// end asks the pod to end. It may be called again.
func (r *runner) end() { r.once.Do(func() { close(r.stopping) }) }

// run is the life of the pod.
func (r *runner) run(ctx context.Context) {
	defer close(r.ended)
	// A pod that is to go must not wait for its own start.
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-r.stopping:
			cancel()
		case <-life.Done():
		}
	}()
	err := r.start(life)
	if err == nil {
		err = r.watch(life)
	}
	if err != nil && life.Err() == nil {
		if !errors.Is(err, errSucceeded) {
			r.fail(errors.Join(err, r.report(ctx, "Failed")))
		}
		<-r.stopping
	}
	r.finish(ctx)
}

// start does all up to the first start of the containers proper.
func (r *runner) start(ctx context.Context) error {
	if err := os.MkdirAll(r.folder, 0o755); err != nil {
		return err
	}
	if err := join(ctx, r.network, r.address); err != nil {
		return err
	}
	if err := r.volumes(ctx); err != nil {
		return err
	}
	if err := r.report(ctx, "Pending"); err != nil {
		return err
	}
	for i := range r.pod.Spec.InitContainers {
		if err := r.initialise(ctx, &r.pod.Spec.InitContainers[i]); err != nil {
			return err
		}
	}
	for i := range r.pod.Spec.Containers {
		c, err := r.launch(&r.pod.Spec.Containers[i], &r.mains)
		if err != nil {
			return err
		}
		if err := r.passStartup(ctx, c, "Running"); err != nil {
			return err
		}
	}
	return nil
}

// initialise runs an init container to its end, or a sidecar until it has started.
func (r *runner) initialise(ctx context.Context, spec *container) error {
	c, err := r.launch(spec, &r.inits)
	if err != nil {
		return err
	}
	if spec.native() {
		return r.passStartup(ctx, c, "Pending")
	}
	select {
	case <-c.process.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, err := c.process.Over(); err != nil {
		return fmt.Errorf("init container %s: %w: %s", spec.Name, err, c.process.Tail())
	}
	c.over = true
	return nil
}

// launch starts a container and keeps it in the list.
func (r *runner) launch(spec *container, list *[]*running) (*running, error) {
	c := &running{spec: spec}
	if err := r.exec(c); err != nil {
		return nil, fmt.Errorf("container %s: %w", spec.Name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	*list = append(*list, c)
	return c, nil
}

// exec starts the process of a container.
func (r *runner) exec(c *running) error {
	image, err := find(r.node.images, c.spec.Image)
	if err != nil {
		return err
	}
	s := r.sandbox(c.spec, image)
	cmd, err := s.command(r.network, filepath.Join(r.folder, c.spec.Name+".json"))
	if err != nil {
		return err
	}
	name := r.pod.Metadata.Namespace + "_" + r.pod.Metadata.Name + "_" + c.spec.Name
	c.process, err = r.node.logs.Start(name, cmd, image.stop())
	return err
}

// stop is the signal that ends the image.
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
		Root:     filepath.Join(r.folder, "root-"+spec.Name),
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

// files are those of the image, and the names that the pod has for others.
func (r *runner) files(image Image) map[string]string {
	files := maps.Clone(image.Files)
	if files == nil {
		files = map[string]string{}
	}
	hosts := []string{"127.0.0.1 localhost\n"}
	for _, alias := range r.pod.Spec.HostAliases {
		hosts = append(hosts, alias.IP+" "+strings.Join(alias.Hostnames, " ")+"\n")
	}
	files["/etc/hosts"] = strings.Join(hosts, "")
	return files
}

// passStartup waits for the start-up probe, and starts the container again
// meanwhile if it ends.
func (r *runner) passStartup(ctx context.Context, c *running, phase string) error {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	before := ""
	for {
		passed, err := r.tryStartup(ctx, c)
		if passed || err != nil {
			return err
		}
		if now := r.line(); now != before {
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

// tryStartup tells whether the container has started.
func (r *runner) tryStartup(ctx context.Context, c *running) (passed bool, err error) {
	err = r.probe(ctx, c.spec.StartupProbe)
	r.mu.Lock()
	defer r.mu.Unlock()
	if over, _ := c.process.Over(); err == nil && (!over || c.spec.StartupProbe == nil) {
		c.started = true
		return true, nil
	}
	_, err = r.revive(c, c.spec.native() || r.pod.Spec.RestartPolicy == always)
	return c.over, err
}

// errSucceeded ends a pod whose work is done.
var errSucceeded = errors.New("succeeded")

// watch reports the pod until it is to go, and starts again what ended.
func (r *runner) watch(ctx context.Context) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	before := ""
	for {
		over, err := r.renew()
		if err != nil {
			return err
		}
		if over {
			r.stopAll(r.inits)
			if err := r.report(ctx, "Succeeded"); err != nil {
				return err
			}
			return errSucceeded
		}
		if now := r.check(ctx); now != before {
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

// renew starts containers again, and tells whether the work of the pod is done.
func (r *runner) renew() (done bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	done = true
	for _, c := range r.inits {
		if c.spec.native() {
			if _, err := r.revive(c, true); err != nil {
				return false, err
			}
		}
	}
	for _, c := range r.mains {
		over, err := r.revive(c, r.pod.Spec.RestartPolicy == always)
		if err != nil {
			return false, err
		}
		done = done && over
	}
	return done, nil
}

// revive starts a container again if it ended and should stay; it tells whether
// the container has ended for good.
func (r *runner) revive(c *running, stays bool) (over bool, err error) {
	over, failure := c.process.Over()
	if !over {
		return false, nil
	}
	c.ready = false
	if !stays {
		if failure != nil {
			return true, fmt.Errorf("container %s: %w: %s", c.spec.Name, failure, c.process.Tail())
		}
		c.over = true
		return true, nil
	}
	if c.next.IsZero() {
		c.code = c.process.ExitCode()
		c.next = time.Now().Add(c.wait())
	}
	if time.Now().Before(c.next) {
		return false, nil
	}
	c.next = time.Time{}
	c.again++
	return false, r.exec(c)
}

// finish ends the containers, sidecars last, and removes the pod.
func (r *runner) finish(ctx context.Context) {
	r.stopAll(r.mains)
	r.stopAll(r.inits)
	// What is left to do must be done even when the run is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := errors.Join(leave(ctx, r.network), r.node.client.Delete(ctx, r.inNamespace("pods", r.pod.Metadata.Name), r.pod.Metadata.UID))
	if err != nil {
		fmt.Fprintf(os.Stderr, "node: %s: %v\n", r.pod.Metadata.Name, err)
	}
}

// stopAll ends containers, the last first.
func (r *runner) stopAll(list []*running) {
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

// complaint is what is wrong with the pod.
func (r *runner) complaint() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := r.pod.Metadata.Namespace + "/" + r.pod.Metadata.Name
	if r.failure != nil {
		return fmt.Errorf("pod %s: %w", name, r.failure)
	}
	for _, c := range append(append([]*running{}, r.inits...), r.mains...) {
		if !c.ready && !c.over {
			return fmt.Errorf("pod %s: container %s is not ready; its log ends:\n%s", name, c.spec.Name, c.process.Tail())
		}
	}
	return nil
}
