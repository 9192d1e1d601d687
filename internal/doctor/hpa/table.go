package hpa

import "nginx-exporter/internal/doctor"

// cause is a row of the table.
type cause struct {
	// code is stable. It is empty if the judge only waits, reports that a fact could not be
	// observed, or sets the code itself.
	code doctor.Code
	// judge returns nil if this is not the cause. It is nil if a row above has the judge,
	// or if the cause is possible at any step.
	judge func(*diagnosis) *finding
	// meaning and fix are for docs/troubleshooting.md. They are empty if another row
	// documents the code.
	meaning, fix string
}

// steps is the table of all causes, in the order of the path.
func steps() []step {
	return []step{
		{"HPA", nil, hpaCauses(), hpaSummary},
		{"KEDA", usesKEDA, kedaCauses(), kedaSummary},
		{"target", nil, targetCauses(), targetSummary},
		{"pods", nil, podCauses(), podsSummary},
		{"nginx", nil, nginxCauses(), nginxSummary},
		{"Prometheus", usesPrometheus, prometheusCauses(), prometheusSummary},
		{"scrapes", hasPrometheus, scrapeCauses(), scrapesSummary},
		{"series", hasPrometheus, seriesCauses(), seriesSummary},
		{"rate", usesRate, rateCauses(), rateSummary},
		{"metrics API", nil, apiCauses(), apiSummary},
		{"rule", isCustom, ruleCauses(), rulesSummary},
		{"value", nil, valueCauses(), valueSummary},
		{"decision", nil, decisionCauses(), decisionSummary},
	}
}

// Causes lists the causes that "doctor hpa" finds, in the order of the path.
func Causes() []doctor.Cause {
	all := anyStepCauses()
	for _, s := range steps() {
		for _, g := range s.groups {
			all = append(all, g.causes...)
		}
	}
	var documented []doctor.Cause
	for _, c := range all {
		if c.meaning != "" {
			documented = append(documented, doctor.Cause{Code: c.code, Command: doctor.HPA, Meaning: c.meaning, Fix: c.fix})
		}
	}
	return documented
}

// anyStepCauses are possible at any step, when a fact cannot be observed or explained.
func anyStepCauses() []cause {
	return []cause{
		{
			"kubectl-missing", nil, "kubectl is not installed, or cannot be run.",
			"Install kubectl, or set its path with `--kubectl`.",
		},
		{
			"kubectl-no-context", nil, "kubectl has no kubeconfig, or the kubeconfig has no current context.",
			"Run `kubectl config get-contexts`, then use `--context` or `--kubeconfig`.",
		},
		{
			"cluster-unreachable", nil, "The API server does not respond to kubectl.",
			"Make `kubectl version` work: check the VPN, the proxy and the context.",
		},
		{
			"cluster-unauthorized", nil, "The API server rejects your credentials, often since a token has expired.",
			"Log in again.",
		},
		{
			"right-missing", nil, "You do not have a permission that doctor needs. All steps before this one were checked.",
			"Ask for the permission, or run as a user who has it: `--as`, `--context`. [doctor.md](doctor.md) lists the permissions.",
		},
		{
			unknown, nil, "doctor does not know the cause, and never guesses.",
			"Read the evidence, and please report the case.",
		},
	}
}

func hpaCauses() []group {
	return []group{
		{causes: []cause{
			{judge: func(d *diagnosis) *finding { return unobserved("the kubeconfig", d.Namespace.Err()) }},
			{judge: func(d *diagnosis) *finding {
				return unobserved("HorizontalPodAutoscalers in "+d.namespace(), d.Scaler.Err())
			}},
			{
				"hpa-missing", hpaMissing, "The namespace has no HPA or ScaledObject with that name.",
				"Use a name that `kubectl get hpa -A` shows, or create the HPA.",
			},
		}},
		{when: hasHPA, causes: []cause{
			{
				"hpa-target-daemonset", targetIsDaemonSet, "`the HPA controller was unable to get the target's current scale`: a DaemonSet runs one pod per node and has no replicas.", "Make it a Deployment, or use alerts instead of scaling.",
			},
			{
				"hpa-other-metric", noCustomMetric, "The HPA scales on CPU or memory, not on a custom metric.",
				"Add a metric of type Pods with the name that the adapter's rule makes.",
			},
			{code: "platform-unsupported", judge: metricOfGKE},
			{
				"ingress-controller-metric", metricOfController, "The HPA uses a metric of an ingress controller or gateway, such as `nginx_ingress_controller_requests`, or its pods are those of one. They have metrics of their own; do not inject this exporter.",
				"Enable the metrics of the controller; for ingress-nginx, `controller.metrics.enabled`.",
			},
		}},
	}
}

