package status

import (
	"context"
	"errors"
	"fmt"

	"nginx-exporter/client"
	"nginx-exporter/client/angie"
	"nginx-exporter/client/plus"
	"nginx-exporter/client/stubstatus"
	"nginx-exporter/client/vts"
	"nginx-exporter/internal/doctor"
)

// dialect is a status interface as the doctor reads it.
type dialect struct {
	mode       client.Mode
	name       string           // in messages
	parts      string           // what its sources are called if they can fail by themselves
	failed     doctor.Code      // the cause if some of them do
	recognizes func(error) bool // whether the error of another dialect may mean this one

	// read reads the first document, and describes it in a few words in document.
	read func(ctx context.Context, c *client.Client, r *response) error
}

// dialects are all of them. In mode auto a target is read as the first one, and
// then as the one that recognizes its response.
func dialects() []dialect {
	return []dialect{
		{stubstatus.Mode, "stub_status", "", "", recognizesStubStatus, readStubStatus},
		{plus.Mode, "the NGINX Plus API", "documents", "plus-document", plus.Recognizes, readPlus},
		{vts.Mode, "the JSON of nginx-module-vts", "", "", vts.Recognizes, readVTS},
		{angie.Mode, "the status of Angie", "parts", "angie-failed", angie.Recognizes, readAngie},
	}
}

// dialectOf returns the dialect of a mode, the first one for mode auto.
func dialectOf(mode client.Mode) dialect {
	all := dialects()
	for _, d := range all {
		if d.mode == mode {
			return d
		}
	}
	return all[0]
}

func recognizesStubStatus(err error) bool {
	var e *client.Error
	if !errors.As(err, &e) {
		return false
	}
	_, err = stubstatus.Parse(e.Body)
	return err == nil
}

func readStubStatus(ctx context.Context, c *client.Client, r *response) (err error) {
	if r.stub, err = stubstatus.Read(ctx, c); err != nil {
		return err
	}
	if r.document = "stub_status"; r.stub.Version != "" {
		r.document += " of nginx " + r.stub.Version
	}
	return nil
}

func readPlus(ctx context.Context, c *client.Client, r *response) error {
	index, err := plus.New(c, 0).Index(ctx)
	if err != nil {
		return err
	}
	r.document = fmt.Sprintf("NGINX Plus API version %d", index.Version)
	return nil
}

// otherDialect is the finding for a target of this mode if the exporter is
// configured to expect another one.
func (o *observation) otherDialect(mode client.Mode) *doctor.Finding {
	found := dialectOf(mode)
	if o.http == nil || o.options.Mode == client.ModeAuto || o.options.Mode == mode || !found.recognizes(o.err) {
		return nil
	}
	options := o.options
	options.Mode = mode
	r := o.try(options)
	if !r.healthy() {
		return nil
	}
	flags := "--nginx.mode=auto"
	if o.options.Mode == plus.Mode {
		flags += " and remove --nginx.plus and NGINX_PLUS"
	}
	return &doctor.Finding{
		Message:  fmt.Sprintf("The target is %s, and the exporter expects %s.", found.name, dialectOf(o.options.Mode).name),
		Evidence: []doctor.Evidence{r.evidence("--nginx.mode=" + string(mode))},
		Fix:      []string{"set " + o.setting(flags, "mode: auto")},
	}
}

func (o *observation) stubStatusFound() *doctor.Finding { return o.otherDialect(stubstatus.Mode) }

func (o *observation) plusFound() *doctor.Finding { return o.otherDialect(plus.Mode) }

func (o *observation) angieFound() *doctor.Finding { return o.otherDialect(angie.Mode) }
