package hpa

import (
	"slices"

	"nginx-exporter/internal/doctor"
)

// cause is a code with what docs/troubleshooting.md says of it.
type cause struct {
	code                  doctor.Code
	symptom, meaning, fix string
}

// Causes lists what "doctor hpa" finds, in the order in which it looks.
func Causes() []doctor.Cause {
	var all []doctor.Cause
	for _, c := range slices.Concat(sightCauses(), hpaCauses(), kedaCauses(), podCauses(), monitorCauses(), seriesCauses(), apiCauses(), ruleCauses(), queryCauses()) {
		all = append(all, doctor.Cause{Code: c.code, Command: doctor.HPA, Symptom: c.symptom, Meaning: c.meaning, Fix: c.fix})
	}
	return all
}

func sightCauses() []cause {
	return []cause{
		{
			codeKubectl, "Exit status 2 before anything is shown.", "There is no kubectl, or it does not start.",
			"Install kubectl, or name it with `--kubectl`.",
		},
		{
			codeContext, "Exit status 2; kubectl complains of its configuration.", "kubectl has no kubeconfig, or no context in it, and so no cluster to ask.",
			"`kubectl config get-contexts`, then `--context` or `--kubeconfig`.",
		},
		{
			codeUnreachable, "Exit status 2 after some time.", "The API server does not answer kubectl.",
			"Whatever makes `kubectl version` work: a VPN, a proxy, the right context.",
		},
		{
			codeUnauthorized, "Exit status 2; kubectl says that you must be logged in.", "The API server does not know you; a token has run out.",
			"Log in again.",
		},
		{
			codeForbidden, "Exit status 2, with the verb and the resource.", "You may not read something that the doctor needs. It has looked at all before that.",
			"Ask for the right, or look as somebody who has it: `--as`, `--context`. [doctor.md](doctor.md) lists the rights.",
		},
		{
			codeNoPrometheus, "Exit status 2 at the link Prometheus.", "Neither the adapter nor the Prometheus Operator nor a Service tells where Prometheus is.",
			"`kubectl port-forward` to it, and `--prometheus.url=http://127.0.0.1:9090`.",
		},
		{
			codeSeveralPrometheus, "Exit status 2 at the link Prometheus.", "There are several Prometheus, and nothing tells which one the adapter asks.",
			"Say which with `--prometheus.url`.",
		},
		{
			codePrometheusAway, "Exit status 2 at the link Prometheus.", "Prometheus may be well, but there is no way to it from here: the API server does not get through to it, or a forwarded port has ended.",
			"`kubectl port-forward` to it, which takes another way, and `--prometheus.url=http://127.0.0.1:9090`.",
		},
		{
			codePrometheusLogin, "Exit status 2 at the link Prometheus.", "Prometheus, or a proxy before it, wants a login.",
			"Give the login in the address, `--prometheus.url=http://NAME:PASSWORD@HOST:9090`; or forward a port to Prometheus behind that proxy.",
		},
		{
			codeManaged, "Exit status 2, with the name of the platform.", "The figures are with a service that the doctor cannot ask: Google's, Azure's, or OpenShift's, which wants a token.",
			"Look at the links that were shown; for the rest, use the platform's own tools, or `--prometheus.url` with an address that needs no login.",
		},
		{
			codeUnknown, "A link is broken, and the doctor shows what it saw.", "A cause that the doctor does not know. It never guesses.",
			"Read the evidence; please tell us of it.",
		},
	}
}