func kedaCauses() []group {
	return []group{{causes: []cause{
		{
			"keda-paused", kedaPaused, "An annotation of the ScaledObject pauses it. A pause of one direction is a warning.", "Remove the annotations autoscaling.keda.sh/paused….",
		},
		{judge: kedaStarts},
		{
			"keda-missing", kedaMissing, "KEDA is not installed, not running, or does not watch this namespace.", "Install KEDA, or apply its manifests again; check the log of its operator.",
		},
		{
			"keda-scaledobject-not-ready", kedaNotReady, "KEDA could not create an HPA: the target, a trigger or a login is wrong. With an HPA and the reason TriggerError it gets no metrics: a warning, since later steps show why.",
			"Run `kubectl describe scaledobject`, and read its conditions and events.",
		},
		{
			"keda-fallback", kedaGetsNoMetrics, "KEDA gets no metrics. A warning, since later steps show why.",
			"Fix the step that fails.",
		},
	}}}
}

func targetCauses() []group {
	return []group{{causes: []cause{
		{
			"hpa-target-missing", targetMissing, "`AbleToScale` is False with `FailedGetScale`: scaleTargetRef refers to an object that does not exist.",
			"Correct the name, kind or apiVersion in scaleTargetRef.",
		},
		{judge: func(d *diagnosis) *finding { return unobserved(d.targetRef().String(), d.Target.Err()) }},
		{judge: func(d *diagnosis) *finding { return unobserved("the scale of "+d.targetRef().Name, d.Scale.Err()) }},
		{
			"hpa-target-scaled-to-zero", targetScaledToZero, "`ScalingActive` is False with `ScalingDisabled`: the target was scaled to 0.",
			"Run `kubectl scale --replicas=1`.",
		},
		{
			"hpa-duplicate", hpaDuplicate, "`AmbiguousSelector`: two HPAs scale the same workload, so Kubernetes disables both.",
			"Delete one. One HPA can have several metrics.",
		},
		{
			"hpa-shared-pods", hpaSharedPods, "`AmbiguousSelector`: the selectors of two workloads select the same pods.",
			"Give each a different label, in selector and template. Selectors are immutable, so recreate the workload.",
		},
		{
			"hpa-replicas-reset", replicasReset, "The number of pods jumps back at each deployment: a manifest with `spec.replicas` overwrites what the HPA decided.",
			"Remove `replicas` with `kubectl apply edit-last-applied`, or Kubernetes scales to 1; then from the manifest. With Argo CD, ignore the field.",
		},
	}}}
}

func podCauses() []group {
	return []group{
		{causes: []cause{{judge: func(d *diagnosis) *finding { return unobserved("pods", d.Pods.Err()) }}}},
		{when: lacksPods, causes: []cause{
			{judge: podsScaledToZero},
			{judge: podsAreReplaced},
			{"pods-none", podsMissing, "The workload has no pods: a quota or admission control prevents them, or its selector does not match its template.", "Run `kubectl describe` for the workload and its ReplicaSets."},
		}},
		{causes: []cause{
			{
				"pods-of-others", podsOfOthers, "Pods of another workload, of a Job or without an owner have the labels of the selector, so the HPA counts them. A warning if they have an exporter.",
				"Change their labels.",
			},
		}},
		{when: lacksExporters, causes: []cause{
			{judge: exporterRollsOut},
			{judge: noNginx},
			{
				"exporter-missing", exporterMissing, "Pods have no container nginx-exporter: it was not added, or the workload was applied again without it.",
				"Run `nginx-exporter inject` on the manifest of the workload, or use the chart's MutatingAdmissionPolicy.",
			},
		}},
		{when: noneIsReady, causes: []cause{
			{judge: containerCrashes},
			{"exporter-crashing", nil, "A flag or a file of the exporter is invalid; its last log line says which.", "Correct it. `nginx-exporter check-config` finds it before a deployment."},
			{"pods-crashing", nil, "nginx, or another container than the exporter, does not run.", "Run `kubectl logs --previous` for that container."},
			{judge: podsStart},
			{"pods-not-ready", podsNotReady, "A readiness probe fails, or pods cannot be scheduled.", "Run `kubectl describe pod`."},
		}},
	}
}

