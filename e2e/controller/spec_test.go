package controller_test

import (
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	autoscalingdefaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"

	"nginx-exporter/internal/autoscale/hpa"
)

// object returns the HPA of a spec, with the defaults of the API.
func object(t *testing.T, spec *hpa.Spec) *autoscalingv2.HorizontalPodAutoscaler {
	t.Helper()
	out := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
			MinReplicas:    &spec.Min, MaxReplicas: spec.Max,
		},
	}
	for _, m := range spec.Metrics {
		out.Spec.Metrics = append(out.Spec.Metrics, metricSpec(m))
	}
	if b := spec.Behavior; b != nil {
		out.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: rules(b.Up), ScaleDown: rules(b.Down)}
	}
	autoscalingdefaults.SetDefaults_HorizontalPodAutoscaler(out)
	autoscalingdefaults.SetDefaults_HorizontalPodAutoscalerBehavior(out)
	return out
}

func metricSpec(m hpa.Metric) autoscalingv2.MetricSpec {
	quantity := resource.NewMilliQuantity(m.Target, resource.DecimalSI)
	target := autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: quantity}
	if m.Average {
		target = autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: quantity}
	}
	id := autoscalingv2.MetricIdentifier{Name: m.Name}
	switch m.Source {
	case hpa.Pods:
		return autoscalingv2.MetricSpec{Type: autoscalingv2.PodsMetricSourceType, Pods: &autoscalingv2.PodsMetricSource{Metric: id, Target: target}}
	case hpa.External:
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{Metric: id, Target: target}}
	default:
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
			DescribedObject: autoscalingv2.CrossVersionObjectReference{Kind: m.Kind, Name: name}, Metric: id, Target: target,
		}}
	}
}

// rules returns nil for rules without any field.
func rules(r hpa.Rules) *autoscalingv2.HPAScalingRules {
	if r.Window == nil && r.Select == "" && r.Tolerance == nil && r.Policies == nil {
		return nil
	}
	out := &autoscalingv2.HPAScalingRules{}
	if r.Window != nil {
		seconds := int32(*r.Window / time.Second)
		out.StabilizationWindowSeconds = &seconds
	}
	if r.Select != "" {
		policy := autoscalingv2.ScalingPolicySelect(r.Select)
		out.SelectPolicy = &policy
	}
	if r.Tolerance != nil {
		out.Tolerance = resource.NewMilliQuantity(int64(*r.Tolerance*1000+0.5), resource.DecimalSI)
	}
	for _, p := range r.Policies {
		kind := autoscalingv2.PodsScalingPolicy
		if p.Percent {
			kind = autoscalingv2.PercentScalingPolicy
		}
		out.Policies = append(out.Policies, autoscalingv2.HPAScalingPolicy{Type: kind, Value: p.Value, PeriodSeconds: int32(p.Period / time.Second)})
	}
	return out
}
