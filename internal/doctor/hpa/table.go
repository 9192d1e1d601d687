package hpa

import (
	"slices"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

// cause is a row of the table: what is found by a judge, and what
// docs/troubleshooting.md says of it.
type cause struct {
	// code is stable. A row without one only waits, or is about a fact that cannot be
	// observed.
	code doctor.Code
	// judge returns nil if it is not this.
	judge func(*diagnosis) *finding
	// symptom, meaning and fix are set in one row of each code.
	symptom, meaning, fix string
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

// Causes lists what "doctor hpa" finds, in the order of the path.
func Causes() []doctor.Cause {
	all := anyStepCauses()
	for _, s := range steps() {
		all = append(all, s.causes...)
	}
	var documented []doctor.Cause
	for _, c := range all {
		if c.meaning != "" {
			documented = append(documented, doctor.Cause{Code: c.code, Command: doctor.HPA, Symptom: c.symptom, Meaning: c.meaning, Fix: c.fix})
		}
	}
	return documented
}

// anyStepCauses are found at any step, where a fact cannot be observed or explained.
func anyStepCauses() []cause {
	return []cause{
		{
			"kubectl-missing", nil, "Exit status 2 at the first step.", "kubectl is not installed, or does not start.",
			"Install kubectl, or name it with `--kubectl`.",
		},
		{
			"kubectl-no-context", nil, "Exit status 2; kubectl complains about its configuration.", "kubectl has no kubeconfig, or no context in it, and so no cluster.",
			"`kubectl config get-contexts`, then `--context` or `--kubeconfig`.",
		},
		{
			"cluster-unreachable", nil, "Exit status 2 after some time.", "The API server does not respond to kubectl.",
			"Whatever makes `kubectl version` work: a VPN, a proxy, the right context.",
		},
		{
			"cluster-unauthorized", nil, "Exit status 2; kubectl says that you must be logged in.", "The API server rejects your credentials; a token has expired.",
			"Log in again.",
		},
		{
			"right-missing", nil, "Exit status 2, with the verb and the resource.", "You do not have a permission that the doctor needs. All steps before this one were checked.",
			"Ask for the permission, or run as a user who has it: `--as`, `--context`. [doctor.md](doctor.md) lists the permissions.",
		},
		{
			unknown, nil, "A step fails, and the doctor shows what it observed.", "A cause that the doctor does not know. It never guesses.",
			"Read the evidence; please report it.",
		},
	}
}

func hpaCauses() []cause {
	return slices.Concat(
		[]cause{
			{judge: func(d *diagnosis) *finding { return unobserved("the kubeconfig", d.Namespace.Err()) }},
			{judge: func(d *diagnosis) *finding {
				return unobserved("HorizontalPodAutoscalers in "+d.namespace(), d.Scaler.Err())
			}},
			{
				"hpa-missing", hpaMissing, "`kubectl get hpa` does not show it.", "There is no HPA and no ScaledObject of that name in that namespace.",
				"Use a name that `kubectl get hpa -A` shows, or create the HPA.",
			},
		},
		when(hasHPA, []cause{
			{
				"hpa-target-daemonset", targetIsDaemonSet, "`the HPA controller was unable to get the target's current scale`.",
				"A DaemonSet runs one pod per node and has no replicas to scale.", "Make it a Deployment, or use alerts instead of scaling.",
			},
			{
				"hpa-other-metric", noCustomMetric, "The HPA works on CPU or memory.", "It uses no custom metric.",
				"Add a metric of type Pods with the name that the adapter's rule makes.",
			},
			{code: "platform-unsupported", judge: metricOfGKE},
		}),
	)
}

func kedaCauses() []cause {
	return []cause{
		{
			"keda-paused", kedaPaused, "Nothing scales, or only in one direction.",
			"An annotation of the ScaledObject pauses it. A pause of one direction is a warning.", "Remove the annotations autoscaling.keda.sh/paused….",
		},
		{judge: kedaStarts},
		{
			"keda-missing", kedaMissing, "The ScaledObject has no status, or there is no APIService v1beta1.external.metrics.k8s.io.",
			"KEDA is not installed, not running, or does not watch this namespace.", "Install it, or apply its manifests again; check the log of its operator.",
		},
		{
			"keda-scaledobject-not-ready", kedaMadeNoHPA, "There is a ScaledObject without HPA, or its Ready is False.",
			"KEDA could not create an HPA: a wrong target, trigger or login. With an HPA and the reason TriggerError it gets no metrics: a warning, and the steps after it tell why.",
			"`kubectl describe scaledobject`; see its conditions and events.",
		},
		{code: "keda-scaledobject-not-ready", judge: kedaRefuses},
		{code: "keda-paused", judge: kedaPausedOneWay},
		{
			"keda-fallback", kedaFallback, "The number of pods is that of the fallback.", "KEDA gets no metrics. A warning: the steps after it tell why.",
			"Fix the step that fails.",
		},
		{code: "keda-scaledobject-not-ready", judge: kedaTriggersFail},
	}
}

func targetCauses() []cause {
	return []cause{
		{
			"hpa-target-missing", targetMissing, "`AbleToScale` is False with `FailedGetScale`.", "scaleTargetRef names an object that does not exist.",
			"Correct the name, kind or apiVersion in scaleTargetRef.",
		},
		{judge: func(d *diagnosis) *finding { return unobserved(d.targetRef().String(), d.Target.Err()) }},
		{judge: func(d *diagnosis) *finding { return unobserved("the scale of "+d.targetRef().Name, d.Scale.Err()) }},
		{
			"hpa-target-scaled-to-zero", targetScaledToZero, "`ScalingActive` is False with `ScalingDisabled`.", "The target was scaled to 0, which disables its HPA.",
			"`kubectl scale --replicas=1`.",
		},
		{
			"hpa-duplicate", hpaDuplicate, "`AmbiguousSelector`: pods are controlled by multiple HPAs.", "Two HPAs scale the same workload; Kubernetes follows neither.",
			"Delete one. One HPA can have several metrics.",
		},
		{
			"hpa-shared-pods", hpaSharedPods, "`AmbiguousSelector`, or values that are those of another workload.", "The selectors of two workloads select the same pods.",
			"Give each a label of its own, in selector and template. Selectors are immutable: recreate the workload.",
		},
		{
			"hpa-replicas-reset", replicasReset, "The number of pods jumps back at each deployment.", "A manifest with `spec.replicas` overwrites what the HPA decided.",
			"Remove `replicas` from the manifest; with Argo CD, ignore the field.",
		},
	}
}

func podCauses() []cause {
	return slices.Concat(
		[]cause{{judge: func(d *diagnosis) *finding { return unobserved("pods", d.Pods.Err()) }}},
		when(lacksPods, []cause{
			{judge: podsScaledToZero},
			{judge: podsAreReplaced},
			{"pods-none", podsMissing, "The workload has no pods.", "A quota, admission, or a selector that does not match the template prevents them.", "`kubectl describe` the workload and its ReplicaSets."},
		}),
		when(lacksExporters, []cause{
			{judge: exporterRollsOut},
			{
				"exporter-missing", exporterMissing, "Pods without the container nginx-exporter.", "The sidecar was not added, or the workload was applied again without it.",
				"`nginx-exporter inject`, in the manifest of the workload; or the chart's MutatingAdmissionPolicy.",
			},
		}),
		when(noneIsReady, []cause{
			{"exporter-crashing", exporterCrashes, "CrashLoopBackOff of the exporter.", "A flag or a file of the exporter is wrong; its last log line says which.", "Correct it. `nginx-exporter check-config` reports it before."},
			{"pods-crashing", podsCrash, "CrashLoopBackOff or ImagePullBackOff of nginx, or of a container that is not the exporter.", "nginx, or another container, does not run.", "`kubectl logs --previous` of that container."},
			{judge: podsStart},
			{"pods-not-ready", podsNotReady, "Pods stay at 1/2.", "A readiness probe fails, or pods cannot be scheduled.", "`kubectl describe pod`."},
		}),
	)
}

func nginxCauses() []cause {
	return []cause{
		{"exporter-other-program", exporterOtherProgram, "The exporter's port serves something else.", "Another program uses the port.", "Give the exporter a port of its own."},
		{
			"exporter-target", nginxDown, "Pods are ready, `up` is 1, `nginx_up` is 0.",
			"The exporter is running, but cannot read the status page: wrong path or port, no status server in nginx, or access is denied.",
			"`nginx-exporter doctor` inside the pod tells which; `nginx-exporter snippet kubernetes` prints the status server.",
		},
		{"exporter-not-listening", exporterNotListening, "Connection refused at the exporter's port.", "It listens on another port, or on loopback only.", "Compare `--web.listen-address` with containerPort and the monitor."},
	}
}

func prometheusCauses() []cause {
	return slices.Concat(
		[]cause{
			{
				"adapter-prometheus-url", prometheusAddressWrong,
				"The list of metrics is empty or has old names; or KEDA reports that it cannot reach its address.",
				"The adapter, or KEDA's trigger, queries an address that is not that of Prometheus. The default of the adapter's chart rarely is.",
				"Set --prometheus-url of the adapter, or serverAddress of the trigger.",
			},
		},
		when(prometheusFailed, []cause{
			{
				"prometheus-out-of-reach", ofFailed(cluster.Unreachable, prometheusUnreachable), "Exit status 2 at the step Prometheus.",
				"Prometheus may be healthy, but it cannot be reached from here: the API server does not reach it, or a forwarded port has ended.",
				"`kubectl port-forward` to it, which takes another route, and `--prometheus.url=http://127.0.0.1:9090`.",
			},
			{
				"prometheus-other-program", ofFailed(cluster.NotPrometheus, notPrometheus), "Clients of Prometheus get HTTP status 404 or an HTML page.",
				"The address leads to another program, or the path before /api/v1 is wrong.", "Correct the address or its path.",
			},
			{code: "prometheus-other-program", judge: ofFailed(cluster.BadQuery, prometheusRejectsQueries)},
			{
				"prometheus-login", ofFailed(cluster.LoginRequired, prometheusNeedsLogin), "Exit status 2 at the step Prometheus.",
				"Prometheus, or a proxy before it, requires a login.",
				"Put the login into the address, `--prometheus.url=http://NAME:PASSWORD@HOST:9090`; or forward a port to the Prometheus behind the proxy.",
			},
			{judge: ofFailed(cluster.Forbidden, prometheusForbidden)},
			{judge: prometheusUnreadable},
			{"prometheus-down", prometheusDown, "The metric is listed, its value is an Internal error.", "Prometheus does not respond.", "Check its pods, their memory and their volumes."},
		}),
		[]cause{
			{
				"prometheus-several", severalPrometheus, "Exit status 2 at the step Prometheus.",
				"There are several Prometheus servers, and it is not known which of them the adapter queries.", "Choose one with `--prometheus.url`.",
			},
			{judge: prometheusHidden},
			{
				"platform-unsupported", prometheusOfPlatform, "Exit status 2, with the name of the platform.",
				"The metrics are with a service that the doctor cannot query: that of Google or Azure, or of OpenShift, which requires a token.",
				"Check the steps that are shown. For the rest use the tools of the platform, or `--prometheus.url` with an address that needs no login.",
			},
			{
				"prometheus-not-found", prometheusNotFound, "Exit status 2 at the step Prometheus.",
				"Neither the adapter nor the Prometheus Operator nor a Service tells where Prometheus is.",
				"`kubectl port-forward` to it, and `--prometheus.url=http://127.0.0.1:9090`.",
			},
		},
	)
}

func scrapeCauses() []cause {
	return slices.Concat(
		[]cause{{judge: targetsUnreadable}},
		when(isUnscraped, []cause{
			{judge: monitorsUnreadable},
			{code: "monitor-port", judge: otherPortAlone},
			{"scrape-job-missing", jobMissing, "The pods are no target of Prometheus.", "Prometheus has no job that finds them, and there is no Prometheus Operator.", "Add a job with kubernetes_sd_configs, or annotations if there is a job that uses them."},
			{"monitor-relabelings", ofFitting(jobRelabels), "A job whose targets are all dropped.", "Relabelling of the monitor, or the state of the pods, drops them.", "Check relabelings."},
			{judge: ofFitting(monitorIsNew)},
			{code: unknown, judge: ofFitting(jobsUnreadable)},
			{"monitor-not-loaded", ofFitting(monitorNotLoaded), "Prometheus has no such job minutes after the monitor was created.", "The operator has not written it, or Prometheus not loaded it, or this is another Prometheus.", "Check the log of the operator and of the config-reloader."},
			{
				"prometheus-finds-no-pods", ofFitting(prometheusFindsNoPods), "A job without targets, and nothing dropped.", "Prometheus may not list pods in the namespace.",
				"Give its account get, list and watch on pods (and services, endpointslices) there.",
			},
			{
				"monitor-selector", ofMonitor("monitor-selector"), "The monitor has no targets.",
				"Its selector does not match: a PodMonitor selects by labels of pods, a ServiceMonitor by those of Services.", "Correct spec.selector of the monitor, or the labels.",
			},
			{"monitor-service-missing", ofMonitor("monitor-service-missing"), "A ServiceMonitor without targets.", "There is no Service that leads to the pods.", "Use a PodMonitor, or create the Service."},
			{"monitor-service-selector", ofMonitor("monitor-service-selector"), "A Service without endpoints.", "The Service that the monitor selects does not lead to the pods.", "Correct spec.selector of the Service."},
			{"monitor-namespace", ofMonitor("monitor-namespace"), "The monitor has no targets.", "It selects only its own namespace, and the pods are in another one.", "Set spec.namespaceSelector."},
			{"monitor-port", ofMonitor("monitor-port"), "The monitor has no targets; all are dropped.", "`port` is the name of a port of a container or Service, and no port has that name.", "Use the right name, or portNumber in a PodMonitor."},
			{"monitor-ignored", ofMonitor("monitor-ignored"), "Prometheus has no such job; the monitor has no status.", "The selectors of the Prometheus object do not select the monitor; kube-prometheus-stack requires the label release.", "Add the label; in the chart: monitor.labels."},
			{judge: monitorsHidden},
			{code: "monitor-port", judge: otherPortFails},
			{"monitor-missing", monitorMissing, "The pods are no target of Prometheus.", "There is no PodMonitor or ServiceMonitor for them.", "The chart creates one; a PodMonitor needs no Service."},
		}),
		when(isScraped, []cause{
			{judge: firstScrape},
			{"scrape-failing", everyScrapeFails, "`up` is 0.", "Prometheus finds the pods and cannot scrape them; the error is shown.", "Depends on the error: port, path, TLS and login, or a NetworkPolicy."},
			{code: "scrape-failing", judge: someScrapeFails},
			{"scrape-partial", someUnscraped, "Some pods are not scraped. A warning.", "They differ from the others in labels or port.", "Compare their labels."},
		}),
	)
}

func seriesCauses() []cause {
	return slices.Concat(
		[]cause{{code: unknown, judge: seriesUnreadable}},
		when(lacksSeries, []cause{
			{code: unknown, judge: ofTrace(traceUnreadable)},
			{judge: ofTrace(rulesForLabelsHidden)},
			{
				"series-relabelled", ofTrace(seriesRelabelled), "The metric is listed, its value is empty.",
				"Labels namespace and pod of the series are not those of the pod: the exporter or relabelling sets them, and honorLabels keeps them; or the job sets none.",
				"honorLabels: false, and no const labels with these names.",
			},
			{code: "exporter-target", judge: ofTrace(nginxDownInSeries)},
			{"series-dropped", ofTrace(seriesDropped), "`nginx_up` exists, the request counter does not.", "metricRelabelings of the monitor drop it.", "Correct them."},
			{judge: firstScrapes},
			{"series-missing", seriesMissing, "Prometheus scrapes the pods and has no nginx series.", "What it scrapes is not the exporter.", "Check /metrics of a pod."},
		}),
		[]cause{
			{
				"series-twice", scrapedTwice, "Values that are twice as high. A warning.",
				"Two jobs scrape the same pods: a ServiceMonitor beside a PodMonitor, or annotations beside either.", "Keep one. The chart's rule counts each pod once in any case.",
			},
		},
	)
}

func rateCauses() []cause {
	return when(requestsExporter, []cause{
		{
			"keda-rate-window", rateNotComputed, "KEDA says `could not get any metric successfully from the 1 provided endpoints`, or `api returned 404`.",
			"The trigger requests a window that the exporter does not compute.", "Give the exporter `--rate.window` with the window at the end of the trigger's url.",
		},
		{judge: rateStarts},
		{
			"keda-rate-service", rateServiceWrong, "KEDA says `no endpoints URLs were given for the service name`, or `could not get any metric successfully from the 1 provided endpoints`, as when nginx responds.",
			"The url of the trigger names a Service that does not exist, has another port, or leads elsewhere.", "Correct the url; it takes a headless Service with the exporter's port.",
		},
		{
			"keda-value-location", valueLocationWrong, "KEDA says `could not get any metric successfully from the 1 provided endpoints`, or `valueLocation must point to value of type number or a string`.",
			"The response of the exporter has no value of that name.", "Set valueLocation of the trigger to one of the values that are shown.",
		},
	})
}

func apiCauses() []cause {
	return slices.Concat(
		when(isCustom, []cause{
			{judge: customAPIUnreadable},
			{"api-missing", apiMissing, "`no custom metrics API (custom.metrics.k8s.io) registered`, or the same of external metrics.", "There is no APIService, so no adapter.", "Install prometheus-adapter; the chart can do it."},
			{code: "platform-unsupported", judge: foreignAPIWorks},
			{"api-owned-by-another", foreignAPI, "`no known available metric versions found`, though the adapter runs.", "Another product has taken the APIService; a cluster has one.", "Remove it from the chart of the other product, and apply that of the adapter again."},
		}),
		decorated(addSilence, slices.Concat(
			when(isSilent, []cause{
				{judge: metricsUnreadable},
				{judge: silentAdapterHidden},
				{"adapter-auth-delegator", adapterLacksDelegator, "An administrator sees values, the HPA gets `subjectaccessreviews.authorization.k8s.io is forbidden`.", "The adapter's account has no binding to system:auth-delegator.", "A ClusterRoleBinding to it."},
				{"adapter-service-missing", adapterServiceMissing, "`ServiceNotFound`.", "The APIService names a Service that does not exist.", "Correct spec.service of the APIService."},
				{"adapter-service-port", apiServicePortWrong, "`ServicePortError`, or connection refused.", "spec.service.port of the APIService is not a port of the Service, or that leads to another port of the adapter.", "It is the Service's port, 443, not the container's."},
				{judge: adapterEndpointsHidden},
				{code: "adapter-service-port", judge: servicePortWrong},
			}),
			when(lacksEndpoints, []cause{
				{"adapter-missing", adapterMissing, "`EndpointsNotFound` or `MissingEndpoints`.", "There is a Service, but no adapter.", "Install it again."},
				{"adapter-scaled-to-zero", adapterScaledToZero, "`MissingEndpoints`.", "The adapter's Deployment is scaled to 0.", "Scale it to 1."},
				{"adapter-service-selector", adapterServiceSelector, "`EndpointsNotFound` or `MissingEndpoints`.", "The Service does not select the adapter's pods.", "Correct spec.selector of the Service."},
			}),
			when(isStopped, []cause{
				{"adapter-auth-reader", adapterLacksAuthReader, "The adapter's pod restarts.", "It may not read the ConfigMap extension-apiserver-authentication in kube-system.", "A RoleBinding to extension-apiserver-authentication-reader there."},
				{"rule-resource", ruleResourceUnknown, "The adapter's pod restarts; no custom metric of the cluster works.", "A rule names a resource that does not exist.", "Correct the override."},
				{"adapter-max-age", adapterMaxAgeShort, "The adapter's pod restarts.", "--metrics-max-age is shorter than --metrics-relist-interval.", "Make it longer."},
				{"rule-file", rulesCrashAdapter, "The adapter has no metrics, or restarts.", "Its file of rules is not valid YAML, or has no rules.", "Correct it, and restart the adapter."},
				{"adapter-crashing", adapterCrashes, "The adapter's pod restarts.", "It exits; its last log line says why.", "Depends on its log."},
			}),
			when(isSilent, []cause{
				{"adapter-tls", adapterUntrusted, "503 from the metrics API, at times beside `Available=True`.", "The API server does not trust the adapter's certificate, which is for localhost if the adapter made it.", "insecureSkipTLSVerify, or a certificate by cert-manager and its CA in caBundle."},
				{judge: adapterStarts},
				{code: unknown, judge: apiWithoutResponse},
				{"adapter-unreachable", adapterUnreachable, "503 from the metrics API; the adapter's pods are ready.", "The API server does not reach them.", "Check NetworkPolicies and firewalls between both."},
			}),
		)),
		when(isExternal, []cause{
			{judge: externalAPIUnreadable},
			{code: "api-missing", judge: externalAPIMissing},
			{code: "api-owned-by-another", judge: foreignExternalAPI},
			{judge: externalUnreadable},
			{
				"keda-api-down", externalAPIDown, "The HPA says `unable to fetch metrics from external metrics API: the server is currently unable to handle the request`.",
				"KEDA's metrics server does not respond.", "Check its pods, and the APIService v1beta1.external.metrics.k8s.io.",
			},
		}),
	)
}

func ruleCauses() []cause {
	return slices.Concat(
		decorated(addList, when(isUnlisted, []cause{
			{judge: rulesHidden},
			{code: unknown, judge: adapterUnknown},
			{code: "rule-file", judge: rulesMalformed},
			{code: unknown, judge: rulesUnknown},
			{"rule-series-query-syntax", ruleSyntax, "The list of metrics is empty.", "Prometheus rejects a seriesQuery; often a template has removed its quotes.", "Correct the quotes."},
			{"rule-overrides", ruleOverrides, "`the server could not find the metric`.", "The overrides or the template name labels that the series do not have.", "Map the labels namespace and pod."},
			{"rule-series-query-labels", ruleLabels, "`the server could not find the metric`.", "The seriesQuery requires labels that the series do not have, such as kubernetes_namespace.", "Use namespace and pod."},
			{"metric-name", metricName, "`the server could not find the metric`.", "The HPA uses another name than the rule makes.", "Set name.as, or the name in the HPA."},
			{code: unknown, judge: ruleUntested},
			{"rule-missing", ruleMissing, "`the server could not find the metric`.", "No rule selects the request counter of nginx.", "`nginx-exporter snippet adapter-rule`."},
			{"rule-stale", rulesStale, "Rules that look right, and a list that is not theirs.", "The adapter reads its rules when it starts, and they were changed since.", "Restart it."},
			{code: "adapter-prometheus-url", judge: adapterAddressWrong},
			{judge: adapterLists},
			{"adapter-prometheus-down", adapterLosesPrometheus, "`unable to fetch metrics`.", "Prometheus responds to the doctor, but not to the adapter.", "Check DNS, NetworkPolicies, TLS and logins between both."},
			{code: unknown, judge: listUnexplained},
		})),
		[]cause{{"rule-collision", ruleCollision, "Wrong values. A warning.", "Two rules make metrics of one name, and one wins silently.", "Rename one, or disable the default rules."}},
	)
}

func valueCauses() []cause {
	return slices.Concat(
		[]cause{{judge: valueDenied}},
		decorated(addResponse, when(valueFails, []cause{
			{code: "adapter-auth-delegator", judge: valueLacksDelegator},
			{
				"hpa-controller-rights", hpaLacksPermission, "The HPA says that its controller may not read custom metrics.",
				"The role system:controller:horizontal-pod-autoscaler was changed.", "Restore it: it must have get and list on all of custom.metrics.k8s.io.",
			},
		})),
		[]cause{
			{judge: valueUnreadable},
			{"query-syntax", ofTrigger(triggerSyntax), "`unable to fetch metrics`.", "The metricsQuery, or the query of a trigger, is one that Prometheus rejects.", "Correct it; the doctor shows the query and the error."},
			{"query-window", ofTrigger(triggerWindow), "`no metrics returned from custom metrics API`, always or at times.", "The window of the rate is less than two scrapes.", "Use a window of four scrape intervals."},
			{
				"keda-query-empty", ofTrigger(triggerResult), "The HPA says `unable to get external metric`; KEDA says `target may be lost, the result is empty`, or takes it for 0.",
				"The query of the trigger returns nothing, or not one number.", "Run it in Prometheus, and compare its matchers with the labels of the series; both are shown.",
			},
		},
		decorated(addResponse, when(lacksExternalValue, []cause{
			{"keda-no-value", kedaWithoutValue, "The HPA says `unable to get external metric`.", "KEDA has no value for the trigger.", "`kubectl describe scaledobject`, and the log of KEDA's operator."},
			{code: unknown, judge: externalWithoutValue},
		})),
		decorated(addResponse, slices.Concat(
			when(lacksCustomValue, []cause{
				{judge: valueAdapterHidden},
				{"adapter-pod-rights", adapterLacksPods, "`unable to list matching resources`.", "The adapter may not list pods.", "A ClusterRole with get, list and watch on pods and namespaces."},
			}),
			when(queriesFail, []cause{
				{code: "query-syntax", judge: querySyntax},
				{code: "adapter-prometheus-url", judge: valueAddressWrong},
				{code: "adapter-prometheus-down", judge: valueLosesPrometheus},
			}),
			when(isListedOnly, []cause{
				{judge: rulesForValueHidden},
				{"rule-namespace", ruleLacksNamespace, "The metric is listed and not found.", "The rule maps pods, but no namespaces.", "Map the label namespace too."},
				{"rule-template", ruleTemplate, "The metric is listed and not found.", "The metricsQuery is not a valid Go template.", "Correct the names in << >>."},
				{code: unknown, judge: listedUnexplained},
			}),
			when(lacksCustomValue, []cause{
				{judge: valueAdapterStarts},
				{code: unknown, judge: valueUnexplained},
			}),
		)),
		when(isEmpty, []cause{
			{judge: rulesForValueHidden},
			{code: unknown, judge: emptyWithoutRule},
			{"query-group-by", ofQuery(queryLacksGroupBy), "`no metrics returned from custom metrics API`.", "The query sums without by (<<.GroupBy>>), so that its values name no pods.", "Add it."},
			{code: "query-window", judge: ofQuery(queryWindow)},
			{judge: ofQuery(rateNeedsScrapes)},
			{judge: ofQuery(valuesByNow)},
			{code: unknown, judge: ofQuery(queryUnexplained)},
			{"query-empty", ofQuery(queryEmpty), "`no metrics returned from custom metrics API`.", "The query returns nothing for these pods, for another reason than those above.", "Compare its matchers with the labels of the series; both are shown."},
		}),
		when(isCustom, []cause{
			{code: "query-window", judge: ofValue(valueWindow)},
			{"query-matchers", ofValue(queryLacksMatchers), "It works, but puts load on Prometheus. A warning.", "The query has no <<.LabelMatchers>>, and reads the series of all pods of the cluster.", "Add it."},
			{"query-counts-twice", ofValue(queryCountsTwice), "Twice as many pods as the load needs.", "Pods are scraped twice, and the rule counts both.", "Scrape once; use max by (pod, addr) inside the sum."},
		}),
		[]cause{{code: "right-missing", judge: impersonationDenied}},
	)
}

func decisionCauses() []cause {
	return []cause{
		{code: unknown, judge: hpaUnable},
		{judge: hpaIsLate},
		{code: unknown, judge: hpaInactive},
		{
			"hpa-at-max", hpaAtMax, "Pods stay at maxReplicas while the load grows.", "The HPA wants more than it may have. A warning, not a fault.",
			"Raise maxReplicas, if the cluster and the servers behind nginx have capacity.",
		},
	}
}
