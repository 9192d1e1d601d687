package kube

import (
	"context"
	"time"
)

// Pod has the fields of a pod that the run reads.
type Pod struct {
	Metadata struct {
		Name, UID         string
		CreationTimestamp time.Time
	}
	Spec   struct{ InitContainers []map[string]any }
	Status struct {
		PodIP      string
		Conditions []struct{ Type, Status string }
	}
}

// Ready reports whether the pod has the condition Ready.
func (p *Pod) Ready() bool {
	for _, condition := range p.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Status == "True"
		}
	}
	return false
}

// Pods lists the pods at a path.
func (c *Client) Pods(ctx context.Context, path string) ([]Pod, error) {
	var list struct{ Items []Pod }
	err := c.Get(ctx, path, &list)
	return list.Items, err
}