func nginxCauses() []group {
	return []group{{causes: []cause{
		{judge: nginxFails},
		{"exporter-other-program", nil, "Another program uses the port of the exporter.", "Use another port for the exporter."},
		{
			"exporter-target", nil, "The exporter runs, but `nginx_up` is 0: its path or port is wrong, nginx has no status server, or access is denied.",
			"`nginx-exporter doctor` inside the pod shows which; `nginx-exporter snippet kubernetes` prints the status server.",
		},
		{"exporter-not-listening", nil, "The exporter refuses connections: it listens on another port, or on loopback only.", "Compare `--web.listen-address` with containerPort and the monitor."},
	}}}
}

func prometheusCauses() []group {
	return []group{{causes: []cause{
		{
			"adapter-prometheus-url", prometheusAddressWrong,
			"The adapter, or KEDA's trigger, queries another address than that of Prometheus, such as the default of the adapter's chart.",
			"Set --prometheus-url of the adapter, or serverAddress of the trigger.",
		},
		{judge: prometheusFails},
		{
			"prometheus-out-of-reach", nil, "Prometheus cannot be reached from here, and may be healthy: the API server does not reach it, or `kubectl port-forward` has ended.",
			"Run `kubectl port-forward` to it, and set `--prometheus.url=http://127.0.0.1:9090`.",
		},
		{
			"prometheus-other-program", nil, "The address is that of another program, or the path before /api/v1 is wrong.", "Correct the address or its path.",
		},
		{
			"prometheus-login", nil, "Prometheus, or a proxy in front of it, requires a login.",
			"Put the login into the address, `--prometheus.url=http://NAME:PASSWORD@HOST:9090`; or forward a port to the Prometheus behind the proxy.",
		},
		{"prometheus-down", nil, "Prometheus does not respond, so that the value of the metric is an Internal error.", "Check its pods, their memory and their volumes."},
		{judge: prometheusNotFound},
		{
			"prometheus-several", nil, "There are several Prometheus servers, and it is not known which of them the adapter queries.", "Select one with `--prometheus.url`.",
		},
		{
			"platform-unsupported", nil, "The metrics are in a service that doctor cannot query: that of Google or Azure, or of OpenShift, which requires a token.",
			"Check the steps that are shown. For the others use the tools of the platform, or `--prometheus.url` with an address that requires no login.",
		},
		{
			"prometheus-not-found", nil, "The address of Prometheus was found neither in the adapter, nor by the Prometheus Operator, nor by a Service.",
			"Run `kubectl port-forward` to it, and set `--prometheus.url=http://127.0.0.1:9090`.",
		},
	}}}
}

