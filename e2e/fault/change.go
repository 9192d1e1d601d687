package fault

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/process"
)

// change is one step of an injection. It registers what undoes it.
type change func(context.Context, *Injector) error

// all combines changes.
func all(changes ...change) change {
	return func(ctx context.Context, c *Injector) error {
		for _, do := range changes {
			if err := do(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}
}

// restartingAdapter combines changes that the adapter reads at start.
func restartingAdapter(changes ...change) change {
	return func(ctx context.Context, c *Injector) error {
		c.onRestore(c.restartAdapter) // undone last
		if err := all(changes...)(ctx, c); err != nil {
			return err
		}
		return c.restartAdapter(ctx)
	}
}

func replace(path string, value any) kube.Operation {
	return kube.Operation{Op: "replace", Path: path, Value: value}
}

func add(path string, value any) kube.Operation {
	return kube.Operation{Op: "add", Path: path, Value: value}
}

func removeField(path string) kube.Operation { return kube.Operation{Op: "remove", Path: path} }

// patch patches an object.
func patch(at string, operations ...kube.Operation) change {
	return func(ctx context.Context, c *Injector) error {
		if _, err := c.save(ctx, at); err != nil {
			return err
		}
		return c.client.Patch(ctx, at, operations...)
	}
}

// remove deletes an object.
func remove(at string) change {
	return func(ctx context.Context, c *Injector) error {
		o, err := c.save(ctx, at)
		if err != nil {
			return err
		}
		return c.client.Delete(ctx, at, uid(o))
	}
}

func uid(o object) string {
	metadata, _ := o["metadata"].(object)
	text, _ := metadata["uid"].(string)
	return text
}

// create creates an object.
func create(in string, o object) change {
	return func(ctx context.Context, c *Injector) error {
		var created object
		if err := c.client.Create(ctx, in, o, &created); err != nil {
			return err
		}
		metadata, _ := created["metadata"].(object)
		c.onRestore(func(ctx context.Context) error {
			return c.client.Delete(ctx, fmt.Sprint(in, "/", metadata["name"]), uid(created))
		})
		return nil
	}
}

// copyOf creates a copy of an object, with another name and an edited spec.
func copyOf(from, in, newName string, edit func(spec object)) change {
	return func(ctx context.Context, c *Injector) error {
		var o object
		if err := c.client.Get(ctx, from, &o); err != nil {
			return err
		}
		spec, isObject := o["spec"].(object)
		if !isObject {
			return fmt.Errorf("%s has no spec", from)
		}
		edit(spec)
		return create(in, object{
			"apiVersion": o["apiVersion"], "kind": o["kind"], "metadata": object{"name": newName}, "spec": spec,
		})(ctx, c)
	}
}

// editRules replaces a part of the rules of the adapter.
func editRules(old, text string) change {
	return restartingAdapter(func(ctx context.Context, c *Injector) error {
		o, err := c.save(ctx, adapterConfig)
		if err != nil {
			return err
		}
		data, _ := o["data"].(object)
		config, _ := data["config.yaml"].(string)
		if !strings.Contains(config, old) {
			return fmt.Errorf("the rules of the adapter have no %q:\n%s", old, config)
		}
		return c.client.Patch(ctx, adapterConfig, replace("/data/config.yaml", strings.Replace(config, old, text, 1)))
	})
}

// setArgument replaces the value of an argument of the adapter. The old pod is
// deleted first, since a rolling update keeps it if the new one does not start.
func setArgument(flag, value string, more ...kube.Operation) change {
	return func(ctx context.Context, c *Injector) error {
		if _, err := c.save(ctx, adapterDeployment); err != nil {
			return err
		}
		var d struct {
			Spec struct {
				Template struct {
					Spec struct{ Containers []struct{ Args []string } }
				}
			}
		}
		if err := c.client.Get(ctx, adapterDeployment, &d); err != nil {
			return err
		}
		for i, arg := range d.Spec.Template.Spec.Containers[0].Args {
			if strings.HasPrefix(arg, flag+"=") {
				return c.client.Patch(ctx, adapterDeployment, append(more, recreate(),
					replace(fmt.Sprintf("/spec/template/spec/containers/0/args/%d", i), flag+"="+value))...)
			}
		}
		return errors.New("the adapter has no argument " + flag)
	}
}

// recreate deletes the old pods of a Deployment before new ones start.
func recreate() kube.Operation { return replace("/spec/strategy", object{"type": "Recreate"}) }

// pods changes the pod template of nginx.
func pods(operations ...kube.Operation) change {
	return patch(web, append([]kube.Operation{recreate()}, operations...)...)
}

// applyAs makes another manager own fields of an object.
func applyAs(at, manager string, o object) change {
	return func(ctx context.Context, c *Injector) error {
		c.onRestore(func(ctx context.Context) error {
			emptyQuery := object{
				"apiVersion": o["apiVersion"], "kind": o["kind"], "metadata": object{"name": path.Base(at)},
			}
			return c.client.Apply(ctx, at, manager, emptyQuery)
		})
		return c.client.Apply(ctx, at, manager, o)
	}
}

// restartPrometheus restarts Prometheus; the other one does so on Restore.
func restartPrometheus(ctx context.Context, c *Injector) error {
	c.prom.Stop()
	return c.prom.Start(ctx)
}

func restartPrometheusOnRestore(_ context.Context, c *Injector) error {
	c.onRestore(func(ctx context.Context) error { return restartPrometheus(ctx, c) })
	return nil
}

// staleRule makes the adapter read a wrong rule that is corrected afterwards.
func staleRule(old, text string) change {
	return func(ctx context.Context, c *Injector) error {
		var o object
		if err := c.client.Get(ctx, adapterConfig, &o); err != nil {
			return err
		}
		c.onRestore(c.restartAdapter)
		if err := editRules(old, text)(ctx, c); err != nil {
			return err
		}
		if err := process.Await(ctx, time.Minute, c.metricUnknown); err != nil {
			return err
		}
		return c.restore(ctx, adapterConfig, o)
	}
}

// stopPrometheus stops Prometheus.
func stopPrometheus(_ context.Context, c *Injector) error {
	c.onRestore(c.prom.Start)
	c.prom.Stop()
	return nil
}
