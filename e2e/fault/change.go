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

// change is one step of an injection. It keeps what undoes it.
type change func(context.Context, *Chain) error

// all makes several changes.
func all(changes ...change) change {
	return func(ctx context.Context, c *Chain) error {
		for _, do := range changes {
			if err := do(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}
}

// restarting makes changes that the adapter sees when it starts.
func restarting(changes ...change) change {
	return func(ctx context.Context, c *Chain) error {
		c.later(c.restart) // the first one is undone last
		if err := all(changes...)(ctx, c); err != nil {
			return err
		}
		return c.restart(ctx)
	}
}

func replace(path string, value any) kube.Operation {
	return kube.Operation{Op: "replace", Path: path, Value: value}
}

func add(path string, value any) kube.Operation {
	return kube.Operation{Op: "add", Path: path, Value: value}
}

func without(path string) kube.Operation { return kube.Operation{Op: "remove", Path: path} }

// patch changes an object.
func patch(at string, operations ...kube.Operation) change {
	return func(ctx context.Context, c *Chain) error {
		if _, err := c.keep(ctx, at); err != nil {
			return err
		}
		return c.client.Patch(ctx, at, operations...)
	}
}

// remove deletes an object.
func remove(at string) change {
	return func(ctx context.Context, c *Chain) error {
		o, err := c.keep(ctx, at)
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

// create makes an object.
func create(in string, o object) change {
	return func(ctx context.Context, c *Chain) error {
		var made object
		if err := c.client.Create(ctx, in, o, &made); err != nil {
			return err
		}
		metadata, _ := made["metadata"].(object)
		c.later(func(ctx context.Context) error {
			return c.client.Delete(ctx, fmt.Sprint(in, "/", metadata["name"]), uid(made))
		})
		return nil
	}
}

// copied makes an object of another one, with the name and what edit does to it.
func copied(from, in, newName string, edit func(spec object)) change {
	return func(ctx context.Context, c *Chain) error {
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

// rule replaces a part of the adapter's configuration.
func rule(old, text string) change {
	return restarting(func(ctx context.Context, c *Chain) error {
		o, err := c.keep(ctx, adapterConfig)
		if err != nil {
			return err
		}
		data, _ := o["data"].(object)
		config, _ := data["config.yaml"].(string)
		if !strings.Contains(config, old) {
			return fmt.Errorf("the adapter's configuration has no %q:\n%s", old, config)
		}
		return c.client.Patch(ctx, adapterConfig, replace("/data/config.yaml", strings.Replace(config, old, text, 1)))
	})
}

// argument replaces the value of an argument of the adapter. The pod before it
// goes first, since one that does not start would leave it there.
func argument(flag, value string, more ...kube.Operation) change {
	return func(ctx context.Context, c *Chain) error {
		if _, err := c.keep(ctx, adapterDeployment); err != nil {
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

// recreate ends old pods of a Deployment before new ones start.
func recreate() kube.Operation { return replace("/spec/strategy", object{"type": "Recreate"}) }

// pods changes the pods of nginx, one of which takes the place of the other.
func pods(operations ...kube.Operation) change {
	return patch(web, append([]kube.Operation{recreate()}, operations...)...)
}

// applied has another program own fields of an object.
func applied(at, manager string, o object) change {
	return func(ctx context.Context, c *Chain) error {
		c.later(func(ctx context.Context) error {
			nothing := object{
				"apiVersion": o["apiVersion"], "kind": o["kind"], "metadata": object{"name": path.Base(at)},
			}
			return c.client.Apply(ctx, at, manager, nothing)
		})
		return c.client.Apply(ctx, at, manager, o)
	}
}

// bounce starts Prometheus again, bounced does so at the mending.
func bounce(ctx context.Context, c *Chain) error {
	c.scraper.Stop()
	return c.scraper.Start(ctx)
}

func bounced(_ context.Context, c *Chain) error {
	c.later(func(ctx context.Context) error { return bounce(ctx, c) })
	return nil
}

// stale has the adapter read a rule that is put right afterwards.
func stale(old, text string) change {
	return func(ctx context.Context, c *Chain) error {
		var o object
		if err := c.client.Get(ctx, adapterConfig, &o); err != nil {
			return err
		}
		c.later(c.restart)
		if err := rule(old, text)(ctx, c); err != nil {
			return err
		}
		if err := process.Await(ctx, time.Minute, c.unknown); err != nil {
			return err
		}
		return c.restore(ctx, adapterConfig, o)
	}
}

// down stops Prometheus.
func down(_ context.Context, c *Chain) error {
	c.later(c.scraper.Start)
	c.scraper.Stop()
	return nil
}
