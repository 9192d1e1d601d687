package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source/accesslog"
	"nginx-exporter/internal/config"
	nginxstatus "nginx-exporter/internal/doctor/status"
)

// doctorLogs returns the access logs for doctor.
func doctorLogs(settings *config.Settings) []nginxstatus.Log {
	var logs []nginxstatus.Log
	for _, l := range settings.Logs() {
		described, err := accesslog.New(nil, l.Options)
		if err != nil {
			continue // Validate has accepted it
		}
		labels, target := l.Labels, ""
		if l.Target >= 0 {
			t := settings.Targets()[l.Target]
			labels, target = t.Labels, t.Client.Target.String()
		}
		name := l.Options.Name
		if name == "" {
			name = accesslog.DefaultName
		}
		logs = append(logs, nginxstatus.Log{Address: l.Address, Name: name, Source: described.Name(), Target: target, Labels: labelMap(labels)})
	}
	return logs
}

func labelMap(labels []metric.Label) map[string]string {
	m := map[string]string{}
	for _, l := range labels {
		m[l.Name] = l.Value
	}
	return m
}

// exposition returns a function that scrapes the exporter that runs with these
// settings on this machine, over plain HTTP.
func exposition(settings *config.Settings) nginxstatus.Metrics {
	web := settings.Web()
	return func(ctx context.Context) (string, error) {
		var failed error
		for _, listen := range web.Listen {
			host, port, err := net.SplitHostPort(listen)
			if err != nil {
				continue // a Unix socket
			}
			if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
				host = "127.0.0.1"
			}
			text, err := scrapeText(ctx, "http://"+net.JoinHostPort(host, port)+web.TelemetryPath)
			if err == nil {
				return text, nil
			}
			failed = err
		}
		return "", fmt.Errorf("no exporter responds: %w", failed)
	}
}

// maxExposition bounds what doctor reads of an exposition, in bytes.
const maxExposition = 64 << 20

func scrapeText(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }() // it was read
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("HTTP status %d", response.StatusCode)
	}
	var text strings.Builder
	_, err = io.Copy(&text, io.LimitReader(response.Body, maxExposition))
	return text.String(), err
}
