package web

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/common/expfmt"

	"nginx-exporter/collector/metric"
)

// textType is the media type of the text format of Prometheus.
const textType = "text/plain; version=0.0.4; charset=utf-8"

// smallResponse is the size in bytes up to which a response is not compressed.
// stub_status takes about 4 KiB: compressing that would cost an eighth of the CPU
// time of a scrape, and the memory of a compressor in every sidecar.
const smallResponse = 8 << 10

// compressors keeps compressors between responses: each takes 1 MiB.
type compressors struct{ pool sync.Pool }

func (c *compressors) get(to io.Writer) (*gzip.Writer, error) {
	if compressor, ok := c.pool.Get().(*gzip.Writer); ok {
		compressor.Reset(to)
		return compressor, nil
	}
	// The lines of expositions are long and similar: the next levels take a fifth
	// more CPU time for 1% fewer bytes.
	return gzip.NewWriterLevel(to, gzip.BestSpeed)
}

// put returns a compressor to the pool, without a reference to its response.
func (c *compressors) put(compressor *gzip.Writer) {
	compressor.Reset(io.Discard)
	c.pool.Put(compressor)
}

// write responds with the exposition in the format and encoding that the scraper
// accepts.
func (s *Server) write(w http.ResponseWriter, r *http.Request, exposition *metric.Exposition) error {
	out := &encoder{response: w, gzip: acceptsGzip(r.Header), compressors: &s.compressors}
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	// Negotiation costs more than all the rest of a small response.
	if accept := r.Header.Values("Accept"); strings.Contains(strings.Join(accept, ","), expfmt.ProtoType) {
		format = expfmt.NegotiateAccept(r.Header, expfmt.DefaultAcceptedFormats()...)
	}
	var err error
	if format.FormatType() == expfmt.TypeTextPlain {
		w.Header().Set("Content-Type", textType)
		err = exposition.WriteText(out)
	} else {
		w.Header().Set("Content-Type", string(format))
		err = writeProto(out, exposition, format)
	}
	if closeErr := out.close(); err == nil {
		err = closeErr
	}
	return err
}

// writeProto writes one family after another: all of them at once can take a
// hundred times the memory of the text format.
func writeProto(w io.Writer, exposition *metric.Exposition, format expfmt.Format) error {
	// The encoder decides at its first write whether the response is small.
	buffered := bufio.NewWriterSize(w, 2*smallResponse)
	to := expfmt.NewEncoder(buffered, format)
	for family := range exposition.Families() {
		if err := to.Encode(family); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// encoder compresses a response unless it is small, which it decides at the first
// write.
type encoder struct {
	response    http.ResponseWriter
	gzip        bool // the scraper accepts it
	compressors *compressors
	compressor  *gzip.Writer
	begun       bool
}

func (e *encoder) Write(chunk []byte) (int, error) {
	if !e.begun {
		e.begun = true
		if e.gzip && len(chunk) > smallResponse {
			e.response.Header().Set("Content-Encoding", "gzip")
			compressor, err := e.compressors.get(e.response)
			if err != nil {
				return 0, err
			}
			e.compressor = compressor
		}
	}
	if e.compressor != nil {
		return e.compressor.Write(chunk)
	}
	return e.response.Write(chunk)
}

func (e *encoder) close() error {
	if e.compressor == nil {
		return nil
	}
	err := e.compressor.Close()
	e.compressors.put(e.compressor)
	return err
}

// acceptsGzip reports whether Accept-Encoding names gzip with a weight above zero.
//
// See https://www.rfc-editor.org/rfc/rfc9110.html#name-accept-encoding.
func acceptsGzip(header http.Header) bool {
	for _, value := range header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			name, parameters, _ := strings.Cut(coding, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				return weight(parameters) > 0
			}
		}
	}
	return false
}
