// Monitoring mixin of nginx-exporter: see README.md. Rules and dashboards are those of the chart.
local files = [
  importstr 'rules/nginx.yaml',
  importstr 'rules/accesslog.yaml',
  importstr 'rules/plus.yaml',
  importstr 'rules/angie.yaml',
  importstr 'rules/vts.yaml',
  importstr 'rules/slo.yaml',
  importstr 'rules/exporter.yaml',
  importstr 'rules/scaling.yaml',
];

{
  _config+:: {
    // Matchers of the exporter's series, such as 'job="nginx"'.
    selector: 'job!=""',
    // Matchers of the series of kube-state-metrics.
    kubeSelector: 'namespace!=""',
    // Seconds; windows are at least four times as long.
    scrapeInterval: 60,
    // URL of docs/alerts.md.
    runbookURL: 'docs/alerts.md',
    slo: {
      // Objectives in percent, and the longest duration in seconds of a fast request, which is a bucket.
      availability: 99.9,
      latency: 99,
      latencySeconds: 0.5,
    },
  },

  local config = self._config,

  // Ranges in the rules that a long scrape interval replaces.
  local windows = { '[5m]': 300, '[10m]': 600, '[15m]': 900, '[30m]': 1800, '[1h]': 3600 },

  local budget(percent) = '* %g' % ((100 - percent) / 100),

  local expr(rule) =
    local slow = std.length(std.findSubstr('slow_requests', std.get(rule, 'record', '') + rule.expr)) > 0;
    local seconds = '%g' % config.slo.latencySeconds;
    // Prometheus 3 stores the bucket 1 as 1.0.
    local bucket = if std.length(std.findSubstr('.', seconds)) > 0 then 'le="%s"' % seconds else 'le=~"%s|%s.0"' % [seconds, seconds];
    local objective =
      if slow
      then std.strReplace(std.strReplace(rule.expr, '* 0.01', budget(config.slo.latency)), 'le="0.5"', bucket)
      else std.strReplace(rule.expr, '* 0.001', budget(config.slo.availability));
    local least = 4 * config.scrapeInterval;
    local widened = std.foldl(
      function(text, window) if windows[window] < least then std.strReplace(text, window, '[%ds]' % least) else text,
      std.objectFields(windows),
      objective
    );
    std.strReplace(std.strReplace(widened, 'job!=""', config.selector), 'namespace!=""', config.kubeSelector),

  local rendered(rule) = rule {
    expr: expr(rule),
    [if std.objectHas(rule, 'annotations') then 'annotations']+: {
      runbook_url: std.strReplace(super.runbook_url, 'docs/alerts.md', config.runbookURL),
    },
  },

  // The groups of all files with the rules of one kind: alert or record.
  local groups(kind) = [
    group { rules: [rendered(rule) for rule in group.rules if std.objectHas(rule, kind)] }
    for file in files
    for group in std.parseYaml(file).groups
    if std.length([rule for rule in group.rules if std.objectHas(rule, kind)]) > 0
  ],

  prometheusAlerts+:: { groups+: groups('alert') },
  prometheusRules+:: { groups+: groups('record') },

  grafanaDashboards+:: {
    'nginx-angie.json': import '../charts/nginx-exporter/dashboards/angie.json',
    'nginx-exporter.json': import '../charts/nginx-exporter/dashboards/exporter.json',
    'nginx-fleet.json': import '../charts/nginx-exporter/dashboards/fleet.json',
    'nginx-plus.json': import '../charts/nginx-exporter/dashboards/plus.json',
    'nginx-red.json': import '../charts/nginx-exporter/dashboards/red.json',
    'nginx-scaling.json': import '../charts/nginx-exporter/dashboards/scaling.json',
    'nginx-single.json': import '../charts/nginx-exporter/dashboards/single.json',
    'nginx-vts.json': import '../charts/nginx-exporter/dashboards/vts.json',
  },
}