func scrapeCauses() []group {
	return []group{
		{causes: []cause{{judge: targetsUnreadable}}},
		{when: isUnscraped, causes: []cause{
			{"scrape-job-missing", jobMissing, "No job of Prometheus finds the pods, and there is no Prometheus Operator.", "Add a job with kubernetes_sd_configs, or annotations if a job uses them."},
			{judge: monitorsUnreadable},
			{judge: monitorHasNoTargets},
			{"monitor-relabelings", nil, "Relabeling of the monitor, or the state of the pods, drops all targets.", "Check relabelings of the monitor."},
			{"monitor-not-loaded", nil, "Prometheus has no job of the monitor: the operator has not written it, Prometheus has not loaded it, or this is another Prometheus.", "Check the logs of the operator and of the config-reloader."},
			{
				"prometheus-finds-no-pods", nil, "The job has no targets: Prometheus has no permission to list pods in the namespace.",
				"Give its account get, list and watch on pods (and services, endpointslices) there.",
			},
			{judge: monitorMismatch},
			{
				"monitor-selector", nil, "The selector of the monitor matches nothing: a PodMonitor selects by labels of pods, a ServiceMonitor by those of Services.", "Correct spec.selector of the monitor, or the labels.",
			},
			{"monitor-service-missing", nil, "The ServiceMonitor has no targets: no Service selects the pods.", "Use a PodMonitor, or create the Service."},
			{"monitor-service-selector", nil, "The Service that the monitor selects has no endpoints: it does not select the pods.", "Correct spec.selector of the Service."},
			{"monitor-namespace", nil, "The monitor selects only its own namespace, and the pods are in another one.", "Set spec.namespaceSelector."},
			{"monitor-port", nil, "`port` must be the name of a port of the container or Service, and no port has that name.", "Use the right name, or portNumber in a PodMonitor."},
			{"monitor-ignored", nil, "The selectors of the Prometheus object do not select the monitor; kube-prometheus-stack requires the label release.", "Add the label; in the chart: monitor.labels."},
			{judge: monitorsHidden},
			{code: "monitor-port", judge: otherPortFails},
			{"monitor-missing", monitorMissing, "The pods have no PodMonitor or ServiceMonitor.", "Create one, as the chart does; a PodMonitor needs no Service."},
		}},
		{when: isScraped, causes: []cause{
			{"scrape-failing", scrapesFail, "`up` is 0: Prometheus finds the pods, but cannot scrape them. The report has the error.", "Correct what it names: the port, the path, TLS, the login, or a NetworkPolicy."},
			{"scrape-partial", someUnscraped, "Some pods are not scraped: they differ from the others in labels or port. A warning.", "Compare their labels."},
		}},
	}
}

func seriesCauses() []group {
	return []group{
		{causes: []cause{{code: unknown, judge: seriesUnreadable}}},
		{when: lacksSeries, causes: []cause{
			{judge: seriesMismatch},
			{
				"series-relabelled", nil, "The labels namespace and pod of the series are not those of the pod: the exporter or relabeling sets them, and honorLabels keeps them; or the job does not set them.",
				"Set honorLabels to false, and remove const labels with these names.",
			},
			{"series-dropped", nil, "metricRelabelings of the monitor drop the request counter.", "Correct metricRelabelings."},
			{judge: firstScrapes},
			{"series-missing", seriesMissing, "Prometheus scrapes the pods, but has no series of nginx: the port is not that of the exporter.", "Check /metrics of a pod."},
		}},
		{causes: []cause{
			{
				"series-twice", scrapedTwice, "Values are doubled, as two jobs scrape the same pods: a ServiceMonitor and a PodMonitor, or annotations and either. A warning.", "Keep one. The chart's rule counts each pod once in any case.",
			},
		}},
	}
}

func rateCauses() []group {
	return []group{{causes: []cause{
		{judge: rateFails},
		{
			"keda-rate-window", nil, "`could not get any metric successfully from the 1 provided endpoints`, or `api returned 404`: the trigger requests a window that the exporter does not compute.", "Set `--rate.window` of the exporter to the window at the end of the trigger's url.",
		},
		{
			"keda-rate-service", nil, "`no endpoints URLs were given for the service name`, or `could not get any metric successfully from the 1 provided endpoints`: the Service in the url of the trigger does not exist, has another port, or selects other pods.", "Correct the url: it requires a headless Service with the exporter's port.",
		},
		{
			"keda-value-location", nil, "`valueLocation must point to value of type number or a string`, or `could not get any metric successfully from the 1 provided endpoints`: the response of the exporter has no value of that name.", "Set valueLocation of the trigger to one of the values in the report.",
		},
	}}}
}

