package story

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

// prometheus starts Prometheus with the configuration that the operator made,
// and with the rights that it needs and no more, and waits for the first sample.
func (s *Story) prometheus(ctx context.Context) error {
	if err := s.operate(ctx); err != nil {
		return err
	}
	if err := s.configure(ctx, monitorName); err != nil {
		return err
	}
	s.scraper = &scraper{story: s}
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

// twice adds a monitor too many, so that each pod is scraped twice, and waits
// until Prometheus counts everything twice and the chart's own rule has seen it.
func (s *Story) twice(ctx context.Context) error {
	const all = `sum(rate(nginx_http_requests_total{namespace="shop"}[20s]))`
	once, err := s.scraper.Query(ctx, all)
	if err != nil {
		return err
	}
	if err := s.again(ctx); err != nil {
		return err
	}
	return s.scraper.await(ctx, func(ctx context.Context) error {
		double, err := s.scraper.Query(ctx, all)
		if err == nil && double < 1.9*once {
			err = fmt.Errorf("Prometheus has %.1f requests/s in place of two times %.1f", double, once) //nolint:staticcheck // a name
		}
		if err == nil {
			_, err = s.scraper.Query(ctx, `count(ALERTS{alertname="NginxScrapedTwice"})`)
		}
		return err
	})
}

// up is an error unless the exporter in the pod says that its nginx answers.
func (s *Story) up(ctx context.Context, address string) error {
	page, err := fetch(ctx, "http://"+net.JoinHostPort(address, "9113")+"/metrics")
	if err != nil {
		return err
	}
	if !regexp.MustCompile(`(?m)^nginx_up(\{.*\})? 1$`).MatchString(page) {
		return errors.New("the exporter does not say nginx_up 1")
	}
	return nil
}

// fetch reads a page.
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
