package inject

import (
	"errors"

	"go.yaml.in/yaml/v3"
)

// pullSecrets is the key of a pod spec, https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/.
const pullSecrets = "imagePullSecrets"

// pullSecret adds the image pull secret, unless the pods have it.
func (p *plan) pullSecret(l layout, t *pod, opts *Options, missing *yaml.Node) error {
	if opts.PullSecret == "" || named(get(t.spec, pullSecrets), opts.PullSecret) != nil {
		return nil
	}
	e, found := own(t.spec, pullSecrets)
	if isFlow(t.spec) || found && isFlow(e.value) && len(e.value.Content) > 0 {
		return errors.New("an image pull secret cannot be added to JSON or flow style, where uninject could not recognize it")
	}
	return p.item(l, t.spec, pullSecrets, encode(map[string]string{"name": opts.PullSecret}), false, missing)
}
