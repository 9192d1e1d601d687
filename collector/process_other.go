//go:build !linux

package collector

import "nginx-exporter/client"

// readProcess knows nothing where there is no /proc;
// --web.exporter-metrics=full asks the system in its own way.
func readProcess() processState {
	return processState{cpuSeconds: client.Absent(), residentBytes: client.Absent(), openFiles: client.Absent()}
}
