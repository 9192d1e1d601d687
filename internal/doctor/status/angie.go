package status

import (
	"context"
	"strings"

	"nginx-exporter/client"
	"nginx-exporter/client/angie"
	"nginx-exporter/internal/doctor"
)

// readAngie reads the whole tree, as the exporter does.
func readAngie(ctx context.Context, c *client.Client, r *response) error {
	server := &angie.Server{}
	tree := &angie.Tree{Parts: map[string]angie.Part{angie.ServerPath: server}}
	if err := angie.New(c, 0).ReadTree(ctx, tree); err != nil {
		return err
	}
	r.document = "status of Angie " + server.Version
	return nil
}

// angiePart is the finding for a target at Angie that is not its status as a
// whole. The tree is above the target, below it, or at another location.
func (o *observation) angiePart() *doctor.Finding {
	if !o.serverIs("Angie") || len(o.topLevelKeys()) == 0 {
		return nil
	}
	const message = "The target is a part of the API of Angie, not its whole status."
	path := o.target().Path()
	trials := []string{strings.TrimSuffix(path, "/") + "/status/"}
	for above := strings.TrimRight(path, "/"); above != "" && len(trials) < maxTrials; above = strings.TrimRight(above, "/") {
		above = above[:strings.LastIndex(above, "/")+1]
		trials = append(trials, above)
	}
	for _, trial := range trials {
		if whole := o.tryPath(trial); whole != nil {
			return o.found(message, whole)
		}
	}
	return o.otherPage(message, "add \"location /status/ { api /status/; allow 127.0.0.1; deny all; }\" to a server of Angie, and set the target to it",
		"or "+o.stubStatusFix())
}
