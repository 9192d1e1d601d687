package web

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/common/expfmt"

	"nginx-exporter/collector/metric"
)

// textType is the media type of the text format of Prometheus.
const textType = "text/plain; version=0.0.4; charset=utf-8"

// smallPage is up to where compressing costs more than it saves: such a page
// fits into one packet.
const smallPage = 1400

// manyRows is from where the tables of a compressor are small beside the page.
const manyRows = 50_000

// write answers with the page in the best form that the scraper takes.
func write(w http.ResponseWriter, r *http.Request, page *metric.Exposition) error {
	out := &encoder{response: w, gzip: acceptsGzip(r.Header), level: gzip.StatelessCompression}
	if page.Rows() > manyRows {
		out.level = gzip.BestSpeed
	}
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	// Most scrapers do not ask for protobuf, and negotiating is not for free.
	if accept := r.Header.Values("Accept"); strings.Contains(strings.Join(accept, ","), expfmt.ProtoType) {
		format = expfmt.NegotiateAccept(r.Header, expfmt.DefaultAcceptedFormats()...)
	}
	var err error
	if format.FormatType() == expfmt.TypeTextPlain {
		w.Header().Set("Content-Type", textType)
		err = page.WriteText(out)
	} else {
		w.Header().Set("Content-Type", string(format))
		err = writeProto(out, page, format)
	}
	if closing := out.close(); err == nil {
		err = closing
	}
	return err
}

// writeProto writes family by family: a whole page of them can take a hundred
// times the memory of its text.
func writeProto(w io.Writer, page *metric.Exposition, format expfmt.Format) error {
	// Families are gathered into larger writes, so that a small page is seen to
	// be one.
	buffered := bufio.NewWriterSize(w, 16<<10)
	to := expfmt.NewEncoder(buffered, format)
	for family := range page.Families() {
		if err := to.Encode(family); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// encoder compresses what is written to it, unless it is little. It decides at
// the first write. For a usual page the compressor keeps no tables between its
// blocks: they would take more memory than everything else in a sidecar, for a
// page that gets 2 % smaller. For a large page they save a quarter of the time.
type encoder struct {
	response http.ResponseWriter
	gzip     bool // the scraper takes it
	level    int
	packed   *gzip.Writer
	begun    bool
}

func (e *encoder) Write(chunk []byte) (int, error) {
	if !e.begun {
		e.begun = true
		if e.gzip && len(chunk) > smallPage {
			e.response.Header().Set("Content-Encoding", "gzip")
			packed, err := gzip.NewWriterLevel(e.response, e.level)
			if err != nil {
				return 0, err
			}
			e.packed = packed
		}
	}
	if e.packed != nil {
		return e.packed.Write(chunk)
	}
	return e.response.Write(chunk)
}

func (e *encoder) close() error {
	if e.packed == nil {
		return nil
	}
	return e.packed.Close()
}

// acceptsGzip reads Accept-Encoding as far as it matters: gzip is named, and
// not with a weight of zero.
//
// See https://www.rfc-editor.org/rfc/rfc9110.html#name-accept-encoding.
func acceptsGzip(header http.Header) bool {
	for _, value := range header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			name, parameters, _ := strings.Cut(coding, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			weight, isWeight := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q=")
			q, err := strconv.ParseFloat(weight, 64)
			return !isWeight || err == nil && q > 0
		}
	}
	return false
}
