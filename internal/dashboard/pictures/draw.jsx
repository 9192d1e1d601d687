// Draws a classic dashboard with the components of Grafana. What is in the Grafana server
// and not in its packages is here: the grid, queries, variables, annotations, and the
// panels status-history and table around the components.
//
// Parameters of the page: board, theme (dark or light), from and to (Unix seconds),
// scrape (interval in seconds), var-NAME for variables other than All.
import { useEffect, useLayoutEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import {
  applyFieldOverrides, booleanOverrideProcessor, cacheFieldDisplayNames, createTheme, dateTime, displayNameOverrideProcessor, FieldColorModeId,
  FieldConfigOptionsRegistry, FieldType, getDisplayProcessor, getFieldDisplayValues, identityOverrideProcessor, numberOverrideProcessor,
  standardFieldConfigEditorRegistry, standardTransformers, standardTransformersRegistry, stringOverrideProcessor, thresholdsOverrideProcessor,
  toDataFrame, transformDataFrame, unitOverrideProcessor, valueMappingsOverrideProcessor, VizOrientation,
} from '@grafana/data';
import { BarGauge, BigValue, GlobalStyles, PanelChrome, ThemeContext, TimeSeries } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import '@fontsource/inter/latin-400.css';
import '@fontsource/inter/latin-500.css';

const parameters = new URLSearchParams(location.search);
const from = Number(parameters.get('from'));
const to = Number(parameters.get('to'));
const scrape = Number(parameters.get('scrape'));
const theme = createTheme({ colors: { mode: parameters.get('theme') }, typography: { fontFamily: 'Inter, sans-serif' } });
const range = { from: dateTime(from * 1000), to: dateTime(to * 1000), raw: { from: 'now-3h', to: 'now' } };
const rowHeight = 30;
const gap = 8;

// The registries are filled by the Grafana server; "custom" options belong to panels.
const option = (id, process) => ({
  id, path: id, name: id, description: '', process, editor: () => null, override: () => null, shouldApply: () => true,
});
const standard = [
  option('displayName', displayNameOverrideProcessor), option('unit', unitOverrideProcessor), option('min', numberOverrideProcessor),
  option('max', numberOverrideProcessor), option('decimals', numberOverrideProcessor), option('noValue', stringOverrideProcessor),
  option('color', identityOverrideProcessor), option('thresholds', thresholdsOverrideProcessor), option('mappings', valueMappingsOverrideProcessor),
  option('links', identityOverrideProcessor), option('filterable', booleanOverrideProcessor),
];
standardFieldConfigEditorRegistry.setInit(() => standard);
standardTransformersRegistry.setInit(() => Object.values(standardTransformers)
  .filter((t, i, all) => all.findIndex((o) => o.id === t.id) === i)
  .map((t) => ({ id: t.id, name: t.name, transformation: () => Promise.resolve(t), editor: () => null })));
const custom = ['lineStyle', 'fillOpacity', 'stacking', 'axisPlacement', 'cellOptions', 'drawStyle', 'lineInterpolation', 'lineWidth', 'width',
  'showPoints', 'spanNulls', 'align', 'filterable'];
const registry = new FieldConfigOptionsRegistry(() => [
  ...standard, ...custom.map((name) => ({ ...option('custom.' + name, identityOverrideProcessor), path: name, isCustom: true })),
]);

async function fetchJSON(path, body) {
  const response = await fetch(path, body && { method: 'POST', body: new URLSearchParams(body) });
  const result = await response.json();
  if (result.status === 'error') {
    throw new Error(result.error);
  }
  return result;
}

// selected returns the value of a variable in queries.
function selected(variable) {
  return parameters.get('var-' + variable.name) ?? variable.allValue;
}

function interpolate(text, board, step) {
  const builtIn = { __rate_interval: `${Math.max(step + scrape, 4 * scrape)}s`, __range: `${to - from}s`, __interval: `${step}s` };
  return text.replace(/\$(\w+)/g, (all, name) => {
    const variable = board.templating.list.find((v) => v.name === name);
    return builtIn[name] ?? (variable ? selected(variable) : all);
  });
}

// stepOf is the interval that Grafana chooses for a panel, without its rounding.
function stepOf(panel, width) {
  const points = panel.maxDataPoints || width;
  return Math.max(scrape, Math.ceil((to - from) / points / scrape) * scrape);
}

const legend = (format, labels) => format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '').trim();

