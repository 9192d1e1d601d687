//go:build !linux

package exporter

// processFiles has nothing on systems other than Linux, where
// --web.exporter-metrics=full has these metrics.
type processFiles struct{}

func openProcess(string) *processFiles { return &processFiles{} }

// Close implements [io.Closer].
func (*processFiles) Close() error { return nil }

func (*processFiles) read() process { return process{} }
