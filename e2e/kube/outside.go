package kube

import "context"

// Outside is a process beside the cluster that stands for a pod on a node of which
// nothing else is known, with the network of that node. The API server leads to it
// from a Service as it does to pods, and to pods alone.
type Outside struct {
	Namespace, Name   string
	Service, PortName string
	Address           string
	Port              int
}

type object = map[string]any

// Pods and Slices are where the pods and EndpointSlices of its namespace are.
func (o *Outside) Pods() string { return "/api/v1/namespaces/" + o.Namespace + "/pods" }

// Slices is the other one.
func (o *Outside) Slices() string {
	return "/apis/discovery.k8s.io/v1/namespaces/" + o.Namespace + "/endpointslices"
}

// Pod is the pod as somebody else's kubelet would have it.
func (o *Outside) Pod() map[string]any {
	return object{
		"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": o.Name},
		"spec": object{
			"nodeName": "another", "hostNetwork": true, "automountServiceAccountToken": false,
			"containers": []object{{"name": o.Service, "image": o.Service}},
		},
	}
}

// Slice leads from the Service to it.
func (o *Outside) Slice() map[string]any {
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

// Ready says what a kubelet would say of the pod.
func (o *Outside) Ready(ctx context.Context, c *Client) error {
	return c.Merge(ctx, o.Pods()+"/"+o.Name+"/status", object{"status": object{
		"phase": "Running", "podIP": o.Address, "podIPs": []object{{"ip": o.Address}},
		"conditions": []object{{"type": "Ready", "status": "True"}},
	}})
}
