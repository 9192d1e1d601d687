package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// object is a part of an API object.
type object = map[string]any

// probe runs a probe, and succeeds if it is nil.
func (r *runner) probe(ctx context.Context, p *probe) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	switch {
	case p == nil:
		return nil
	case p.TCPSocket != nil:
		conn, err := prober().DialContext(ctx, "tcp", r.hostPort(p.TCPSocket.Port))
		if err != nil {
			return err
		}
		return conn.Close()
	case p.HTTPGet != nil:
		return r.httpProbe(ctx, p)
	default:
		return errors.New("unknown kind of probe")
	}
}

// prober connects for a probe.
func prober() *net.Dialer {
	return &net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var failure error
		err := c.Control(func(fd uintptr) {
			failure = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, probeMark)
		})
		return errors.Join(err, failure)
	}}
}

func (r *runner) hostPort(port int) string { return net.JoinHostPort(r.address, strconv.Itoa(port)) }

func (r *runner) httpProbe(ctx context.Context, p *probe) error {
	scheme := "http"
	if p.HTTPGet.Scheme != "" {
		scheme = strings.ToLower(p.HTTPGet.Scheme)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+r.hostPort(p.HTTPGet.Port)+p.HTTPGet.Path, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "kube-probe/e2e")
	transport := &http.Transport{
		DisableKeepAlives: true, DialContext: prober().DialContext,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // as the kubelet does
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s: status %s", p.HTTPGet.Path, response.Status)
	}
	return nil
}

// refresh runs the readiness probes and returns the summary.
func (r *runner) refresh(ctx context.Context) string {
	for _, list := range [][]*instance{r.inits, r.mains} {
		for _, c := range list {
			err := r.probe(ctx, c.spec.ReadinessProbe)
			r.mu.Lock()
			ended, _ := c.process.Ended()
			c.ready = err == nil && !ended
			r.mu.Unlock()
		}
	}
	return r.summary()
}

// summary has the states of the containers.
func (r *runner) summary() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var text strings.Builder
	for _, list := range [][]*instance{r.inits, r.mains} {
		for _, c := range list {
			fmt.Fprint(&text, c.ready, c.completed, c.restarts, c.next.IsZero(), " ")
		}
	}
	return text.String()
}

// report updates the status of the pod.
func (r *runner) report(ctx context.Context, phase string) error {
	r.mu.Lock()
	inits := r.statuses(r.pod.Spec.InitContainers, r.inits)
	mains := r.statuses(r.pod.Spec.Containers, r.mains)
	initialized := len(r.mains) > 0
	ready := phase == "Running" && len(r.mains) == len(r.pod.Spec.Containers)
	for _, c := range r.mains {
		ready = ready && c.ready
	}
	for _, c := range r.inits {
		ready = ready && (c.ready || c.completed)
	}
	r.mu.Unlock()
	status := object{
		"phase": phase, "hostIP": Address, "hostIPs": []object{{"ip": Address}},
		"podIP": r.address, "podIPs": []object{{"ip": r.address}},
		"startTime":             r.started.UTC().Format(time.RFC3339),
		"initContainerStatuses": inits, "containerStatuses": mains,
		"conditions": []object{
			condition("PodScheduled", true), condition("Initialized", initialized),
			condition("ContainersReady", ready), condition("Ready", ready),
		},
	}
	return r.node.client.Merge(ctx, r.inNamespace("pods", r.pod.Metadata.Name)+"/status", object{"status": status})
}

func condition(kind string, holds bool) object {
	status := "False"
	if holds {
		status = "True"
	}
	return object{"type": kind, "status": status, "lastTransitionTime": time.Now().UTC().Format(time.RFC3339)}
}

// statuses are those of containers. Callers hold r.mu.
func (r *runner) statuses(specs []container, list []*instance) []object {
	all := []object{}
	for i := range specs {
		status := object{
			"name": specs[i].Name, "image": specs[i].Image, "imageID": "", "ready": false, "started": false, "restartCount": 0,
			"state": object{"waiting": object{"reason": "PodInitializing"}},
		}
		if i < len(list) {
			c := list[i]
			status["containerID"] = "process://" + c.spec.Name
			status["ready"], status["started"], status["restartCount"] = c.ready || c.completed, c.started, c.restarts
			status["state"], status["lastState"] = r.states(c)
		}
		all = append(all, status)
	}
	return all
}

// states are the current and the last state of a container.
func (r *runner) states(c *instance) (now, last object) {
	last = object{"terminated": object{"exitCode": c.code, "reason": "Error"}}
	ended, _ := c.process.Ended()
	switch {
	case ended && c.completed:
		return object{"terminated": object{"exitCode": 0, "reason": "Completed"}}, object{}
	case ended && c.restarts > 0:
		return object{"waiting": object{
			"reason":  "CrashLoopBackOff",
			"message": "back-off " + c.backoff().String() + " restarting failed container=" + c.spec.Name + " pod=" + r.pod.Metadata.Name,
		}}, last
	case ended:
		return object{"terminated": object{"exitCode": c.process.ExitCode(), "reason": "Error"}}, object{}
	case c.restarts > 0:
		return object{"running": object{"startedAt": r.started.UTC().Format(time.RFC3339)}}, last
	default:
		return object{"running": object{"startedAt": r.started.UTC().Format(time.RFC3339)}}, object{}
	}
}