func apiCauses() []group {
	return []group{
		{causes: []cause{
			{"api-missing", apiMissing, "`no custom metrics API (custom.metrics.k8s.io) registered`, or the same for external metrics: no adapter is installed.", "Install prometheus-adapter; the chart can do it."},
		}},
		{when: isCustom, causes: []cause{
			{code: "platform-unsupported", judge: anotherProductWorks},
			{"api-owned-by-another", ownedByAnother, "`no known available metric versions found`, though the adapter runs: another product has replaced the APIService, of which a cluster has one.", "Remove it from the chart of the other product, and apply that of the adapter again."},
		}},
		{causes: []cause{
			{
				"adapter-front-proxy", listRejected,
				"`You must be logged in to the server` or `User \"system:anonymous\" cannot`, only for metrics; or `FailedDiscoveryCheck` with status 401 or 403: the adapter does not trust the certificate with which the API server forwards requests (front proxy).",
				"Compare requestheader-client-ca-file in the ConfigMap extension-apiserver-authentication with the certificate of the API server, and restart the adapter.",
			},
			{
				"apiserver-proxy", proxyIntercepts,
				"`FailedDiscoveryCheck` with `proxyconnect`, `Forbidden` or `Service Unavailable`: HTTPS_PROXY of the API server applies to its requests to the adapter.", "Add the addresses of Services and `.svc` to its NO_PROXY.",
			},
		}},
		{when: apiFails, add: addAPIStatus, causes: []cause{
			{judge: metricsUnreadable},
			{judge: failingAdapterHidden},
			{"adapter-auth-delegator", adapterLacksDelegator, "`subjectaccessreviews.authorization.k8s.io is forbidden`, but not for administrators: the adapter's account is not bound to system:auth-delegator.", "Create a ClusterRoleBinding to it."},
			{"adapter-service-missing", adapterServiceMissing, "`ServiceNotFound`: the APIService refers to a Service that does not exist.", "Correct spec.service of the APIService."},
			{"adapter-service-port", apiServicePortWrong, "`ServicePortError`, or connection refused: the Service does not have the port of the APIService, or its targetPort is not that of the adapter.", "Use the Service's port, 443, not the container's."},
			{judge: adapterEndpointsHidden},
			{code: "adapter-service-port", judge: servicePortWrong},
		}},
		{when: lacksEndpoints, add: addAPIStatus, causes: []cause{
			{judge: adapterHasNoEndpoints},
			{"adapter-missing", nil, "`EndpointsNotFound` or `MissingEndpoints`: there is a Service, but no adapter.", "Install the adapter again."},
			{"adapter-scaled-to-zero", nil, "`MissingEndpoints`: the adapter's Deployment is scaled to 0.", "Scale it to 1."},
			{"adapter-service-selector", nil, "`EndpointsNotFound` or `MissingEndpoints`: the Service does not select the adapter's pods.", "Correct spec.selector of the Service."},
		}},
		{when: adapterIsDown, add: addAPIStatus, causes: []cause{
			{"adapter-auth-reader", adapterLacksAuthReader, "The adapter restarts: it may not read the ConfigMap extension-apiserver-authentication in kube-system.", "Create a RoleBinding to extension-apiserver-authentication-reader there."},
			{"rule-resource", ruleResourceUnknown, "The adapter restarts, and no custom metric of the cluster works: a rule names a resource that does not exist.", "Correct the override."},
			{"adapter-max-age", adapterMaxAgeShort, "The adapter restarts: --metrics-max-age is shorter than --metrics-relist-interval.", "Make it at least as long."},
			{"rule-file", rulesCrashAdapter, "The adapter has no metrics, or restarts: its file of rules is not valid YAML, or has no rules.", "Correct the file, and restart the adapter."},
			{"adapter-crashing", adapterCrashes, "The adapter exits; its last log line says why.", "Correct what it names."},
		}},
		{when: apiFails, add: addAPIStatus, causes: []cause{
			{"adapter-tls", adapterUntrusted, "The metrics API responds with 503: the API server does not trust the adapter's certificate, for example a self-signed one for localhost.", "Set insecureSkipTLSVerify, or use a certificate of cert-manager with its CA in caBundle."},
			{judge: adapterStarts},
			{"adapter-unreachable", adapterUnreachable, "The metrics API responds with 503: the API server does not reach the adapter's pods, which are ready.", "Check NetworkPolicies and firewalls between both."},
		}},
		{when: isExternal, causes: []cause{
			{code: "api-owned-by-another", judge: externalOwnedByAnother},
			{
				"keda-api-down", externalAPIDown, "`unable to fetch metrics from external metrics API: the server is currently unable to handle the request`: KEDA's metrics server does not respond.", "Check its pods, and the APIService v1beta1.external.metrics.k8s.io.",
			},
		}},
	}
}

