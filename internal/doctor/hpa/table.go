package hpa

import "nginx-exporter/internal/doctor"

// row is a row of the table: a judge, and the causes that it tells apart.
type row struct {
	judge func(*diagnosis) *finding // returns nil if it finds none of them
	codes codes
}

// codes identify the causes that a judge finds: the first one, unless the judge sets another.
// There are none if it only waits, or reports that a fact could not be observed.
// docs/troubleshooting.md describes each.
type codes []doctor.Code

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

// anyStep has the codes of findings at any step, when a fact cannot be observed or explained.
func anyStep() codes {
	return codes{"kubectl-missing", "kubectl-no-context", "cluster-unreachable", "cluster-unauthorized", "right-missing", unknown}
}

// Codes lists the causes that "doctor hpa" finds. Some are found in several ways, and listed
// as often.
func Codes() []doctor.Code {
	all := anyStep()
	for _, s := range steps() {
		for _, g := range s.groups {
			for _, r := range g.rows {
				all = append(all, r.codes...)
			}
		}
	}
	return all
}

func hpaCauses() []group {
	return []group{
		{rows: []row{
			{func(d *diagnosis) *finding { return unobserved("the kubeconfig", d.Namespace.Err()) }, nil},
			{func(d *diagnosis) *finding {
				return unobserved("HorizontalPodAutoscalers in "+d.namespace(), d.Scaler.Err())
			}, nil},
			{hpaMissing, codes{"hpa-missing"}},
		}},
		{when: hasHPA, rows: []row{
			{targetIsDaemonSet, codes{"hpa-target-daemonset"}},
			{noCustomMetric, codes{"hpa-other-metric"}},
			{metricOfGKE, codes{"platform-unsupported"}},
			{metricOfController, codes{"ingress-controller-metric"}},
		}},
	}
}

func kedaCauses() []group {
	return []group{{rows: []row{
		{kedaPaused, codes{"keda-paused"}},
		{kedaStarts, nil},
		{kedaMissing, codes{"keda-missing"}},
		{kedaNotReady, codes{"keda-scaledobject-not-ready"}},
		{kedaGetsNoMetrics, codes{"keda-fallback", "keda-scaledobject-not-ready"}},
	}}}
}

func targetCauses() []group {
	return []group{{rows: []row{
		{targetMissing, codes{"hpa-target-missing"}},
		{func(d *diagnosis) *finding { return unobserved(d.targetRef().String(), d.Target.Err()) }, nil},
		{func(d *diagnosis) *finding { return unobserved("the scale of "+d.targetRef().Name, d.Scale.Err()) }, nil},
		{targetScaledToZero, codes{"hpa-target-scaled-to-zero"}},
		{hpaDuplicate, codes{"hpa-duplicate"}},
		{hpaSharedPods, codes{"hpa-shared-pods"}},
		{replicasReset, codes{"hpa-replicas-reset"}},
	}}}
}

func podCauses() []group {
	return []group{
		{rows: []row{{func(d *diagnosis) *finding { return unobserved("pods", d.Pods.Err()) }, nil}}},
		{when: lacksPods, rows: []row{
			{podsScaledToZero, nil},
			{podsAreReplaced, nil},
			{podsMissing, codes{"pods-none"}},
		}},
		{rows: []row{{podsOfOthers, codes{"pods-of-others"}}}},
		{when: lacksExporters, rows: []row{
			{exporterRollsOut, nil},
			{noNginx, codes{unknown, "ingress-controller-metric"}},
			{exporterMissing, codes{"exporter-missing"}},
		}},
		{when: noneIsReady, rows: []row{
			{containerCrashes, codes{"exporter-crashing", "pods-crashing"}},
			{podsStart, nil},
			{podsNotReady, codes{"pods-not-ready"}},
		}},
	}
}

