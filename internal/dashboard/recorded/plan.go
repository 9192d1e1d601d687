package recorded

import "math"

// Scrapes is the length of a full recording: 15 minutes.
const Scrapes = 180

// PerPod is the target of the simulated HPA in requests per second and pod.
const PerPod = 40

// The minimum and maximum replicas of the simulated HPA, for a fleet of this unit.
const (
	MinReplicas = 4
	MaxReplicas = 10
)

// Incidents of a recording, as scrapes from and until.
var (
	SlowUpstream  = [2]int{40, 62}   //nolint:gochecknoglobals // a constant
	ServerErrors  = [2]int{95, 112}  //nolint:gochecknoglobals // a constant
	NoConnections = [2]int{70, 82}   //nolint:gochecknoglobals // a constant
	Stopped       = [2]int{120, 124} //nolint:gochecknoglobals // a constant
	StatusFails   = [2]int{140, 145} //nolint:gochecknoglobals // a constant
)

// During reports whether a scrape is within an incident.
func During(incident [2]int, scrape int) bool { return scrape >= incident[0] && scrape < incident[1] }

// demand is the load on all pods in requests per second at a scrape: it rises to about
// twice its start and falls again.
func demand(scrape int) float64 {
	x := (float64(scrape)/Scrapes - 0.5) / 0.2
	peak := math.Exp(-x * x)
	return PerPod * MinReplicas * (0.7 + 1.3*peak + 0.04*math.Sin(float64(scrape)/3))
}

// Replicas returns what an HPA has made of the demand: it adds pods half a minute after
// they are needed, and removes them after two minutes.
func Replicas(scrape int) int {
	const up, down = 6, 24
	most := MinReplicas
	for s := max(0, scrape-down); s <= max(0, scrape-up); s++ {
		most = max(most, int(math.Ceil(demand(s)/PerPod)))
	}
	return min(most, MaxReplicas)
}

// Desired returns the replicas that the HPA wants.
func Desired(scrape int) int { return Replicas(scrape + 2) }

// Rate is the load on one pod in requests per second at a scrape.
func Rate(scrape int) float64 { return demand(scrape) / float64(Replicas(scrape)) }
