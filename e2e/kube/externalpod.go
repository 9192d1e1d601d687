package kube

import "context"

// ExternalPod is a process outside of the cluster that is registered as a pod with
// host network on another node, since the API server proxies a Service to pods
// only.
type ExternalPod struct {
	Namespace, Name   string
	Service, PortName string
	Address           string
	Port              int
}

type object = map[string]any

// Pods is the path of the pods of its namespace.
func (o *ExternalPod) Pods() string { return "/api/v1/namespaces/" + o.Namespace + "/pods" }

// Slices is the path of the EndpointSlices of its namespace.
func (o *ExternalPod) Slices() string {
	return "/apis/discovery.k8s.io/v1/namespaces/" + o.Namespace + "/endpointslices"
}

// Pod is its pod.
func (o *ExternalPod) Pod() map[string]any {
	return object{
		"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": o.Name, "labels": object{"app": o.Service}},
		"spec": object{
			"nodeName": "another", "hostNetwork": true, "automountServiceAccountToken": false,
			"containers": []object{{
				"name": o.Service, "image": o.Service, "ports": []object{{"name": o.PortName, "containerPort": o.Port}},
			}},
		},
	}
}

// Slice is its EndpointSlice.
func (o *ExternalPod) Slice() map[string]any {
	return object{
		"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
		"metadata": object{"name": o.Name, "labels": object{"kubernetes.io/service-name": o.Service}},
		"ports":    []object{{"name": o.PortName, "port": o.Port, "protocol": "TCP"}},
		"endpoints": []object{{
			"addresses": []string{o.Address}, "conditions": object{"ready": true, "serving": true},
			"targetRef": object{"kind": "Pod", "namespace": o.Namespace, "name": o.Name},
		}},
	}
}

// Ready reports the pod as ready, as its kubelet would.
func (o *ExternalPod) Ready(ctx context.Context, c *Client) error {
	return c.Merge(ctx, o.Pods()+"/"+o.Name+"/status", object{"status": object{
		"phase": "Running", "podIP": o.Address, "podIPs": []object{{"ip": o.Address}},
		"conditions": []object{{"type": "Ready", "status": "True"}},
	}})
}