func nginxCauses() []group {
	return []group{{rows: []row{
		{nginxFails, codes{"exporter-other-program", "exporter-target", "exporter-not-listening"}},
	}}}
}

func prometheusCauses() []group {
	return []group{{rows: []row{
		{prometheusAddressWrong, codes{"adapter-prometheus-url"}},
		{prometheusFails, codes{"prometheus-out-of-reach", "prometheus-other-program", "prometheus-login", "prometheus-down"}},
		{prometheusNotFound, codes{"prometheus-several", "platform-unsupported", "prometheus-not-found"}},
	}}}
}

func scrapeCauses() []group {
	return []group{
		{rows: []row{{targetsUnreadable, nil}}},
		{when: isUnscraped, rows: []row{
			{jobMissing, codes{"scrape-job-missing", "monitor-port"}},
			{monitorsUnreadable, nil},
			{monitorHasNoTargets, codes{"monitor-relabelings", "monitor-not-loaded", "prometheus-finds-no-pods"}},
			{monitorMismatch, codes{"monitor-selector", "monitor-service-missing", "monitor-service-selector", "monitor-namespace", "monitor-port", "monitor-ignored"}},
			{monitorsHidden, nil},
			{otherPortFails, codes{"monitor-port"}},
			{monitorMissing, codes{"monitor-missing"}},
		}},
		{when: isScraped, rows: []row{
			{scrapesFail, codes{"scrape-failing"}},
			{someUnscraped, codes{"scrape-partial"}},
		}},
	}
}

func seriesCauses() []group {
	return []group{
		{rows: []row{{seriesUnreadable, codes{unknown}}}},
		{when: lacksSeries, rows: []row{
			{seriesMismatch, codes{"series-relabelled", "series-dropped", "exporter-target"}},
			{firstScrapes, nil},
			{seriesMissing, codes{"series-missing"}},
		}},
		{rows: []row{{scrapedTwice, codes{"series-twice"}}}},
	}
}

func rateCauses() []group {
	return []group{{rows: []row{
		{rateFails, codes{"keda-rate-window", "keda-rate-service", "keda-value-location"}},
	}}}
}

func apiCauses() []group {
	return []group{
		{rows: []row{{apiMissing, codes{"api-missing", "keda-missing"}}}},
		{when: isCustom, rows: []row{
			{anotherProductWorks, codes{"platform-unsupported"}},
			{ownedByAnother, codes{"api-owned-by-another"}},
		}},
		{rows: []row{
			{listRejected, codes{"adapter-front-proxy"}},
			{proxyIntercepts, codes{"apiserver-proxy"}},
		}},
		{when: apiFails, add: addAPIStatus, rows: []row{
			{metricsUnreadable, nil},
			{failingAdapterHidden, nil},
			{adapterLacksDelegator, codes{"adapter-auth-delegator"}},
			{adapterServiceMissing, codes{"adapter-service-missing"}},
			{apiServicePortWrong, codes{"adapter-service-port"}},
			{adapterEndpointsHidden, nil},
			{servicePortWrong, codes{"adapter-service-port"}},
		}},
		{when: lacksEndpoints, add: addAPIStatus, rows: []row{
			{adapterHasNoEndpoints, codes{"adapter-missing", "adapter-scaled-to-zero", "adapter-service-selector"}},
		}},
		{when: adapterIsDown, add: addAPIStatus, rows: []row{
			{adapterLacksAuthReader, codes{"adapter-auth-reader"}},
			{ruleResourceUnknown, codes{"rule-resource"}},
			{adapterMaxAgeShort, codes{"adapter-max-age"}},
			{rulesCrashAdapter, codes{"rule-file"}},
			{adapterCrashes, codes{"adapter-crashing"}},
		}},
		{when: apiFails, add: addAPIStatus, rows: []row{
			{adapterUntrusted, codes{"adapter-tls"}},
			{adapterStarts, nil},
			{adapterUnreachable, codes{"adapter-unreachable"}},
		}},
		{when: isExternal, rows: []row{
			{externalOwnedByAnother, codes{"api-owned-by-another"}},
			{externalAPIDown, codes{"keda-api-down"}},
		}},
	}
}