async function query(panel, target, board, width) {
  const step = stepOf(panel, width);
  const expr = interpolate(target.expr, board, step);
  if (target.instant) {
    const { data } = await fetchJSON('/prom/api/v1/query', { query: expr, time: to });
    return target.format === 'table' ? tableFrame(target, data.result) : data.result.map((r) => seriesFrame(target, r.metric, [r.value]));
  }
  const { data } = await fetchJSON('/prom/api/v1/query_range', { query: expr, start: from, end: to, step });
  return data.result.map((r) => seriesFrame(target, r.metric, fill(r.values, step)));
}

// fill adds null where there is no sample, so that lines have gaps as in Grafana.
function fill(values, step) {
  const known = new Map(values.map(([at, v]) => [Math.round(at), v]));
  const all = [];
  for (let at = from; at <= to; at += step) {
    all.push([at, known.get(at) ?? null]);
  }
  return all;
}

function seriesFrame(target, labels, values) {
  const name = legend(target.legendFormat ?? '', labels);
  return toDataFrame({
    refId: target.refId, name,
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map(([at]) => at * 1000) },
      { name: 'Value', type: FieldType.number, labels, config: { displayNameFromDS: name }, values: values.map(([, v]) => v === null ? null : Number(v)) },
    ],
  });
}

function tableFrame(target, result) {
  if (result.length === 0) {
    return [];
  }
  const labels = [...new Set(result.flatMap((r) => Object.keys(r.metric)))].sort();
  return [toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: result.map((r) => r.value[0] * 1000) },
      ...labels.map((l) => ({ name: l, type: FieldType.string, values: result.map((r) => r.metric[l] ?? '') })),
      { name: 'Value', type: FieldType.number, values: result.map((r) => Number(r.value[1])) },
    ],
  })];
}

function transform(panel, frames) {
  if (!panel.transformations) {
    return Promise.resolve(frames);
  }
  // Values of several queries in a table are named by their query.
  if (panel.targets.length > 1) {
    for (const frame of frames) {
      frame.fields.filter((f) => f.name === 'Value').forEach((f) => { f.name = 'Value #' + frame.refId; });
    }
  }
  const context = { interpolate: (text) => text };
  return new Promise((resolve, reject) => transformDataFrame(panel.transformations, frames, context).subscribe({ next: resolve, error: reject }));
}

async function load(panel, board, width) {
  const frames = (await Promise.all(panel.targets.map((t) => query(panel, t, board, width)))).flat();
  const data = await transform(panel, frames);
  const result = applyFieldOverrides({
    data, fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry, replaceVariables: (text) => text, theme, timeZone: 'utc',
  });
  cacheFieldDisplayNames(result);
  return result;
}

const empty = (frames) => frames.every((f) => f.length === 0 || f.fields.every((x) => x.type !== FieldType.number || x.values.every((v) => v === null || Number.isNaN(v))));

