package web

import (
	"bufio"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/common/expfmt"

	"nginx-exporter/collector/metric"
)

// textType is the media type of the text format of Prometheus.
const textType = "text/plain; version=0.0.4; charset=utf-8"

// smallResponse is the size in bytes up to which compression does not pay: the
// response fits into one packet.
const smallResponse = 1400

// write responds with the exposition in the format and encoding that the scraper
// accepts.
func write(w http.ResponseWriter, r *http.Request, exposition *metric.Exposition) error {
	out := &encoder{response: w, gzip: acceptsGzip(r.Header)}
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
	buffered := bufio.NewWriterSize(w, 16<<10)
	to := expfmt.NewEncoder(buffered, format)
	for family := range exposition.Families() {
		if err := to.Encode(family); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// encoder compresses a response unless it is small, which it decides at the first
// write. Stateless compression keeps no tables: they would take more memory than
// everything else in a sidecar, for a response that is 2 % smaller.
type encoder struct {
	response   http.ResponseWriter
	gzip       bool // the scraper accepts it
	compressor *gzip.Writer
	begun      bool
}

func (e *encoder) Write(chunk []byte) (int, error) {
	if !e.begun {
		e.begun = true
		if e.gzip && len(chunk) > smallResponse {
			e.response.Header().Set("Content-Encoding", "gzip")
			compressor, err := gzip.NewWriterLevel(e.response, gzip.StatelessCompression)
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
	return e.compressor.Close()
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