func ruleCauses() []group {
	return []group{
		{when: isUnlisted, add: addList, rows: []row{
			{rulesUnknown, codes{unknown, "rule-file"}},
			{rulesMismatch, codes{"rule-series-query-syntax", "rule-overrides", "rule-namespace", "rule-series-query-labels", "metric-name", "rule-missing"}},
			{listFlaps, codes{"adapter-list-flaps"}},
			{rulesStale, codes{"rule-stale"}},
			{adapterAddressWrong, codes{"adapter-prometheus-url"}},
			{adapterLists, nil},
			{adapterLacksSeries, codes{"adapter-prometheus-down"}},
		}},
		{rows: []row{{ruleCollision, codes{"rule-collision"}}}},
		{when: isListed, rows: []row{{listFlaps, codes{"adapter-list-flaps"}}}},
	}
}

func valueCauses() []group {
	return []group{
		{rows: []row{
			{valueDenied, nil},
			{valueRejected, codes{"adapter-front-proxy"}},
		}},
		{when: valueFails, add: addResponse, rows: []row{
			{valueLacksDelegator, codes{"adapter-auth-delegator"}},
			{hpaLacksPermission, codes{"hpa-controller-rights"}},
		}},
		{rows: []row{
			{valueUnreadable, nil},
			{triggerQueryFails, codes{"query-syntax", "query-window", "keda-query-empty"}},
		}},
		{when: lacksExternalValue, add: addResponse, rows: []row{{externalWithoutValue, codes{"keda-no-value"}}}},
		{when: lacksCustomValue, add: addResponse, rows: []row{
			{valueAdapterHidden, nil},
			{adapterLacksPods, codes{"adapter-pod-rights"}},
		}},
		{when: queriesFail, add: addResponse, rows: []row{
			{querySyntax, codes{"query-syntax"}},
			{valueAddressWrong, codes{"adapter-prometheus-url"}},
			{valuePrometheusDown, codes{"adapter-prometheus-down"}},
		}},
		{when: isListedOnly, add: addResponse, rows: []row{
			{rulesForValueHidden, nil},
			{ruleMakesNoQuery, codes{"rule-namespace", "rule-template"}},
			{listedUnexplained, codes{unknown}},
		}},
		{when: lacksCustomValue, add: addResponse, rows: []row{
			{valueAdapterStarts, nil},
			{valueUnexplained, codes{unknown}},
		}},
		{when: isEmpty, rows: []row{
			{rulesForValueHidden, nil},
			{adapterHasNoValues, codes{"query-group-by", "query-window", "query-empty"}},
		}},
		{when: isCustom, rows: []row{ // values that are wrong or incomplete
			{valueWindow, codes{"query-window"}},
			{queryLacksMatchers, codes{"query-matchers"}},
			{queryCountsTwice, codes{"query-counts-twice"}},
			{valuePartial, codes{"value-partial"}},
		}},
		{rows: []row{{impersonationDenied, codes{"right-missing"}}}},
	}
}

func decisionCauses() []group {
	return []group{{rows: []row{
		{hpaUpdateDenied, codes{"hpa-update-denied", "hpa-controller-rights"}},
		{hpaUnable, codes{unknown}},
		{hpaNotEvaluated, nil},
		{otherMetricFails, codes{"hpa-metric-failing", "hpa-resource-requests", "metrics-server"}},
		{hpaInactive, codes{unknown}},
		{directionDisabled, codes{"hpa-direction-disabled"}},
		{hpaTolerates, codes{"hpa-tolerance"}},
		{otherMetricHolds, codes{"hpa-metric-holds"}},
		{hpaAtMax, codes{"hpa-at-max"}},
	}}}
}
