package inject

import (
	"fmt"
	"strings"
)

// replicasNote warns about a number of replicas in the manifest of an object that an autoscaler scales, or may scale: kubectl
// apply sets it each time. Removing it from the manifest is not enough: kubectl apply then removes it from the object, too,
// and the default is 1, see
// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling.
func (in *Input) replicasNote(o *object) string {
	replicas := str(get(o.node, "spec", "replicas"))
	if replicas == "" || o.name == "" || o.generated {
		return ""
	}
	command := "kubectl apply edit-last-applied "
	if o.namespace != "" {
		command = "kubectl -n " + o.namespace + " apply edit-last-applied "
	}
	command += strings.ToLower(o.kind) + "/" + o.name
	if s := in.scaler(o); s != nil {
		return fmt.Sprintf("warning: %s %s scales these pods, but each kubectl apply sets replicas: %s; before you remove that line, run %s and remove it there, or Kubernetes scales to 1 pod", s.kind, s.name, replicas, command)
	}
	if get(o.node, "metadata", "resourceVersion") != nil || get(o.node, "metadata", "uid") != nil {
		return fmt.Sprintf("this manifest is from the API server: kubectl apply records its replicas: %s; if an autoscaler scales these pods, run %s afterwards and remove replicas there", replicas, command)
	}
	return ""
}
