package fault

import (
	"context"
	"errors"
	"fmt"

	"nginx-exporter/e2e/kube"
)

// Healthy returns an error unless everything works: one pod of nginx, one of the adapter,
// one Prometheus target, one value of the metric, and the HPA.
func (c *Injector) Healthy(ctx context.Context) error {
	return errors.Join(c.rolledOut(ctx, web), c.rolledOut(ctx, adapterDeployment), c.scraped(ctx), c.metricServed(ctx), c.hpaWorks(ctx))
}

// rolledOut returns an error unless the Deployment has exactly one pod, which is up to
// date and ready.
func (c *Injector) rolledOut(ctx context.Context, at string) error {
	var d struct {
		Metadata struct{ Generation int }
		Spec     struct{ Replicas int }
		Status   struct{ ObservedGeneration, Replicas, UpdatedReplicas, ReadyReplicas int }
	}
	if err := c.client.Get(ctx, at, &d); err != nil {
		return err
	}
	s := &d.Status
	if d.Spec.Replicas != 1 || s.ObservedGeneration < d.Metadata.Generation || s.Replicas != 1 || s.UpdatedReplicas != 1 || s.ReadyReplicas != 1 {
		return fmt.Errorf("%s: not exactly one ready pod: %+v", at, d)
	}
	return nil
}

// scraped returns an error unless Prometheus has one target, and its nginx is up. If a
// pod ends while Prometheus reloads its configuration, the last samples stay for
// five minutes; those older than two scrapes are ignored.
func (c *Injector) scraped(ctx context.Context) error {
	const fresh = `timestamp(%[1]s{namespace="shop"}) > time() - 12`
	for _, expr := range []string{
		fmt.Sprintf(`count(`+fresh+`)`, "up"),
		fmt.Sprintf(`count((up{namespace="shop"} == 1) and `+fresh+`)`, "up"),
		fmt.Sprintf(`count((nginx_up{namespace="shop"} == 1) and `+fresh+`)`, "nginx_up"),
		`count(rate(` + series + `{namespace="shop"}[20s]))`,
	} {
		n, err := c.prom.Query(ctx, expr)
		if err == nil && n != 1 {
			err = fmt.Errorf("%s is %v", expr, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// metricUnknown returns an error unless the adapter is up and does not know the metric.
func (c *Injector) metricUnknown(ctx context.Context) error {
	err := c.metricServed(ctx)
	if kube.IsNotFound(err) {
		return c.rolledOut(ctx, adapterDeployment)
	}
	if err == nil {
		err = errors.New("the adapter knows the metric")
	}
	return err
}

// metricServed returns an error unless the HPA controller gets one value.
func (c *Injector) metricServed(ctx context.Context) error {
	var list struct{ Items []struct{ Value string } }
	at := customMetrics + "/namespaces/" + shop + "/pods/*/" + metric + "?labelSelector=app%3Dweb"
	if err := c.client.As(HPAUser).Get(ctx, at, &list); err != nil {
		return fmt.Errorf("the metric: %w", err)
	}
	if len(list.Items) != 1 {
		return fmt.Errorf("%d values for one pod", len(list.Items))
	}
	return nil
}

// hpaWorks returns an error unless the HPA works.
func (c *Injector) hpaWorks(ctx context.Context) error {
	var h struct {
		Status struct {
			CurrentReplicas, DesiredReplicas int
			CurrentMetrics                   []struct {
				Pods struct{ Current struct{ AverageValue string } }
			}
			Conditions []struct{ Type, Status, Reason, Message string }
		}
	}
	if err := c.client.Get(ctx, autoscaler, &h); err != nil {
		return err
	}
	for _, condition := range h.Status.Conditions {
		// The other conditions are about limits and scaling to zero.
		if (condition.Type == "AbleToScale" || condition.Type == "ScalingActive") && condition.Status != "True" {
			return fmt.Errorf("the HPA: %s: %s", condition.Reason, condition.Message)
		}
	}
	s := &h.Status
	if s.CurrentReplicas != 1 || s.DesiredReplicas != 1 || len(s.CurrentMetrics) != 1 || s.CurrentMetrics[0].Pods.Current.AverageValue == "" {
		return fmt.Errorf("the HPA does not work: %+v", *s)
	}
	return nil
}
