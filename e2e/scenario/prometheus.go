package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// prometheus starts Prometheus with the configuration of the operator and only the
// permissions that it needs, and waits for the first sample.
func (s *Scenario) prometheus(ctx context.Context) error {
	if err := s.startOperator(ctx); err != nil {
		return err
	}
	if err := s.awaitConfig(ctx, monitorName); err != nil {
		return err
	}
	if err := s.scraper.Start(ctx); err != nil {
		return err
	}
	go s.reload(ctx)
	return s.scraper.await(ctx, func(ctx context.Context) error {
		value, err := s.scraper.Query(ctx, `sum(nginx_up{namespace="shop"})`)
		if err == nil && value < 1 {
			err = fmt.Errorf("nginx_up is %v", value)
		}
		return err
	})
}

// scrapeTwice copies the monitor, so that each pod is scraped twice, and waits until
// Prometheus counts all requests twice and the alert of the chart fires.
func (s *Scenario) scrapeTwice(ctx context.Context) error {
	const all = `sum(rate(nginx_http_requests_total{namespace="shop"}[20s]))`
	single, err := s.scraper.Query(ctx, all)
	if err != nil {
		return err
	}
	if err := s.copyMonitor(ctx); err != nil {
		return err
	}
	return s.scraper.await(ctx, func(ctx context.Context) error {
		double, err := s.scraper.Query(ctx, all)
		if err == nil && double < 1.9*single {
			err = fmt.Errorf("Prometheus has %.1f requests/s instead of 2 * %.1f", double, single) //nolint:staticcheck // a name
		}
		if err == nil {
			_, err = s.scraper.Query(ctx, `count(ALERTS{alertname="NginxScrapedTwice"})`)
		}
		return err
	})
}

// checkUp returns an error unless the exporter in the pod has nginx_up 1.
func (s *Scenario) checkUp(ctx context.Context, address string) error {
	metrics, err := fetch(ctx, "http://"+net.JoinHostPort(address, "9113")+"/metrics")
	if err != nil {
		return err
	}
	if !regexp.MustCompile(`(?m)^nginx_up(\{.*\})? 1$`).MatchString(metrics) {
		return errors.New("the exporter does not have nginx_up 1")
	}
	return nil
}

// fetch returns the body of a response with status 200.
func fetch(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", address, response.Status, strings.TrimSpace(string(text)))
	}
	return string(text), err
}