func ruleCauses() []group {
	return []group{
		{when: isUnlisted, add: addList, causes: []cause{
			{judge: rulesUnknown},
			{judge: rulesMismatch},
			{"rule-series-query-syntax", nil, "The adapter lists no metrics: Prometheus rejects a seriesQuery, often since a template has removed its quotes.", "Correct the quotes."},
			{"rule-overrides", nil, "`the server could not find the metric`: the overrides or the template name labels that the series do not have.", "Map the labels namespace and pod."},
			{"rule-series-query-labels", nil, "`the server could not find the metric`: the seriesQuery requires labels that the series do not have, such as kubernetes_namespace.", "Use namespace and pod."},
			{"metric-name", nil, "`the server could not find the metric`: the HPA uses another name than the rule.", "Set name.as, or the name in the HPA."},
			{"rule-missing", nil, "`the server could not find the metric`: no rule selects the request counter of nginx.", "Add the rule that `nginx-exporter snippet adapter-rule` prints."},
			{
				"adapter-list-flaps", listFlaps, "`the server could not find the metric` at times: the adapter lists series with a sample younger than --metrics-max-age (default: --metrics-relist-interval), and Prometheus scrapes less often. A warning while the metric is listed.",
				"Scrape more often, or raise --metrics-max-age to twice the scrape interval.",
			},
			{"rule-stale", rulesStale, "The rules have changed since the adapter started; it reads them only then.", "Restart the adapter."},
			{code: "adapter-prometheus-url", judge: adapterAddressWrong},
			{judge: adapterLists},
			{"adapter-prometheus-down", adapterLacksSeries, "`unable to fetch metrics`: Prometheus responds to doctor, but not to the adapter.", "Check DNS, NetworkPolicies, TLS and logins between both."},
		}},
		{causes: []cause{{"rule-collision", ruleCollision, "Values are wrong: two rules make metrics of the same name, and the adapter uses one of them. A warning.", "Rename one, or disable the default rules."}}},
		{when: isListed, causes: []cause{{code: "adapter-list-flaps", judge: listFlaps}}},
	}
}

func valueCauses() []group {
	return []group{
		{causes: []cause{
			{judge: valueDenied},
			{judge: valueRejected},
		}},
		{when: valueFails, add: addResponse, causes: []cause{
			{code: "adapter-auth-delegator", judge: valueLacksDelegator},
			{
				"hpa-controller-rights", hpaLacksPermission, "The HPA controller may not read custom metrics: the role system:controller:horizontal-pod-autoscaler was changed.", "Restore it: it must have get and list on all of custom.metrics.k8s.io.",
			},
		}},
		{causes: []cause{
			{judge: valueUnreadable},
			{judge: triggerQueryFails},
			{"query-syntax", nil, "`unable to fetch metrics`: Prometheus rejects the metricsQuery, or the query of a trigger.", "Correct it; the report has the query and the error."},
			{"query-window", nil, "`no metrics returned from custom metrics API`, always or at times: the window of the rate is less than two scrapes.", "Use a window of four scrape intervals."},
			{
				"keda-query-empty", nil, "`target may be lost, the result is empty`, or `unable to get external metric`: the query of the trigger returns nothing, or not a single number.", "Run it in Prometheus, and compare its matchers with the labels of the series; the report has both.",
			},
		}},
		{when: lacksExternalValue, add: addResponse, causes: []cause{
			{"keda-no-value", externalWithoutValue, "`unable to get external metric`: KEDA has no value for the trigger.", "Run `kubectl describe scaledobject`, and check the log of KEDA's operator."},
		}},
		{when: lacksCustomValue, add: addResponse, causes: []cause{
			{judge: valueAdapterHidden},
			{"adapter-pod-rights", adapterLacksPods, "`unable to list matching resources`: the adapter may not list pods.", "Give it a ClusterRole with get, list and watch on pods and namespaces."},
		}},
		{when: queriesFail, add: addResponse, causes: []cause{
			{code: "query-syntax", judge: querySyntax},
			{code: "adapter-prometheus-url", judge: valueAddressWrong},
			{code: "adapter-prometheus-down", judge: valuePrometheusDown},
		}},
		{when: isListedOnly, add: addResponse, causes: []cause{
			{judge: rulesForValueHidden},
			{judge: ruleMakesNoQuery},
			{"rule-namespace", nil, "The metric is listed, but not found: the rule maps pods, but not namespaces.", "Map the label namespace, too."},
			{"rule-template", nil, "The metric is listed, but not found: the metricsQuery is not a valid Go template.", "Correct the names in << >>."},
			{code: unknown, judge: listedUnexplained},
		}},
		{when: lacksCustomValue, add: addResponse, causes: []cause{
			{judge: valueAdapterStarts},
			{code: unknown, judge: valueUnexplained},
		}},
		{when: isEmpty, causes: []cause{
			{judge: rulesForValueHidden},
			{judge: adapterHasNoValues},
			{"query-group-by", nil, "`no metrics returned from custom metrics API`: the query sums without by (<<.GroupBy>>), so its values name no pods.", "Add by (<<.GroupBy>>)."},
			{"query-empty", nil, "`no metrics returned from custom metrics API`: the query returns nothing for these pods, for none of the reasons above.", "Compare its matchers with the labels of the series; the report has both."},
		}},
		{when: isCustom, causes: valueWarnings()},
		{causes: []cause{{code: "right-missing", judge: impersonationDenied}}},
	}
}

