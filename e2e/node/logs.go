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

// logsPort is that of a kubelet.
const logsPort = 10250

// allLines is more than any log has.
const allLines = 1 << 20

// serveLogs serves "kubectl logs" with tailLines. The log of a restarted container
// includes those of its previous runs.
func (n *Node) serveLogs(certificate tls.Certificate) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", n.handleLogs)
	n.server = &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(Address, strconv.Itoa(logsPort))) //nolint:noctx // closed by the server
	if err != nil {
		return err
	}
	go n.server.ServeTLS(listener, "", "") //nolint:errcheck // returns when closed
	return nil
}

func (n *Node) handleLogs(w http.ResponseWriter, r *http.Request) {
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
	_, _ = io.WriteString(w, text) // the API server may have closed it
}

// log returns the last lines of the log of a container.
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
	for _, list := range [][]*instance{r.inits, r.mains} {
		for _, c := range list {
			if c.spec.Name == container {
				return c.process.LastLines(lines)
			}
		}
	}
	return "", errors.New("container " + container + " has not started")
}