func hpaCauses() []cause {
	return []cause{
		{
			codeHPAMissing, "`kubectl get hpa` does not show it.", "There is no HPA and no ScaledObject of that name in that namespace.",
			"Use the name that `kubectl get hpa -A` shows, or create it.",
		},
		{
			codeOtherMetric, "The HPA works on CPU or memory.", "It asks for no custom metric.",
			"Add a metric of type Pods with the name that the adapter's rule makes.",
		},
		{
			codeTargetKind, "`the HPA controller was unable to get the target's current scale`.", "A DaemonSet has a pod a node and no number of replicas.",
			"Make it a Deployment, or use alerts in place of scaling.",
		},
		{
			codeTargetMissing, "`AbleToScale` is False with `FailedGetScale`.", "scaleTargetRef names something that is not there.",
			"Correct the name, kind or apiVersion in scaleTargetRef.",
		},
		{
			codeScaledToZero, "`ScalingActive` is False with `ScalingDisabled`.", "Somebody scaled the target to 0, which switches the HPA off.",
			"`kubectl scale --replicas=1`.",
		},
		{
			codeTwoHPAs, "`AmbiguousSelector`: pods are controlled by multiple HPAs.", "Two HPAs scale the same workload; Kubernetes follows neither.",
			"Delete one. One HPA can have several metrics.",
		},
		{
			codeSharedPods, "`AmbiguousSelector`, or figures that are another workload's.", "The selectors of two workloads pick the same pods.",
			"Give each a label of its own, in selector and template. Selectors cannot be changed: create the workload anew.",
		},
		{
			codeReplicasReset, "The number of pods jumps back each time that something is deployed.", "A manifest with `spec.replicas` is applied over what the HPA decided.",
			"Take `replicas` out of the manifest; with Argo CD, ignore the field.",
		},
		{
			codeAtMax, "Pods stay at maxReplicas while the load grows.", "The HPA wants more than it may have. A warning, not a fault.",
			"Raise maxReplicas, if the cluster and what is behind nginx can take it.",
		},
		{
			codeHPARights, "The HPA says that its controller may not read custom metrics.", "The role system:controller:horizontal-pod-autoscaler was changed.",
			"Restore it: it must have get and list on all of custom.metrics.k8s.io.",
		},
	}
}

func kedaCauses() []cause {
	return []cause{
		{
			codeScaledObject, "There is a ScaledObject and no HPA of it, or its Ready is False.", "KEDA could not make an HPA: a wrong target, trigger or login. With an HPA and the reason TriggerError it gets no figures: a warning, and the links after it tell why.",
			"`kubectl describe scaledobject`; the condition and the events say what.",
		},
		{codePaused, "Nothing scales, or in one direction alone.", "An annotation of the ScaledObject pauses it; one that pauses one direction is a warning.", "Take the annotations autoscaling.keda.sh/paused… away."},
		{
			codeFallback, "The number of pods is that of the fallback.", "KEDA gets no figures. A warning: the links after it tell why.",
			"Mend the link that is broken.",
		},
		{
			codeNoKEDA, "The ScaledObject has no status, or there is no APIService v1beta1.external.metrics.k8s.io.", "KEDA is not installed, does not run, or does not look at this namespace.",
			"Install it, or apply its manifests again; look at the log of its operator.",
		},
		{
			codeExternalDown, "The HPA says `unable to fetch metrics from external metrics API: the server is currently unable to handle the request`.", "KEDA's metrics server does not answer.",
			"Look at its pods, and at the APIService v1beta1.external.metrics.k8s.io.",
		},
		{
			codeRateWindow, "KEDA says `could not get any metric successfully from the 1 provided endpoints`, or `api returned 404`.", "The trigger asks for a window that the exporter does not compute.",
			"Give the exporter `--rate.window` with the window at the end of the trigger's url.",
		},
		{
			codeRateService, "KEDA says `no endpoints URLs were given for the service name`, or `could not get any metric successfully from the 1 provided endpoints`, as when nginx answers.", "The url of the trigger names a Service that is not there, has another port, or leads elsewhere.",
			"Correct the url; a headless Service with the exporter's port is what it takes.",
		},
		{
			codeValueLocation, "KEDA says `could not get any metric successfully from the 1 provided endpoints`, or `valueLocation must point to value of type number or a string`.", "The answer of the exporter has no figure of that name.",
			"Set valueLocation of the trigger to one of the figures that are shown.",
		},
		{
			codeTriggerEmpty, "The HPA says `unable to get external metric`; KEDA says `target may be lost, the result is empty`, or takes it for 0.", "The query of the trigger gives nothing, or not one number.",
			"Run it in Prometheus, and compare its matchers with the labels of the series; both are shown.",
		},
		{codeExternalValue, "The HPA says `unable to get external metric`.", "KEDA has no value for the trigger.", "`kubectl describe scaledobject`, and the log of KEDA's operator."},
	}
}

