package record

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Proxy passes questions on to a server and notes its answers.
type Proxy struct {
	// URL is where it listens.
	URL string

	client *http.Client
	server *http.Server
	mu     sync.Mutex
	target string
	file   string
}

// NewProxy listens on loopback.
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
	go p.server.Serve(listener) //nolint:errcheck // it ends when it is closed
	return p, nil
}

// Close ends it.
func (p *Proxy) Close() error {
	p.client.CloseIdleConnections()
	return p.server.Close()
}

// To says who is asked from now on, by the URL of the server, and where answers are
// noted.
func (p *Proxy) To(target, file string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target, p.file = target, file
}

// ServeHTTP asks the server. When it cannot be reached the note has no status,
// and who asked finds the connection closed.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := Answer{URL: r.URL.RequestURI()}
	header, err := p.ask(r, &answer)
	if err != nil {
		answer.Body = err.Error()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := Add(p.file, answer); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if answer.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header()["Content-Type"] = header["Content-Type"]
	w.WriteHeader(answer.Status)
	_, _ = io.WriteString(w, answer.Body) // who asked may have gone
}

func (p *Proxy) ask(r *http.Request, answer *Answer) (http.Header, error) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	request, err := http.NewRequestWithContext(r.Context(), r.Method, target+answer.URL, r.Body)
	if err != nil {
		return nil, err
	}
	request.Header["Content-Type"] = r.Header["Content-Type"]
	response, err := p.client.Do(request)
	if err != nil {
		// The reason alone: the address is in it.
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	answer.Status, answer.Body = response.StatusCode, string(body)
	return response.Header, err
}
