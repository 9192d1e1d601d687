// Package manifest reads the HPA to simulate from a manifest: a
// HorizontalPodAutoscaler of autoscaling/v2, or a ScaledObject of KEDA.
package manifest

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/autoscale/hpa"
	"nginx-exporter/internal/autoscale/simulate"
)

// HPA is what a manifest says.
type HPA struct {
	Name string // of the object
	Kind string
	Spec hpa.Spec // with the metric that follows the load
	KEDA *simulate.KEDA
	// Ignored are metrics of the manifest that are not simulated.
	Ignored []string
}

// maxSize is the size of the largest manifest.
const maxSize = 1 << 20

// Read reads the only HPA or ScaledObject of a file with one or more documents.
// Metric is the name of the metric that follows the load, if there are several.
func Read(from io.Reader, metric string) (*HPA, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxSize {
		return nil, errors.New("the manifest is larger than 1 MiB")
	}
	objects, err := documents(text)
	if err != nil {
		return nil, err
	}
	switch len(objects) {
	case 0:
		return nil, errors.New("it has no HorizontalPodAutoscaler of autoscaling/v2 and no ScaledObject of keda.sh/v1alpha1")
	case 1:
	default:
		return nil, fmt.Errorf("it has %d HPAs: keep the one to simulate", len(objects))
	}
	h := &HPA{Name: objects[0].Metadata.Name, Kind: objects[0].Kind}
	if h.Kind == scaledObject {
		return h, h.fromScaledObject(&objects[0], metric)
	}
	return h, h.fromHPA(&objects[0], metric)
}

// Kinds that are read.
const (
	horizontalPodAutoscaler = "HorizontalPodAutoscaler"
	scaledObject            = "ScaledObject"
)

// object is a document. The spec has the fields of both kinds.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		MinReplicas *int32    `yaml:"minReplicas"`
		MaxReplicas int32     `yaml:"maxReplicas"`
		Metrics     []metric  `yaml:"metrics"`
		Behavior    *behavior `yaml:"behavior"`

		MinReplicaCount *int32 `yaml:"minReplicaCount"`
		MaxReplicaCount *int32 `yaml:"maxReplicaCount"`
		PollingInterval *int64 `yaml:"pollingInterval"`
		CooldownPeriod  *int64 `yaml:"cooldownPeriod"`
		Triggers        []trigger
		Advanced        struct {
			HorizontalPodAutoscalerConfig struct {
				Behavior *behavior
			} `yaml:"horizontalPodAutoscalerConfig"`
		}
	}
	Items []object
}

type metric struct {
	Type     string
	Pods     metricSource
	External metricSource
	Object   metricSource
}

type metricSource struct {
	Metric          struct{ Name string }
	DescribedObject struct{ Kind string } `yaml:"describedObject"`
	Target          struct {
		Type         string
		Value        string
		AverageValue string `yaml:"averageValue"`
	}
}

type trigger struct {
	Type       string
	MetricType string `yaml:"metricType"`
	Metadata   map[string]string
}

type behavior struct {
	ScaleUp   *rules `yaml:"scaleUp"`
	ScaleDown *rules `yaml:"scaleDown"`
}

type rules struct {
	StabilizationWindowSeconds *int64 `yaml:"stabilizationWindowSeconds"`
	SelectPolicy               string `yaml:"selectPolicy"`
	Tolerance                  *string
	Policies                   []struct {
		Type          string
		Value         int32
		PeriodSeconds int64 `yaml:"periodSeconds"`
	}
}

// documents returns the objects of the file that are read.
func documents(text []byte) ([]object, error) {
	var found []object
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("it is not valid YAML: %s", strings.TrimPrefix(firstLine(err), "yaml: "))
		}
		list, err := objects(&node)
		if err != nil {
			return nil, err
		}
		found = append(found, list...)
	}
}

// objects returns the objects of a document, which may be a list, that are read.
func objects(node *yaml.Node) ([]object, error) {
	var o object
	if err := node.Decode(&o); err != nil {
		// Fields of other kinds may have other types.
		var kind struct{ Kind string }
		if node.Decode(&kind) == nil && kind.Kind != horizontalPodAutoscaler && kind.Kind != scaledObject {
			return nil, nil
		}
		return nil, fmt.Errorf("it is not a valid manifest: %s", firstLine(err))
	}
	var found []object
	for _, o := range append(o.Items, o) {
		switch {
		case o.Kind == scaledObject && strings.HasPrefix(o.APIVersion, "keda.sh/"):
			found = append(found, o)
		case o.Kind == horizontalPodAutoscaler && o.APIVersion == "autoscaling/v2":
			found = append(found, o)
		case o.Kind == horizontalPodAutoscaler:
			return nil, fmt.Errorf("the HorizontalPodAutoscaler is of %s: only autoscaling/v2 is read", strconv.Quote(o.APIVersion))
		}
	}
	return found, nil
}