function Content({ panel, frames, events, width, height }) {
  if (empty(frames) && !(panel.type === 'table' && frames[0]?.length)) {
    const text = panel.fieldConfig.defaults.noValue ?? 'No data';
    if (panel.type === 'stat') {
      const display = getDisplayProcessor({ field: { config: { ...panel.fieldConfig.defaults }, type: FieldType.number }, theme });
      return <BigValue theme={theme} width={width} height={height} value={{ ...display(null), text, color: undefined }} textMode="value" colorMode="none" graphMode="none" justifyMode="auto" text={{ valueSize: 20 }} />;
    }
    return <div className="empty" style={{ width, height }}>{text}</div>;
  }
  switch (panel.type) {
    case 'timeseries':
      return (
        <TimeSeries frames={frames} width={width} height={height} timeRange={range} timeZone="utc" legend={panel.options.legend} options={{}}>
          {(builder) => <Annotations builder={builder} events={events} />}
        </TimeSeries>
      );
    case 'stat':
    case 'bargauge':
      return <Values panel={panel} frames={frames} width={width} height={height} />;
    case 'status-history':
      return <History frames={frames} width={width} height={height} />;
    case 'table':
      return <TableNG data={frames[0]} width={width} height={height} sortBy={panel.options.sortBy} cellHeight={panel.options.cellHeight} enableVirtualization={false} />;
  }
  return <div className="empty">unknown panel {panel.type}</div>;
}

function Annotations({ builder, events }) {
  useLayoutEffect(() => {
    builder.addHook('draw', (u) => {
      for (const { time, color } of events) {
        const x = u.valToPos(time * 1000, 'x', true);
        u.ctx.save();
        u.ctx.strokeStyle = theme.visualization.getColorByName(color);
        u.ctx.setLineDash([4, 4]);
        u.ctx.beginPath();
        u.ctx.moveTo(x, u.bbox.top);
        u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
        u.ctx.stroke();
        u.ctx.restore();
      }
    });
  }, [builder, events]);
  return null;
}

function Values({ panel, frames, width, height }) {
  const values = getFieldDisplayValues({
    data: frames, fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables: (t) => t, theme,
    timeZone: 'utc', sparkline: panel.options.graphMode === 'area',
  });
  const bars = panel.type === 'bargauge';
  const each = bars ? Math.min(40, height / values.length) : height;
  const share = bars ? width : width / values.length;
  return (
    <div style={{ display: 'flex', flexDirection: bars ? 'column' : 'row' }}>
      {values.map((v, i) => bars
        ? <BarGauge key={i} theme={theme} width={width} height={each} value={v.display} field={v.field} display={v.view?.getFieldDisplayProcessor(v.colIndex)}
            orientation={VizOrientation.Horizontal} displayMode={panel.options.displayMode} showUnfilled itemSpacing={8} text={panel.options.text} />
        : <BigValue key={i} theme={theme} width={share} height={each} value={v.display} sparkline={v.sparkline} colorMode={panel.options.colorMode}
            graphMode={panel.options.graphMode} justifyMode="auto" text={panel.options.text} disableWideLayout={!panel.options.wideLayout} textMode={panel.options.textMode === 'auto' && values.length === 1 ? 'value' : panel.options.textMode} />)}
    </div>
  );
}

// History is the panel status-history: a row of cells per series.
function History({ frames, width, height }) {
  const labels = 130;
  const each = Math.min(40, (height - 20) / frames.length);
  const times = frames[0].fields[0].values;
  return (
    <svg width={width} height={height} fontFamily="Inter" fontSize="12" fill={theme.colors.text.primary}>
      {frames.map((frame, row) => {
        const field = frame.fields[1];
        const cell = (width - labels) / field.values.length;
        return (
          <g key={row}>
            <text x={labels - 8} y={row * each + each / 2 + 4} textAnchor="end">{field.config.displayNameFromDS}</text>
            {field.values.map((v, i) => v !== null && (
              <rect key={i} x={labels + i * cell} y={row * each + 1} width={cell - 0.5} height={each - 3} fill={field.display(v).color} fillOpacity="0.8" />
            ))}
          </g>
        );
      })}
      {[0.1, 0.3, 0.5, 0.7, 0.9].map((x) => (
        <text key={x} x={labels + x * (width - labels)} y={frames.length * each + 14} textAnchor="middle">
          {new Date(times[Math.floor(x * (times.length - 1))]).toISOString().slice(11, 16)}
        </text>
      ))}
    </svg>
  );
}