func podCauses() []cause {
	return []cause{
		{codeNoPods, "The workload has no pods.", "A quota, admission, or a selector and a template that do not fit keep them away.", "`kubectl describe` the workload and its ReplicaSets."},
		{codeNotReady, "Pods stay at 1/2.", "A readiness probe fails, or pods cannot be scheduled.", "`kubectl describe pod`."},
		{codePodsCrash, "CrashLoopBackOff or ImagePullBackOff of nginx, or of a container that is not the exporter.", "nginx, or another container, does not run.", "`kubectl logs --previous` of that container."},
		{
			codeNoExporter, "Pods without the container nginx-exporter.", "The sidecar was not added, or the workload was applied again without it.",
			"`nginx-exporter inject`, in the manifest that the workload comes from; or the chart's MutatingAdmissionPolicy.",
		},
		{codeExporterCrash, "CrashLoopBackOff of the exporter.", "A flag or a file of it is wrong; its last line says which.", "Correct the flag. `nginx-exporter check-config` tells before."},
		{codeNotListening, "Connection refused at the exporter's port.", "It listens on another port, or on loopback alone.", "Compare `--web.listen-address` with containerPort and the monitor."},
		{codeNotExporter, "The exporter's port serves something else.", "The port belongs to another program.", "Give the exporter a port of its own."},
		{
			codeExporterTarget, "Pods are ready, `up` is 1, `nginx_up` is 0.", "The exporter runs, but finds no status page where it looks: wrong path or port, no status server in nginx, or not allowed.",
			"`nginx-exporter doctor` inside of the pod tells which; `nginx-exporter snippet kubernetes` prints the status server.",
		},
	}
}

func monitorCauses() []cause {
	return []cause{
		{codePrometheusStrange, "Whatever asks Prometheus gets HTTP status 404 or a page.", "The address leads to another program, or the path before /api/v1 is wrong.", "Correct the address, or its path."},
		{codePrometheusDown, "The metric is listed, its value is an Internal error.", "Prometheus does not answer.", "Look at its pods, their memory and their volumes."},
		{
			codePrometheusRights, "A job without targets, and nothing dropped.", "Prometheus may not list pods in the namespace.",
			"Give its account get, list and watch on pods (and services, endpointslices) there.",
		},
		{codeNoMonitor, "The pods are in no list of Prometheus.", "There is no PodMonitor or ServiceMonitor for them.", "The chart makes one; a PodMonitor needs no Service."},
		{codeNoJob, "The pods are in no list of Prometheus.", "Prometheus has no job that finds them, and there is no Prometheus Operator.", "Add a job with kubernetes_sd_configs, or annotations if there is a job that goes by them."},
		{
			codeMonitorSelector, "The monitor has no targets.", "Its selector misses the labels: a PodMonitor goes by labels of pods, a ServiceMonitor by those of Services.",
			"Correct spec.selector of the monitor, or the labels.",
		},
		{codeMonitorNamespace, "The monitor has no targets.", "It looks into its own namespace only, and the pods are elsewhere.", "Set spec.namespaceSelector."},
		{codeMonitorPort, "The monitor has no targets; all are dropped.", "`port` is a name, of a container's or a Service's port, and there is none such.", "Use the right name, or portNumber in a PodMonitor."},
		{codeMonitorIgnored, "Prometheus has no such job; the monitor has no status.", "The selectors of the Prometheus object do not take the monitor; kube-prometheus-stack wants the label release.", "Add the label; in the chart: monitor.labels."},
		{codeMonitorNotLoaded, "Prometheus has no such job minutes after the monitor was made.", "The operator has not written it, or Prometheus not read it, or this is another Prometheus.", "Look at the log of the operator, and of the config-reloader."},
		{codeMonitorRelabels, "A job whose targets are all dropped.", "Relabelling of the monitor, or the state of the pods, drops them.", "Look at relabelings."},
		{codeServiceMissing, "A ServiceMonitor without targets.", "There is no Service that leads to the pods.", "Use a PodMonitor, or create the Service."},
		{codeServiceSelector, "A Service without endpoints.", "The Service that the monitor picks does not lead to the pods.", "Correct spec.selector of the Service."},
	}
}