// firstLine is the error of the YAML parser on one line.
func firstLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

func (h *HPA) fromHPA(o *object, name string) error {
	h.Spec = hpa.Spec{Min: 1, Max: o.Spec.MaxReplicas}
	if o.Spec.MinReplicas != nil {
		h.Spec.Min = *o.Spec.MinReplicas
	}
	candidates := map[string]hpa.Metric{}
	var order []string
	for _, m := range o.Spec.Metrics {
		parsed, err := m.parse()
		switch {
		case err != nil:
			return err
		case parsed == nil:
			h.Ignored = append(h.Ignored, "the metric of type "+m.Type)
		default:
			candidates[parsed.Name] = *parsed
			order = append(order, parsed.Name)
		}
	}
	chosen, err := choose(order, name)
	if err != nil {
		return err
	}
	h.Spec.Metrics = []hpa.Metric{candidates[chosen]}
	for _, other := range order {
		if other != chosen {
			h.Ignored = append(h.Ignored, "the metric "+other)
		}
	}
	h.Spec.Behavior, err = o.Spec.Behavior.parse()
	return err
}

// choose returns the metric that follows the load.
func choose(names []string, name string) (string, error) {
	switch {
	case name != "" && slices.Contains(names, name):
		return name, nil
	case name != "":
		return "", fmt.Errorf("it has no metric %q of type Pods, External or Object", name)
	case len(names) == 0:
		return "", errors.New("it has no metric of type Pods, External or Object: request rates are not among its metrics")
	case len(names) > 1:
		return "", fmt.Errorf("it has several metrics (%s): select the one that follows the load with --metric-name", strings.Join(names, ", "))
	}
	return names[0], nil
}

// parse returns nil for metrics that are no request rates, such as CPU.
func (m *metric) parse() (*hpa.Metric, error) {
	source := map[hpa.Source]metricSource{hpa.Pods: m.Pods, hpa.External: m.External, hpa.Object: m.Object}
	s, found := source[hpa.Source(m.Type)]
	if !found {
		return nil, nil //nolint:nilnil // documented
	}
	out := &hpa.Metric{Source: hpa.Source(m.Type), Name: s.Metric.Name, Kind: s.DescribedObject.Kind, Average: s.Target.AverageValue != ""}
	text := s.Target.Value
	if out.Average {
		text = s.Target.AverageValue
	}
	if out.Source == hpa.Pods && !out.Average {
		return nil, fmt.Errorf("the metric %s of type Pods has no averageValue", out.Name)
	}
	var err error
	if out.Target, err = Milli(text); err != nil {
		return nil, fmt.Errorf("the target of the metric %s is %q: %w", out.Name, text, err)
	}
	return out, nil
}

// Defaults of KEDA. See https://keda.sh/docs/latest/reference/scaledobject-spec/.
const (
	defaultPolling  = 30
	defaultCooldown = 300
	defaultMax      = 100
)

func (h *HPA) fromScaledObject(o *object, name string) error {
	h.Spec = hpa.Spec{Min: value(o.Spec.MinReplicaCount, 0), Max: value(o.Spec.MaxReplicaCount, defaultMax)}
	h.KEDA = &simulate.KEDA{
		Polling:  time.Duration(value(o.Spec.PollingInterval, defaultPolling)) * time.Second,
		Cooldown: time.Duration(value(o.Spec.CooldownPeriod, defaultCooldown)) * time.Second,
	}
	triggers := map[string]trigger{}
	var order []string
	for i, t := range o.Spec.Triggers {
		if _, found := t.Metadata["threshold"]; !found {
			h.Ignored = append(h.Ignored, "the trigger "+t.Type)
			continue
		}
		id := fmt.Sprintf("s%d-%s", i, t.Type)
		triggers[id] = t
		order = append(order, id)
	}
	chosen, err := choose(order, name)
	if err != nil {
		return err
	}
	t := triggers[chosen]
	m := hpa.Metric{Source: hpa.External, Name: chosen, Average: t.MetricType != "Value"}
	if m.Target, err = Milli(t.Metadata["threshold"]); err != nil {
		return fmt.Errorf("the threshold of the trigger %s is %q: %w", t.Type, t.Metadata["threshold"], err)
	}
	if text := t.Metadata["activationThreshold"]; text != "" {
		if h.KEDA.Activation, err = strconv.ParseFloat(text, 64); err != nil {
			return fmt.Errorf("the activationThreshold is %q, not a number", text)
		}
	}
	h.Spec.Metrics = []hpa.Metric{m}
	h.Spec.Behavior, err = o.Spec.Advanced.HorizontalPodAutoscalerConfig.Behavior.parse()
	return err
}

