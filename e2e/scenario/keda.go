package scenario

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/node"
)

const (
	// kedaSpace is the namespace of KEDA. Names are those of its manifests.
	kedaSpace    = "keda"
	kedaOperator = "keda-operator"
	kedaServer   = "keda-metrics-apiserver"
	kedaCerts    = "kedaorg-certs"
	deployments  = "/apis/apps/v1/namespaces/" + kedaSpace + "/deployments"
	// kedaPort is that of the external metrics server.
	kedaPort = 6443
)

// keda starts the operator and the external metrics server of KEDA, unless they are
// running. Their account is an administrator.
func (s *Scenario) keda(ctx context.Context) error {
	var found object
	if err := s.cluster.Client.Get(ctx, deployments+"/"+kedaServer, &found); !kube.IsNotFound(err) {
		return err
	}
	began := time.Now()
	if err := s.ensureNamespace(ctx, kedaSpace); err != nil {
		return err
	}
	ca, err := s.kedaIdentity(ctx)
	if err != nil {
		return err
	}
	// There is no DNS. KEDA uses only the names of Prometheus and of its operator.
	err = s.kedaDeployment(ctx, kedaOperator, "/readyz", 8081, "HTTP", node.Address, "prometheus-operated."+monitoring+".svc",
		"--zap-log-level=info", "--cert-dir=/certs")
	if err != nil {
		return err
	}
	address, err := s.kedaAddress(ctx)
	if err != nil {
		return err
	}
	err = s.kedaDeployment(ctx, kedaServer, "/readyz", kedaPort, "HTTPS", address, kedaOperator+"."+kedaSpace+".svc.cluster.local",
		fmt.Sprint("--secure-port=", kedaPort), "--cert-dir=/certs", "--tls-cert-file=/certs/tls.crt", "--tls-private-key-file=/certs/tls.key")
	if err != nil {
		return err
	}
	if err := s.kedaRegister(ctx, ca); err != nil {
		return err
	}
	s.printf("   KEDA is up after %.1f s", time.Since(began).Seconds())
	return nil
}

// kedaIdentity creates the account and the certificates of KEDA.
func (s *Scenario) kedaIdentity(ctx context.Context) (ca []byte, err error) {
	if _, err := s.cluster.Kubectl(ctx, "", "create", "serviceaccount", kedaOperator, "--namespace", kedaSpace); err != nil {
		return nil, err
	}
	if _, err := s.cluster.Kubectl(ctx, "", "create", "clusterrolebinding", kedaOperator,
		"--clusterrole=cluster-admin", "--serviceaccount="+kedaSpace+":"+kedaOperator); err != nil {
		return nil, err
	}
	ca, cert, key, err := s.cluster.PeerCertificate(kedaCerts, kedaOperator+"."+kedaSpace+".svc.cluster.local", kedaServer+"."+kedaSpace+".svc")
	if err != nil {
		return nil, err
	}
	return ca, s.cluster.Client.Create(ctx, "/api/v1/namespaces/"+kedaSpace+"/secrets", object{
		"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": kedaCerts},
		"stringData": object{"ca.crt": string(ca), "tls.crt": string(cert), "tls.key": string(key)},
	}, nil)
}

// kedaDeployment starts a program of KEDA, with an entry in /etc/hosts, and waits
// until it is ready.
func (s *Scenario) kedaDeployment(ctx context.Context, name, path string, port int, scheme, address, host string, args ...string) error {
	image := map[string]string{kedaOperator: "keda-operator", kedaServer: "keda-adapter"}[name]
	labels := object{"app": name}
	err := s.cluster.Client.Create(ctx, deployments, object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": name, "labels": labels},
		"spec": object{
			"selector": object{"matchLabels": labels},
			"template": object{
				"metadata": object{"labels": labels},
				"spec": object{
					"serviceAccountName": kedaOperator,
					"securityContext":    object{"runAsUser": 1000},
					"hostAliases":        []object{{"ip": address, "hostnames": []string{host}}},
					"containers": []object{{
						"name": name, "image": image, "args": args,
						// An empty value means all namespaces.
						"env":            []object{{"name": "WATCH_NAMESPACE", "value": ""}, {"name": "POD_NAMESPACE", "value": kedaSpace}},
						"readinessProbe": object{"httpGet": object{"path": path, "port": port, "scheme": scheme}},
						"volumeMounts":   []object{{"name": "certs", "mountPath": "/certs", "readOnly": true}},
					}},
					"volumes": []object{{"name": "certs", "secret": object{"secretName": kedaCerts}}},
				},
			},
		},
	}, nil)
	if err != nil {
		return err
	}
	return s.await(ctx, time.Minute, func(ctx context.Context) error { return s.ready(ctx, kedaSpace, name) })
}

// kedaAddress is the address of the pod of the operator.
func (s *Scenario) kedaAddress(ctx context.Context) (string, error) {
	pods, err := s.cluster.Client.Pods(ctx, "/api/v1/namespaces/"+kedaSpace+"/pods?labelSelector=app%3D"+kedaOperator)
	if err == nil && len(pods) != 1 {
		err = fmt.Errorf("%d pods of KEDA's operator", len(pods))
	}
	if err != nil {
		return "", err
	}
	return pods[0].Status.PodIP, nil
}

// kedaRegister registers the external metrics API of KEDA and waits until it is
// served.
func (s *Scenario) kedaRegister(ctx context.Context, ca []byte) error {
	service := s.cluster.Client.Create(ctx, "/api/v1/namespaces/"+kedaSpace+"/services", object{
		"apiVersion": "v1", "kind": "Service", "metadata": object{"name": kedaServer},
		"spec": object{"selector": object{"app": kedaServer}, "ports": []object{{"name": "https", "port": 443, "targetPort": kedaPort}}},
	}, nil)
	const group, version = "external.metrics.k8s.io", "v1beta1"
	api := s.cluster.Client.Create(ctx, "/apis/apiregistration.k8s.io/v1/apiservices", object{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": object{"name": version + "." + group},
		"spec": object{
			"group": group, "version": version, "groupPriorityMinimum": 100, "versionPriority": 100,
			"caBundle": base64.StdEncoding.EncodeToString(ca), "service": object{"name": kedaServer, "namespace": kedaSpace, "port": 443},
		},
	}, nil)
	if err := errors.Join(service, api); err != nil {
		return err
	}
	return s.await(ctx, time.Minute, func(ctx context.Context) error {
		return s.cluster.Client.Get(ctx, "/apis/"+group+"/"+version, nil)
	})
}
