package record

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Proxy forwards requests to a server and records the responses.
type Proxy struct {
	// URL is its address.
	URL string

	client *http.Client
	server *http.Server
	mu     sync.Mutex
	target string
	file   string
}

// NewProxy starts a proxy on the loopback interface.
func NewProxy() (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed by the server
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		URL:    "http://" + listener.Addr().String(),
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableCompression: true}},
	}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	go p.server.Serve(listener) //nolint:errcheck // returns when closed
	return p, nil
}

// Close stops it.
func (p *Proxy) Close() error {
	p.client.CloseIdleConnections()
	return p.server.Close()
}

// SetTarget sets the URL of the server and the file for recorded responses.
func (p *Proxy) SetTarget(target, file string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target, p.file = target, file
}

// ServeHTTP forwards a request. If the server cannot be reached, the record has no
// status and the connection is closed.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	recorded := Response{URL: r.URL.RequestURI()}
	header, err := p.forward(r, &recorded)
	if err != nil {
		recorded.Body = err.Error()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := Append(p.file, recorded); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if recorded.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header()["Content-Type"] = header["Content-Type"]
	w.WriteHeader(recorded.Status)
	_, _ = io.WriteString(w, recorded.Body) // the client may have closed it
}

func (p *Proxy) forward(r *http.Request, recorded *Response) (http.Header, error) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	request, err := http.NewRequestWithContext(r.Context(), r.Method, target+recorded.URL, r.Body)
	if err != nil {
		return nil, err
	}
	request.Header["Content-Type"] = r.Header["Content-Type"]
	response, err := p.client.Do(request)
	if err != nil {
		// Without the address, which differs from run to run.
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	recorded.Status, recorded.Body = response.StatusCode, string(body)
	return response.Header, err
}