func value[T any](of *T, standard T) T {
	if of == nil {
		return standard
	}
	return *of
}

func (b *behavior) parse() (*hpa.Behavior, error) {
	if b == nil {
		return nil, nil //nolint:nilnil // no behavior is another path than an empty one
	}
	up, err := b.ScaleUp.parse("scaleUp")
	if err != nil {
		return nil, err
	}
	down, err := b.ScaleDown.parse("scaleDown")
	return &hpa.Behavior{Up: up, Down: down}, err
}

func (r *rules) parse(direction string) (hpa.Rules, error) {
	if r == nil {
		return hpa.Rules{}, nil
	}
	out := hpa.Rules{Select: hpa.Select(r.SelectPolicy)}
	if r.StabilizationWindowSeconds != nil {
		window := time.Duration(*r.StabilizationWindowSeconds) * time.Second
		out.Window = &window
	}
	if r.Tolerance != nil {
		tolerance, err := approximate(*r.Tolerance)
		if err != nil {
			return out, fmt.Errorf("the tolerance of %s is %q: %w", direction, *r.Tolerance, err)
		}
		out.Tolerance = &tolerance
	}
	for _, p := range r.Policies {
		if p.Type != "Percent" && p.Type != "Pods" {
			return out, fmt.Errorf("a policy of %s has the type %q: it must be Pods or Percent", direction, p.Type)
		}
		out.Policies = append(out.Policies, hpa.Policy{Percent: p.Type == "Percent", Value: p.Value, Period: time.Duration(p.PeriodSeconds) * time.Second})
	}
	return out, nil
}

// approximate parses a quantity as a float64, in the way of Kubernetes: a product of
// digits and a power of 10, which may differ from the nearest number in the last bit.
func approximate(text string) (float64, error) {
	if _, err := Milli(text); err != nil {
		return 0, err
	}
	digits, scale := text, 0
	if cut, found := strings.CutSuffix(text, "m"); found {
		digits, scale = cut, -3
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	if n, err := strconv.ParseInt(whole+fraction, 10, 64); err == nil {
		return float64(n) * math.Pow10(scale-len(fraction)), nil
	}
	milli, err := Milli(text) // with an exponent or another suffix
	return float64(milli) / 1000, err
}

// suffixes are powers of 10 or 2 of quantities, in thousandths.
//
// See https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
func suffixes() map[string]*big.Rat {
	m := map[string]*big.Rat{"n": big.NewRat(1, 1e6), "u": big.NewRat(1, 1e3), "m": big.NewRat(1, 1), "": big.NewRat(1e3, 1)}
	decimal, binary := big.NewRat(1e3, 1), big.NewRat(1e3, 1)
	for _, letter := range []string{"k", "M", "G", "T", "P", "E"} {
		decimal = new(big.Rat).Mul(decimal, big.NewRat(1e3, 1))
		binary = new(big.Rat).Mul(binary, big.NewRat(1<<10, 1))
		m[letter], m[strings.ToUpper(letter)+"i"] = decimal, binary
	}
	return m
}

// Milli parses a quantity of Kubernetes and returns thousandths, rounded up.
func Milli(text string) (int64, error) {
	match := regexp.MustCompile(`^([+-]?[0-9]{0,30}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,2})?)([numkMGTPE]|[KMGTPE]i)?$`).FindStringSubmatch(text)
	if match == nil {
		return 0, errors.New("it is not a quantity")
	}
	number, ok := new(big.Rat).SetString(match[1])
	if !ok {
		return 0, errors.New("it is not a quantity")
	}
	number.Mul(number, suffixes()[match[2]])
	quotient, rest := new(big.Int).QuoRem(number.Num(), number.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	if !quotient.IsInt64() || quotient.Int64() == math.MaxInt64 {
		return 0, errors.New("it is out of range")
	}
	return quotient.Int64(), nil
}
