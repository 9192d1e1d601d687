package browsertest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"nginx-exporter/internal/proctest"
)

// Page is a tab.
type Page struct {
	browser *Browser
	session string

	problems []string // guarded by the lock of the browser
}

// Open opens a tab at an address. Scripts are disabled if scripts is false.
func (b *Browser) Open(tb TB, address string, scripts bool) *Page {
	tb.Helper()
	var target struct {
		ID string `json:"targetId"`
	}
	b.call(tb, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct {
		Session string `json:"sessionId"`
	}
	b.call(tb, "", "Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached)
	p := &Page{browser: b, session: attached.Session}
	b.mu.Lock()
	b.pages[p.session] = p
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network", "Performance", "Accessibility"} {
		p.Call(tb, domain+".enable", map[string]any{}, nil)
	}
	if !scripts {
		p.Call(tb, "Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	}
	p.Call(tb, "Page.navigate", map[string]any{"url": address}, nil)
	return p
}

// Call sends a command about the page.
func (p *Page) Call(tb TB, method string, params, result any) {
	tb.Helper()
	p.browser.call(tb, p.session, method, params, result)
}

// event notes errors, warnings and violations of the content security policy. The lock
// is held.
func (p *Page) event(m *message) {
	var e struct {
		Entry struct {
			Level, Text, URL string
		}
		Exception struct {
			Text      string
			Exception struct{ Description string }
		} `json:"exceptionDetails"`
		Type string
		Args []struct {
			Value       any
			Description string
		}
	}
	if json.Unmarshal(m.Params, &e) != nil {
		return
	}
	switch {
	case m.Method == "Log.entryAdded" && (e.Entry.Level == "error" || e.Entry.Level == "warning"):
		p.problems = append(p.problems, e.Entry.Level+": "+e.Entry.Text+" "+e.Entry.URL)
	case m.Method == "Runtime.exceptionThrown":
		p.problems = append(p.problems, e.Exception.Text+" "+e.Exception.Exception.Description)
	case m.Method == "Runtime.consoleAPICalled" && (e.Type == "error" || e.Type == "warning"):
		p.problems = append(p.problems, fmt.Sprint(e.Type, e.Args))
	}
}

// Problems returns errors, warnings and violations of the content security policy since
// the last call.
func (p *Page) Problems() []string {
	p.browser.mu.Lock()
	defer p.browser.mu.Unlock()
	problems := p.problems
	p.problems = nil
	return problems
}

// Eval returns the value of an expression in the page; a promise is awaited.
func Eval[T any](tb TB, p *Page, expression string) T {
	tb.Helper()
	value, err := try[T](p, expression)
	if err != nil {
		tb.Fatalf("%s: %v", expression, err)
	}
	return value
}

func try[T any](p *Page, expression string) (value T, err error) {
	var result struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	err = p.browser.try(p.session, "Runtime.evaluate", map[string]any{
		"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true,
	}, &result)
	if err != nil {
		return value, err
	}
	if result.Exception != nil {
		return value, fmt.Errorf("%s %s", result.Exception.Text, result.Exception.Exception.Description)
	}
	if len(result.Result.Value) > 0 {
		err = json.Unmarshal(result.Result.Value, &value)
	}
	return value, err
}

// Await waits until an expression is true.
func (p *Page) Await(tb TB, expression string) {
	tb.Helper()
	proctest.Until(tb, "true from "+expression, func() bool {
		is, err := try[bool](p, "!!("+expression+")")
		return err == nil && is
	})
}

// Key presses a key, such as j, Enter or ArrowDown.
func (p *Page) Key(tb TB, key string) {
	tb.Helper()
	codes := map[string]int{"Enter": 13, "Escape": 27, "Tab": 9, "ArrowUp": 38, "ArrowDown": 40, "ArrowLeft": 37, "ArrowRight": 39, "End": 35, "Home": 36, "PageDown": 34, " ": 32}
	params := map[string]any{"type": "keyDown", "key": key, "windowsVirtualKeyCode": codes[key]}
	if len(key) == 1 {
		params["text"] = key
	}
	if key == "Enter" {
		params["text"] = "\r"
	}
	p.Call(tb, "Input.dispatchKeyEvent", params, nil)
	p.Call(tb, "Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "windowsVirtualKeyCode": codes[key]}, nil)
}

// Size sets the size of the window in CSS pixels, and whether it is that of a phone.
func (p *Page) Size(tb TB, width, height int, phone bool) {
	tb.Helper()
	scale := 1
	if phone {
		scale = 2
	}
	p.Call(tb, "Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone,
	}, nil)
}

// Scheme sets the preferred colors: light or dark.
func (p *Page) Scheme(tb TB, name string) {
	tb.Helper()
	p.Call(tb, "Emulation.setEmulatedMedia", map[string]any{
		"features": []map[string]string{{"name": "prefers-color-scheme", "value": name}},
	}, nil)
}

// Screenshot writes a picture of the window as PNG.
func (p *Page) Screenshot(tb TB, path string) {
	tb.Helper()
	var shot struct {
		Data string `json:"data"`
	}
	p.Call(tb, "Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	picture, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	const readable = 0o600
	if err := os.WriteFile(path, picture, readable); err != nil {
		tb.Fatalf("%v", err)
	}
}

// HeapSize returns the memory of scripts in bytes, after a garbage collection, and the
// number of nodes.
func (p *Page) HeapSize(tb TB) (bytes, nodes float64) {
	tb.Helper()
	p.Call(tb, "HeapProfiler.collectGarbage", map[string]any{}, nil)
	var metrics struct {
		Metrics []struct {
			Name  string  `json:"name"`
			Value float64 `json:"value"`
		} `json:"metrics"`
	}
	p.Call(tb, "Performance.getMetrics", map[string]any{}, &metrics)
	for _, m := range metrics.Metrics {
		switch m.Name {
		case "JSHeapUsedSize":
			bytes = m.Value
		case "Nodes":
			nodes = m.Value
		}
	}
	return bytes, nodes
}

// HTML returns the document as it is now, also if scripts are disabled; empty while it
// is replaced by another one.
func (p *Page) HTML(tb TB) string {
	tb.Helper()
	var document struct {
		Root struct {
			ID int `json:"nodeId"`
		} `json:"root"`
	}
	p.Call(tb, "DOM.getDocument", map[string]any{}, &document)
	var html struct {
		Text string `json:"outerHTML"`
	}
	if err := p.browser.try(p.session, "DOM.getOuterHTML", map[string]any{"nodeId": document.Root.ID}, &html); err != nil {
		return ""
	}
	return html.Text
}

// Front brings the tab to the front, so that others are hidden.
func (p *Page) Front(tb TB) {
	tb.Helper()
	p.Call(tb, "Page.bringToFront", map[string]any{}, nil)
}