func seriesCauses() []cause {
	return []cause{
		{codeScrapeFails, "`up` is 0.", "Prometheus finds the pods and cannot scrape them; the error is shown.", "By the error: port, path, TLS and login, or a NetworkPolicy."},
		{codeSomeUnscraped, "Some pods are not scraped. A warning.", "They differ from the others in labels or port.", "Compare their labels."},
		{codeNoSeries, "Prometheus scrapes the pods and has no series of nginx.", "The page that it gets is not the exporter's.", "Look at /metrics of a pod."},
		{codeSeriesDropped, "`nginx_up` is there, the counter of requests is not.", "metricRelabelings of the monitor drop it.", "Correct them."},
		{
			codeRelabelled, "The metric is listed, its value is empty.", "Labels namespace and pod of the series are not those of the pod: the exporter or relabelling sets them, and honorLabels keeps them; or the job sets none.",
			"honorLabels: false, and no const labels with these names.",
		},
		{
			codeScrapedTwice, "Figures that are twice as high. A warning.", "Two jobs scrape the same pods: a ServiceMonitor beside a PodMonitor, or annotations beside either.",
			"Keep one. The chart's rule counts each pod once all the same.",
		},
	}
}

func apiCauses() []cause {
	return []cause{
		{codeNoAPI, "`no custom metrics API (custom.metrics.k8s.io) registered`, or the same of external metrics.", "There is no APIService, so no adapter.", "Install prometheus-adapter; the chart can do it."},
		{codeForeignAPI, "`no known available metric versions found`, though the adapter runs.", "Another product has taken the APIService; there is one in a cluster.", "Take it out of the other's chart, and apply the adapter's again."},
		{codeAdapterService, "`ServiceNotFound`.", "The APIService names a Service that is not there.", "Correct spec.service of the APIService."},
		{codeAdapterPort, "`ServicePortError`, or connection refused.", "spec.service.port of the APIService is not a port of the Service, or that leads to another port of the adapter.", "It is the Service's port, 443, not the container's."},
		{codeAdapterSelector, "`EndpointsNotFound` or `MissingEndpoints`.", "The Service does not pick the adapter's pods.", "Correct spec.selector of the Service."},
		{codeAdapterMissing, "`EndpointsNotFound` or `MissingEndpoints`.", "There is a Service and no adapter.", "Install it again."},
		{codeAdapterScaledDown, "`MissingEndpoints`.", "The adapter's Deployment is scaled to 0.", "Scale it to 1."},
		{codeAdapterTLS, "503 from the metrics API, at times beside `Available=True`.", "The API server does not trust the adapter's certificate, which is for localhost if the adapter made it.", "insecureSkipTLSVerify, or a certificate by cert-manager and its CA in caBundle."},
		{codeAdapterCrash, "The adapter's pod restarts.", "It ends itself; its last line says why.", "By its log."},
		{codeAdapterAuthReader, "The adapter's pod restarts.", "It may not read the ConfigMap extension-apiserver-authentication in kube-system.", "A RoleBinding to extension-apiserver-authentication-reader there."},
		{codeAdapterMaxAge, "The adapter's pod restarts.", "--metrics-max-age is shorter than --metrics-relist-interval.", "Make it longer."},
		{codeAdapterUnreachable, "503 from the metrics API; the adapter's pods are ready.", "The API server does not get through to them.", "Look at NetworkPolicies and firewalls between both."},
		{codeAdapterDelegator, "An administrator sees values, the HPA gets `subjectaccessreviews.authorization.k8s.io is forbidden`.", "The adapter's account has no binding to system:auth-delegator.", "A ClusterRoleBinding to it."},
		{codeAdapterPodRights, "`unable to list matching resources`.", "The adapter may not list pods.", "A ClusterRole with get, list and watch on pods and namespaces."},
		{codePrometheusURL, "The list of metrics is empty, or holds names of the past; or KEDA says that it cannot reach its address.", "The adapter, or KEDA's trigger, asks another address than that of Prometheus. The default of the adapter's chart is nobody's.", "Set --prometheus-url of the adapter, or serverAddress of the trigger."},
		{codeAdapterPrometheus, "`unable to fetch metrics`.", "Prometheus answers the doctor and not the adapter.", "Look at DNS, NetworkPolicies, TLS and logins between both."},
	}
}

