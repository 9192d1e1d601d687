package sidecar

import (
	"reflect"
	"strings"
	"testing"
)

// TestContainer checks what the options change in the container.
func TestContainer(t *testing.T) {
	o := Defaults("1.2.3")
	c := o.Container()
	if c.Image != "nginx-exporter:1.2.3" || c.RestartPolicy != "Always" {
		t.Errorf("by default, image is %q and restartPolicy %q", c.Image, c.RestartPolicy)
	}
	o = Defaults("")
	o.Native = NativeNever
	o.Port = 9999
	o.Args = []string{"--log.level=debug", ""}
	c = o.Container()
	if c.Image != "nginx-exporter:latest" || c.RestartPolicy != "" {
		t.Errorf("image is %q and restartPolicy %q", c.Image, c.RestartPolicy)
	}
	want := []string{"--nginx.scrape-uri=http://127.0.0.1:18080/stub_status", "--web.listen-address=:9999", "--log.level=debug", ""}
	if !reflect.DeepEqual(c.Args, want) {
		t.Errorf("args are %q, want %q", c.Args, want)
	}
	for _, port := range []int{c.Ports[0].ContainerPort, c.StartupProbe.HTTPGet.Port, c.LivenessProbe.HTTPGet.Port} {
		if port != 9999 {
			t.Errorf("a port is %d, want 9999", port)
		}
	}
}

// TestValidate checks that each invalid option is named in one line.
func TestValidate(t *testing.T) {
	for _, c := range []struct {
		want   string // empty for valid options
		change func(o *Options)
	}{
		{"", func(*Options) {}},
		{"", func(o *Options) { o.PullPolicy, o.Resources = "", Resources{} }},
		{"", func(o *Options) { o.ScrapeURI = "unix:/run/nginx.sock:/stub_status" }},
		{"", func(o *Options) { o.ScrapeURI = "http://nginx:9113/stub_status" }},
		{`image "" is not`, func(o *Options) { o.Image = "" }},
		{`image "a b" is not`, func(o *Options) { o.Image = "a b" }},
		{"port 0 is not between", func(o *Options) { o.Port = 0 }},
		{"port 65536 is not between", func(o *Options) { o.Port = 65536 }},
		{`pull policy "always"`, func(o *Options) { o.PullPolicy = "always" }},
		{`native ""`, func(o *Options) { o.Native = "" }},
		{`scrape URI "nginx"`, func(o *Options) { o.ScrapeURI = "nginx" }},
		{"port 18080 is used by", func(o *Options) { o.Port = StatusPort }},
		{"port 9113 is used by", func(o *Options) { o.ScrapeURI = "http://localhost:9113/" }},
		{`"64MB" is not a valid quantity`, func(o *Options) { o.Resources.Limits.Memory = "64MB" }},
		{`image "" is not`, func(o *Options) { o.Image, o.Port, o.Resources.Limits.CPU = "", 0, "x" }},
		{"scrape URI", func(o *Options) { o.ScrapeURI, o.Resources.Limits.CPU = "x", "x" }},
	} {
		o := Defaults("")
		c.change(&o)
		err := o.Validate()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%+v: %v", o, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%+v: error is %v, want %q", o, err, c.want)
		}
	}
}