function Panel({ panel, board, events, width, report }) {
  const [state, setState] = useState();
  const height = panel.gridPos.h * (rowHeight + gap) - gap;
  useEffect(() => {
    load(panel, board, width).then((frames) => setState({ frames }), (error) => setState({ error: String(error) }));
  }, []);
  useEffect(() => {
    if (state) {
      const lines = state.frames?.reduce((n, f) => n + (panel.type === 'table' ? 0 : f.fields.length - 1), 0);
      report({ panel: panel.title, type: panel.type, error: state.error, empty: !state.error && empty(state.frames), lines, rows: state.frames?.[0]?.length });
    }
  }, [state]);
  return (
    <PanelChrome title={panel.title} description={panel.description} width={width} height={height}>
      {(w, h) => state && (state.error ? <div className="empty">{state.error}</div>
        : <Content panel={panel} frames={state.frames} events={events} width={w} height={h} />)}
    </PanelChrome>
  );
}

// sendWhenDrawn sends the report as soon as all graphs exist and no canvas is blank.
function sendWhenDrawn(reports, tries) {
  const graphs = reports.filter((r) => r.type === 'timeseries' && !r.empty && !r.error).length;
  const missing = graphs - document.querySelectorAll('[data-type=timeseries] canvas').length;
  const blank = [...document.querySelectorAll('canvas')].filter((c) => c.width > 0 && c.height > 0
    && !c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((byte) => byte !== 0)).length;
  if ((missing > 0 || blank > 0) && tries > 0) {
    setTimeout(() => sendWhenDrawn(reports, tries - 1), 100);
    return;
  }
  if (missing > 0 || blank > 0) {
    reports.push({ panel: 'dashboard', error: `${missing} graphs are missing, ${blank} are blank` });
  }
  fetch('/report', { method: 'POST', body: JSON.stringify(reports) });
}

function Board({ board, events }) {
  const width = window.innerWidth - 2 * gap; // #root has this padding
  const column = (width + gap) / 24;
  const panels = board.panels.filter((p) => p.type !== 'row');
  const [reports] = useState([]);
  const report = (r) => {
    reports.push(r);
    if (reports.length === panels.length) {
      sendWhenDrawn(reports, 600);
    }
  };
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div className="bar">
        <b>{board.title}</b>
        {board.templating.list.filter((v) => v.type === 'query').map((v) => (
          <span key={v.name}><i>{v.label}</i><u>{parameters.get('var-' + v.name) ?? 'All'}</u></span>
        ))}
        <em>{range.from.utc().format('HH:mm')} to {range.to.utc().format('HH:mm')}</em>
      </div>
      <div className="grid">
        {board.panels.map((p) => {
          const at = { position: 'absolute', left: p.gridPos.x * column, top: p.gridPos.y * (rowHeight + gap), width: p.gridPos.w * column - gap };
          return (
            <div key={p.id} style={at} data-type={p.type}>
              {p.type === 'row' ? <h3>⌄ {p.title}</h3> : <Panel panel={p} board={board} events={events} width={at.width} report={report} />}
            </div>
          );
        })}
      </div>
    </ThemeContext.Provider>
  );
}

async function annotations(board) {
  const events = [];
  for (const a of board.annotations.list.filter((x) => x.enable && x.expr)) {
    const step = Math.max(scrape, 60);
    const { data } = await fetchJSON('/prom/api/v1/query_range', { query: interpolate(a.expr, board, step), start: from, end: to, step });
    data.result.forEach((r) => events.push({ time: r.values[0][0], color: a.iconColor }));
  }
  return events;
}

async function main() {
  const board = await fetchJSON(`/boards/${parameters.get('board')}.json`);
  const events = await annotations(board);
  await document.fonts.load('500 14px Inter');
  document.body.style.background = theme.colors.background.canvas;
  document.body.style.color = theme.colors.text.primary;
  createRoot(document.getElementById('root')).render(<Board board={board} events={events} />);
}

main().catch((error) => {
  document.body.textContent = String(error.stack);
  fetch('/report', { method: 'POST', body: JSON.stringify([{ panel: 'dashboard', error: String(error.stack) }]) });
});