func ruleCauses() []cause {
	return []cause{
		{codeRuleFile, "The adapter has no metrics, or restarts.", "Its file of rules is no YAML, or has none.", "Correct it, and restart the adapter."},
		{codeRuleResource, "The adapter's pod restarts; no custom metric of the cluster works.", "A rule names a resource that does not exist.", "Correct the override."},
		{codeStaleRules, "Rules that look right, and a list that is not theirs.", "The adapter reads its rules when it starts, and they were changed since.", "Restart it."},
		{codeNoRule, "`the server could not find the metric`.", "No rule takes the counter of nginx.", "`nginx-exporter snippet adapter-rule`."},
		{codeRuleSyntax, "The list of metrics is empty.", "Prometheus does not understand a seriesQuery; often its quotes were eaten by a template.", "Correct the quotes."},
		{codeRuleLabels, "`the server could not find the metric`.", "The seriesQuery asks for labels that the series do not have, such as kubernetes_namespace.", "Use namespace and pod."},
		{codeRuleOverrides, "`the server could not find the metric`.", "The overrides or the template name labels that the series do not have.", "Map the labels namespace and pod."},
		{codeRuleNamespace, "The metric is listed and not found.", "The rule maps pods and no namespaces.", "Map the label namespace too."},
		{codeRuleTemplate, "The metric is listed and not found.", "The metricsQuery is no Go template that works.", "Correct the names in << >>."},
		{codeRuleCollision, "Wrong figures. A warning.", "Two rules make metrics of one name, and one wins silently.", "Rename one, or turn the default rules off."},
		{codeMetricName, "`the server could not find the metric`.", "The HPA asks for another name than the rule makes.", "Set name.as, or the name in the HPA."},
	}
}

func queryCauses() []cause {
	return []cause{
		{codeQuerySyntax, "`unable to fetch metrics`.", "The metricsQuery makes a query that Prometheus does not understand.", "Correct it; the doctor shows the query and the error."},
		{codeQueryGroupBy, "`no metrics returned from custom metrics API`.", "The query sums up without by (<<.GroupBy>>), so that its values name no pods.", "Add it."},
		{codeQueryWindow, "`no metrics returned from custom metrics API`, always or at times.", "The rate looks back less than two scrapes.", "Look back four times the scrape interval."},
		{codeQueryMatchers, "It works, and Prometheus has much to do. A warning.", "The query has no <<.LabelMatchers>>, and reads all pods of the cluster.", "Add it."},
		{codeQueryEmpty, "`no metrics returned from custom metrics API`.", "The query finds nothing of these pods, for another reason than those above.", "Compare its matchers with the labels of the series; both are shown."},
		{codeCountedTwice, "Twice as many pods as the load needs.", "Pods are scraped twice, and the rule adds both up.", "Scrape once; use max by (pod, addr) inside of the sum."},
	}
}
