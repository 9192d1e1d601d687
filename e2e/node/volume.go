package node

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// volumes writes the volumes of a pod into its directory.
func (r *runner) volumes(ctx context.Context) error {
	for i := range r.pod.Spec.Volumes {
		v := &r.pod.Spec.Volumes[i]
		dir := r.volume(v.Name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		files, err := r.content(ctx, v)
		if err != nil {
			return fmt.Errorf("volume %s: %w", v.Name, err)
		}
		for name, text := range files {
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				return err
			}
		}
		if v.EmptyDir != nil {
			if err := os.Chmod(dir, 0o777); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *runner) volume(name string) string { return filepath.Join(r.dir, "volumes", name) }

// content returns the files of a volume.
func (r *runner) content(ctx context.Context, v *volume) (map[string]string, error) {
	switch {
	case v.EmptyDir != nil:
		return nil, nil
	case v.ConfigMap != nil:
		return r.configMap(ctx, v.ConfigMap)
	case v.Secret != nil:
		return r.secret(ctx, v.Secret.SecretName)
	case v.Projected != nil:
		return r.projected(ctx, v.Projected.Sources)
	default:
		return nil, errors.New("unknown kind of volume")
	}
}

func (r *runner) configMap(ctx context.Context, s *source) (map[string]string, error) {
	var object struct{ Data map[string]string }
	if err := r.node.client.Get(ctx, r.inNamespace("configmaps", s.Name), &object); err != nil {
		return nil, err
	}
	if len(s.Items) == 0 {
		return object.Data, nil
	}
	files := map[string]string{}
	for _, i := range s.Items {
		text, found := object.Data[i.Key]
		if !found {
			return nil, fmt.Errorf("ConfigMap %s has no key %s", s.Name, i.Key)
		}
		files[i.Path] = text
	}
	return files, nil
}

func (r *runner) secret(ctx context.Context, name string) (map[string]string, error) {
	var object struct{ Data map[string]string }
	if err := r.node.client.Get(ctx, r.inNamespace("secrets", name), &object); err != nil {
		return nil, err
	}
	files := map[string]string{}
	for key, coded := range object.Data {
		text, err := base64.StdEncoding.DecodeString(coded)
		if err != nil {
			return nil, err
		}
		files[key] = string(text)
	}
	return files, nil
}

// projected returns the files of a projected volume, mostly for a service account.
func (r *runner) projected(ctx context.Context, sources []projection) (map[string]string, error) {
	files := map[string]string{}
	for _, s := range sources {
		switch {
		case s.ConfigMap != nil:
			some, err := r.configMap(ctx, s.ConfigMap)
			if err != nil {
				return nil, err
			}
			for name, text := range some {
				files[name] = text
			}
		case s.ServiceAccountToken != nil:
			token, err := r.token(ctx)
			if err != nil {
				return nil, err
			}
			files[s.ServiceAccountToken.Path] = token
		case s.DownwardAPI != nil:
			for _, i := range s.DownwardAPI.Items {
				files[i.Path] = r.field(i.FieldRef.FieldPath)
			}
		}
	}
	return files, nil
}

// token requests a token of the service account of the pod.
func (r *runner) token(ctx context.Context) (string, error) {
	request := map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
		"spec": map[string]any{"expirationSeconds": 3607},
	}
	var response struct{ Status struct{ Token string } }
	err := r.node.client.Create(ctx, r.inNamespace("serviceaccounts", r.pod.Spec.ServiceAccountName)+"/token", request, &response)
	return response.Status.Token, err
}

// inNamespace is the path of an object in the namespace of the pod.
func (r *runner) inNamespace(kind, name string) string {
	return "/api/v1/namespaces/" + r.pod.Metadata.Namespace + "/" + kind + "/" + name
}

// field returns a field of the pod, for variables and files.
func (r *runner) field(path string) string {
	switch path {
	case "metadata.name":
		return r.pod.Metadata.Name
	case "metadata.namespace":
		return r.pod.Metadata.Namespace
	case "status.podIP":
		return r.address
	case "status.hostIP":
		return Address
	default:
		return ""
	}
}

// environment returns the variables of a container.
func (r *runner) environment(c *container) []string {
	env := []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOSTNAME=" + r.pod.Metadata.Name,
		"KUBERNETES_SERVICE_HOST=" + Address, "KUBERNETES_SERVICE_PORT=6443",
	}
	for _, v := range c.Env {
		value := v.Value
		if v.ValueFrom != nil && v.ValueFrom.FieldRef != nil {
			value = r.field(v.ValueFrom.FieldRef.FieldPath)
		}
		env = append(env, v.Name+"="+value)
	}
	return env
}

// expand replaces $(NAME) in arguments.
func expand(args, env []string) []string {
	var pairs []string
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		pairs = append(pairs, "$("+name+")", value)
	}
	replacer := strings.NewReplacer(pairs...)
	expanded := make([]string, len(args))
	for i, arg := range args {
		expanded[i] = replacer.Replace(arg)
	}
	return expanded
}