// valueWarnings are causes for values that are wrong or incomplete.
func valueWarnings() []cause {
	return []cause{
		{code: "query-window", judge: valueWindow},
		{"query-matchers", queryLacksMatchers, "The query has no <<.LabelMatchers>>, so it reads the series of all pods of the cluster. A warning.", "Add {<<.LabelMatchers>>}."},
		{"query-counts-twice", queryCountsTwice, "Pods are scraped twice, and the rule counts both.", "Scrape once, or use max by (pod, addr) inside the sum."},
		{
			"value-partial", valuePartial, "Some pods have no value: they count as idle when the HPA scales up, and as at the target when it scales down. New pods have none until two scrapes. A warning.",
			"Scrape more often; if a pod does not get a value, check its `/metrics`.",
		},
	}
}

func decisionCauses() []group {
	return []group{{causes: []cause{
		{
			"hpa-update-denied", hpaUpdateDenied, "`AbleToScale` is False with `FailedUpdateScale`: an admission webhook or policy rejects changes of the scale, or does not respond.",
			"Make it allow updates of the scale by the HPA controller.",
		},
		{code: unknown, judge: hpaUnable},
		{judge: hpaNotEvaluated},
		{
			"hpa-metric-failing", otherMetricFails, "`FailedGetPodsMetric` or `FailedGetExternalMetric` for another metric of the HPA: it does not scale down, and up only if a metric that works requires that.", "Fix or remove that metric.",
		},
		{
			"hpa-resource-requests", nil, "`missing request for cpu in container`: the HPA also scales on the utilization of CPU or memory, and a container, such as a sidecar, has no request for it.", "Set `resources.requests` of every container, or use a metric of type ContainerResource.",
		},
		{
			"metrics-server", nil, "`unable to fetch metrics from resource metrics API`: the HPA also scales on CPU or memory, and metrics-server is missing or does not work.", "Install it, or check its log; `kubectl top pods` must work.",
		},
		{code: unknown, judge: hpaInactive},
		{
			"hpa-direction-disabled", directionDisabled, "`selectPolicy: Disabled` in the behavior of the HPA. A warning if only one direction is disabled.",
			"Remove it, if it is not intended.",
		},
		{
			"hpa-tolerance", hpaTolerates, "The value is more than 10% off the target, and nothing scales: the behavior of the HPA has its own tolerance. A warning.",
			"Lower `tolerance`, if it is not intended.",
		},
		{
			"hpa-metric-holds", otherMetricHolds, "Pods are not removed: another metric of the HPA, such as CPU, requires as many. The metric that requires the most decides. A warning.",
			"Raise the target of that metric, or remove it.",
		},
		{
			"hpa-at-max", hpaAtMax, "The HPA requests more pods than maxReplicas allows. A warning, not a fault.",
			"Raise maxReplicas, if the cluster and the servers behind nginx have capacity.",
		},
	}}}
}
