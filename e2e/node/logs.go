package node

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// logsPort is where the API server asks a kubelet.
const logsPort = 10250

// allLines stands for a log as a whole.
const allLines = 1 << 20

// serveLogs answers "kubectl logs", as far as tailLines goes. Logs of a container
// that was started again are one: what it said before comes first.
func (n *Node) serveLogs(certificate tls.Certificate) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", n.answerLogs)
	n.server = &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(Address, strconv.Itoa(logsPort))) //nolint:noctx // closed by the server
	if err != nil {
		return err
	}
	go n.server.ServeTLS(listener, "", "") //nolint:errcheck // it ends when it is closed
	return nil
}

func (n *Node) answerLogs(w http.ResponseWriter, r *http.Request) {
	lines := allLines
	if text := r.URL.Query().Get("tailLines"); text != "" {
		var err error
		if lines, err = strconv.Atoi(text); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	text, err := n.log(r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"), lines)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, text) // the API server may have gone
}

// log is the last lines of a container's log.
func (n *Node) log(namespace, pod, container string, lines int) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.runners {
		if r.pod.Metadata.Namespace == namespace && r.pod.Metadata.Name == pod {
			return r.log(container, lines)
		}
	}
	return "", os.ErrNotExist
}

func (r *runner) log(container string, lines int) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range [][]*running{r.inits, r.mains} {
		for _, c := range list {
			if c.spec.Name == container {
				return c.process.Last(lines)
			}
		}
	}
	return "", errors.New("container " + container + " has not started")
}
