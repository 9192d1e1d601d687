'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const {load, results} = data;
  const charts = document.getElementById('charts');
  const tip = document.getElementById('tip');
  const svgNS = 'http://www.w3.org/2000/svg';
  const hidden = new Set();
  const end = load.end - load.begin;
  let view = [0, end];
  let cursor = null;
  let drag = null;

  const number = (f) => {
    if (f === null) return 'no ready pod';
    if (f >= 1000) return Math.round(f).toLocaleString('en-US');
    return String(Number(f.toPrecision(3)));
  };
  const count = (f) => String(Number(f.toFixed(1)));
  const duration = (s) => {
    s = Math.round(s);
    if (s >= 86400) s = 60 * Math.round(s / 60);
    if (s === 0) return '0s';
    const units = [[86400, 'd'], [3600, 'h'], [60, 'm'], [1, 's']];
    let text = '';
    for (const [size, name] of units) {
      const n = Math.floor(s / size);
      if (n > 0) text += n + name;
      s -= n * size;
    }
    return text;
  };
  const percent = (share) => (share > 0 && share < 0.0001 ? '<0.01%' : Number((share * 100).toFixed(2)) + '%');
  const clock = (t) => (load.relative ? duration(t) : new Date((load.begin + t) * 1000).toISOString().slice(0, 19).replace('T', ' '));
  const element = (parent, name, attributes, text) => {
    const e = document.createElementNS(svgNS, name);
    for (const key in attributes) e.setAttribute(key, attributes[key]);
    if (text !== undefined) e.textContent = text;
    parent.appendChild(e);
    return e;
  };
  const html = (parent, name, text, className) => {
    const e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    if (className) e.className = className;
    parent.appendChild(e);
    return e;
  };
  const color = (i) => `var(--c${i % 8})`;

  document.getElementById('load').textContent = `Load: ${load.name}, ${duration(end)}, ${number(load.min)} to ${number(load.max)} requests per second`;
  document.getElementById('about').textContent = results.length === 1 ? results[0].setting : `${results.length} settings compared`;
  for (const note of data.notes) html(document.getElementById('notes'), 'p', 'Note: ' + note);

  const body = document.getElementById('results');
  results.forEach((r, i) => {
    const row = html(body, 'tr');
    const toggle = html(html(row, 'td'), 'button');
    toggle.type = 'button';
    toggle.title = r.setting;
    toggle.setAttribute('aria-pressed', 'true');
    html(toggle, 'span', '', 'swatch').style.background = color(i);
    html(toggle, 'span', r.name);
    const cells = [
      number(r.pod_hours), `${duration(r.above_target_seconds)} (${percent(r.above_target_share)})`,
      `${number(r.unserved_requests)} (${percent(r.requests ? r.unserved_requests / r.requests : 0)})`,
      `${r.lowest_replicas} to ${r.highest_replicas}`, `${r.scale_ups}/${r.scale_downs}`, r.flaps, number(r.highest_load_per_pod),
    ];
    for (const cell of cells) html(row, 'td', cell);
    toggle.addEventListener('click', () => {
      if (!hidden.delete(i)) hidden.add(i);
      row.classList.toggle('off', hidden.has(i));
      toggle.setAttribute('aria-pressed', String(!hidden.has(i)));
      draw();
    });
  });

  const panels = [
    {title: 'Request rate', unit: 'requests per second', height: 150, values: (t) => t.rate, area: true},
    {title: 'Replicas', unit: 'dotted: ready', height: 170, values: (t) => t.replicas, second: (t) => t.ready, steps: true},
    {title: 'Highest load of a ready pod', unit: 'requests per second; dashed: target', height: 190, values: (t) => t.highest_load_per_pod, limit: (r) => r.above},
  ];
  for (const panel of panels) {
    const box = html(charts, 'div', undefined, 'chart');
    const title = html(box, 'h2', panel.title + ' ');
    html(title, 'span', panel.unit);
    panel.svg = element(box, 'svg', {height: panel.height});
  }

  // The distance of the marks of an axis, and the highest one. Replicas have no fractions.
  const scale = (highest, whole) => {
    const rough = Math.max(highest / 5, whole ? 1 : 1e-9);
    const power = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((s) => s >= rough && (!whole || Number.isInteger(s)));
    return {step, top: step * Math.max(Math.ceil(highest / step), 1)};
  };
  const timeStep = (span, count) => {
    const steps = [1, 5, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];
    return steps.find((s) => span / s <= count) || steps[steps.length - 1];
  };
  // The columns of the chart that are in view, with the highest value of each.
  const visible = (timeline, values, width, highest) => {
    const from = Math.max(0, Math.floor(view[0] / timeline.width));
    const to = Math.min(values.length, Math.ceil(view[1] / timeline.width) + 1);
    const per = Math.max(1, Math.ceil((to - from) / width));
    const points = [];
    for (let i = from; i < to; i += per) {
      let top = values[i];
      for (let j = i + 1; j < Math.min(i + per, to); j++) {
        if (top === null || values[j] === null) top = null;
        else if (highest) top = Math.max(top, values[j]);
      }
      points.push([i * timeline.width, top]);
    }
    if (points.length) points.push([Math.min(to * timeline.width, end), points[points.length - 1][1]]);
    return points;
  };
  const left = 48;
  const right = 8;
  const bottom = 20;
  const shown = () => results.map((r, i) => [r, i]).filter(([, i]) => !hidden.has(i));
  const area = (panel) => ({width: Math.max(panel.svg.clientWidth - left - right, 50), height: panel.height - bottom - 8});
  const x = (t, a) => left + ((t - view[0]) / (view[1] - view[0])) * a.width;

  const curve = (panel, points, a, top, style) => {
    let path = '';
    let before = null;
    const y = (v) => 8 + a.height * (1 - Math.min(v, top) / top);
    for (const [t, v] of points) {
      const at = Math.min(Math.max(x(t, a), left), left + a.width).toFixed(1);
      const high = y(v === null ? top : v).toFixed(1);
      if (before === null) path += `M${at},${high}`;
      else if (style.steps) path += `H${at}V${high}`;
      else path += `L${at},${high}`;
      before = v;
    }
    const attributes = {d: path, class: style.name};
    if (style.color) attributes.stroke = style.color;
    if (style.dash) attributes['stroke-dasharray'] = style.dash;
    element(panel.svg, 'path', attributes);
    return path;
  };

  const axes = (panel, a, {step: mark, top}) => {
    const marks = Math.round(top / mark);
    for (let i = 0; i <= marks; i++) {
      const y = 8 + a.height * (1 - i / marks);
      element(panel.svg, 'line', {x1: left, x2: left + a.width, y1: y, y2: y, class: i ? 'grid' : 'axis'});
      element(panel.svg, 'text', {x: left - 6, y: y + 4, 'text-anchor': 'end', class: 'label'}, number(mark * i));
    }
    const step = timeStep(view[1] - view[0], Math.max(2, a.width / 110));
    const offset = load.relative ? 0 : load.begin % step;
    for (let t = Math.ceil((view[0] + offset) / step) * step - offset; t <= view[1]; t += step) {
      const at = x(t, a);
      element(panel.svg, 'line', {x1: at, x2: at, y1: 8, y2: 8 + a.height, class: 'grid'});
      const text = load.relative ? duration(t) : step >= 86400 ? clock(t).slice(5, 10) : clock(t).slice(5, 16);
      element(panel.svg, 'text', {x: at, y: panel.height - 4, 'text-anchor': at > left + a.width - 30 ? 'end' : 'middle', class: 'label'}, text);
    }
  };

  const draw = () => {
    for (const panel of panels) {
      const a = area(panel);
      panel.svg.replaceChildren();
      const list = panel.area ? [[results[0], 0]] : shown();
      const curves = list.map(([r, i]) => [r, i, visible(r.timeline, panel.values(r.timeline), a.width, !panel.steps)]);
      let top = 0;
      for (const [r, , points] of curves) {
        for (const [, v] of points) top = Math.max(top, v === null ? 0 : v);
        if (panel.limit) top = Math.max(top, panel.limit(r) * 1.2);
      }
      const axis = scale(top || 1, panel.steps);
      top = axis.top;
      axes(panel, a, axis);
      for (const [r, i, points] of curves) {
        if (panel.area) {
          const path = curve(panel, points, a, top, {name: 'load-line'});
          element(panel.svg, 'path', {d: `${path}V${8 + a.height}H${left}Z`, class: 'load'});
          continue;
        }
        if (panel.second) curve(panel, visible(r.timeline, panel.second(r.timeline), a.width, false), a, top, {name: 'curve', color: color(i), dash: '1 3', steps: true});
        curve(panel, points, a, top, {name: 'curve', color: color(i), steps: panel.steps});
        if (panel.limit) {
          const y = 8 + a.height * (1 - panel.limit(r) / top);
          element(panel.svg, 'line', {x1: left, x2: left + a.width, y1: y, y2: y, class: 'limit', stroke: color(i)});
        }
      }
      panel.brush = element(panel.svg, 'rect', {y: 8, height: a.height, width: 0, class: 'brush'});
      panel.line = element(panel.svg, 'line', {y1: 8, y2: 8 + a.height, class: 'cursor', visibility: 'hidden'});
    }
    point();
  };

  // The cursor and its values.
  const point = (event) => {
    tip.hidden = cursor === null;
    for (const panel of panels) {
      panel.line.setAttribute('visibility', cursor === null ? 'hidden' : 'visible');
      if (cursor === null) continue;
      const at = x(cursor, area(panel));
      panel.line.setAttribute('x1', at);
      panel.line.setAttribute('x2', at);
    }
    if (cursor === null) return;
    tip.replaceChildren();
    const at = (timeline, values) => values[Math.min(Math.floor(cursor / timeline.width), values.length - 1)];
    html(tip, 'b', clock(cursor));
    html(tip, 'div', `${number(at(results[0].timeline, results[0].timeline.rate))} requests per second`);
    for (const [r, i] of shown()) {
      const row = html(tip, 'div');
      html(row, 'span', '', 'swatch').style.background = color(i);
      const t = r.timeline;
      html(row, 'span', `${r.name}: ${count(at(t, t.replicas))} replicas, ${count(at(t, t.ready))} ready, ${number(at(t, t.highest_load_per_pod))} per pod`);
    }
    const box = panels[0].svg.getBoundingClientRect();
    const px = event ? event.clientX : box.left + x(cursor, area(panels[0]));
    const py = event ? event.clientY : box.top + 40;
    const width = tip.offsetWidth;
    tip.style.left = Math.max(4, px + 16 + width > window.innerWidth ? px - width - 16 : px + 16) + 'px';
    tip.style.top = Math.min(py + 16, window.innerHeight - tip.offsetHeight - 4) + 'px';
  };
  const time = (event) => {
    const a = area(panels[0]);
    const share = (event.clientX - panels[0].svg.getBoundingClientRect().left - left) / a.width;
    return view[0] + Math.min(Math.max(share, 0), 1) * (view[1] - view[0]);
  };

  charts.addEventListener('pointermove', (event) => {
    cursor = Math.min(time(event), end - 1e-6);
    if (drag !== null) {
      const [from, to] = [Math.min(drag, cursor), Math.max(drag, cursor)];
      for (const panel of panels) {
        const a = area(panel);
        panel.brush.setAttribute('x', x(from, a));
        panel.brush.setAttribute('width', x(to, a) - x(from, a));
      }
    }
    point(event);
  });
  charts.addEventListener('pointerleave', () => {
    cursor = null;
    drag = null;
    draw();
  });
  charts.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse') drag = time(event);
  });
  charts.addEventListener('pointerup', (event) => {
    if (drag === null) return;
    const [from, to] = [Math.min(drag, time(event)), Math.max(drag, time(event))];
    drag = null;
    if (to - from > (view[1] - view[0]) / 50) {
      view = [from, to];
      cursor = null;
    }
    draw();
  });
  charts.addEventListener('dblclick', () => {
    view = [0, end];
    draw();
  });
  charts.addEventListener('keydown', (event) => {
    const step = (view[1] - view[0]) / 100;
    const moves = {ArrowLeft: -step, ArrowRight: step};
    if (event.key === 'Escape') {
      view = [0, end];
      cursor = null;
    } else if (event.key in moves) {
      const from = cursor === null ? view[0] : cursor;
      cursor = Math.min(Math.max(from + moves[event.key], view[0]), Math.min(view[1], end - 1e-6));
    } else {
      return;
    }
    event.preventDefault();
    draw();
  });
  new ResizeObserver(draw).observe(charts);
  draw();
})();
