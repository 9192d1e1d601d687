// One card for each target: what it does now, and if it is down, why.

import { quantile } from './model.js'
import * as f from './format.js'
import { ownQuery, query, quantileQuery, shareQuery, trafficQuery } from './promql.js'
import { element } from './grid.js'

const history = 150 // points of a sparkline: five minutes

const of = (role, format, label, title) => ({
  role, label, title, get: t => t.values[role], format,
  query: t => query(t.columns[role].block, 0, role),
})
const facts = [
  of('active', f.count, 'active', 'Active connections'),
  of('reading', f.count, 'reading', 'Connections on which nginx reads the request header'),
  of('writing', f.count, 'writing', 'Connections on which nginx writes the response'),
  of('waiting', f.count, 'idle', 'Idle connections'),
  of('processing', f.count, 'in progress', 'Requests that are being processed'),
  of('accepted', f.perSecond, 'accepted', 'Connections accepted per second'),
  {
    ...of('dropped', f.perSecond, 'dropped', 'Connections dropped per second'), alarm: t => t.values.dropped > .05,
    query: t => t.columns.dropped ? query(t.columns.dropped.block, 0, 'dropped')
      : query(t.columns.accepted.block, 0, 'accepted') + ' - ' + query(t.columns.handled.block, 0, 'handled'),
  },
]
const classes = ['2xx', '3xx', '4xx', '5xx']
const quantiles = [['p50', .5], ['p95', .95], ['p99', .99]]

class Card {
  constructor(on) {
    this.on = on
    this.points = []
    this.root = element('article', 'card')
    const head = element('h3')
    this.dot = element('span', 'dot')
    this.dot.setAttribute('aria-hidden', 'true')
    this.name = element('span', 'name')
    this.kind = element('small')
    head.append(this.dot, this.name, this.kind)
    this.up = this.value('big', t => ownQuery('nginx_up', t))
    this.requests = this.value('big', t => t.columns.requests ? trafficQuery(t) : '')
    this.canvas = element('canvas', 'spark')
    this.canvas.setAttribute('aria-hidden', 'true')
    const top = element('div', 'top')
    top.append(this.up, this.requests, this.canvas)
    this.facts = element('dl', 'facts')
    this.facts.setAttribute('aria-label', 'Connections')
    this.facts.cells = new Map()
    this.classes = element('dl', 'classes')
    this.classes.setAttribute('aria-label', 'Responses by class')
    this.classes.cells = new Map()
    this.bar = element('div', 'stack')
    this.bar.setAttribute('aria-hidden', 'true')
    this.bar.append(...classes.map(c => element('i', 'c' + c)))
    this.latency = element('dl', 'latency')
    this.latency.setAttribute('aria-label', 'Latency')
    this.latency.cells = new Map()
    this.sources = element('ul', 'sources')
    this.trouble = element('div', 'trouble')
    this.root.append(head, top, this.facts, this.bar, this.classes, this.latency, this.trouble, this.sources)
  }

  // value returns a button that copies its query.
  value(name, query) {
    const b = element('button', 'v ' + name, '')
    b.title = 'Copy as PromQL'
    b.addEventListener('click', () => this.on.copy(query(this.target)))
    return b
  }

  write(e, text) {
    if (e.textContent !== text) e.textContent = text
  }

  // fact shows a value with its label.
  fact(list, label, title, text, query, alarm) {
    let cell = list.cells.get(label)
    if (!cell) {
      cell = { box: element('div'), button: this.value('', query) }
      const dt = element('dt', '', label)
      const dd = element('dd')
      if (title) dt.title = title
      cell.button.setAttribute('aria-label', label)
      dd.append(cell.button)
      cell.box.append(dt, dd)
      list.append(cell.box)
      list.cells.set(label, cell)
    }
    cell.seen = true
    cell.box.classList.toggle('alarm', !!alarm)
    this.write(cell.button, text)
    cell.button.setAttribute('aria-label', label + ' ' + text)
  }

  sweep(list) {
    for (const [label, cell] of list.cells) {
      if (!cell.seen) {
        cell.box.remove()
        list.cells.delete(label)
      }
      cell.seen = false
    }
    list.hidden = list.cells.size === 0
  }

  update(t, then, time) {
    this.target = t
    this.root.dataset.state = !t.up ? 'down' : t.sources.some(s => !s.ok) ? 'partial' : 'up'
    this.write(this.dot, t.up ? '●' : '▲')
    this.write(this.name, t.name)
    const version = t.values.version ? ' ' + t.values.version.replace(/^nginx\//, '') : ''
    this.write(this.kind, (t.protocol || '') + version)
    this.write(this.up, t.up ? 'up' : 'down')
    this.up.hidden = t.up && 'requests' in t.values
    this.requests.hidden = !('requests' in t.values)
    const delta = (role, format) => then ? f.change(t.values[role], then.values[role], format) : ''
    this.write(this.requests, f.perSecond(t.values.requests) + delta('requests', f.perSecond))
    for (const one of facts) {
      if (one.role in t.values) this.fact(this.facts, one.label, one.title, one.format(one.get(t)) + delta(one.role, one.format), one.query, one.alarm?.(t))
    }
    this.sweep(this.facts)
    this.responses(t, delta)
    if (t.latency) {
      for (const [label, q] of quantiles) {
        this.fact(this.latency, label, label + ' of the time from the first byte of a request to the last of its response', f.duration(quantile(t.latency.increase, q)),
          t => quantileQuery(t.latency.block, t.latency.column, q))
      }
    }
    this.sweep(this.latency)
    this.explain(t)
    this.list(t)
    if (this.time !== time) {
      this.time = time
      this.points.push(t.up ? t.values.requests : NaN)
      if (this.points.length > history) this.points.shift()
    }
    this.draw()
  }

  responses(t, delta) {
    let sum = 0
    for (const c of classes) sum += t.values[c] || 0
    for (const c of classes) {
      if (!(c in t.values)) continue
      this.fact(this.classes, c, 'Responses per second with status ' + c, f.perSecond(t.values[c]) + delta(c, f.perSecond), t => query(t.columns[c].block, 0, c), c === '5xx' && t.values[c] / sum >= .01)
    }
    if (sum > 0 && '5xx' in t.values) {
      this.fact(this.classes, '5xx share', '', f.percent(t.values['5xx'] / sum), t => shareQuery(t.columns['5xx'].block, 0, '5xx'), t.values['5xx'] / sum >= .01)
    }
    this.sweep(this.classes)
    this.bar.hidden = !(sum > 0)
    classes.forEach((c, i) => { this.bar.children[i].style.flexGrow = t.values[c] || 0 })
  }

  // explain shows why a target is down and what to do.
  explain(t) {
    const lines = []
    if (!t.up && t.error) {
      lines.push(['reason', t.error.reason + ': ' + t.error.message])
      if (t.error.advice) lines.push(['advice', 'Advice: ' + t.error.advice])
    } else if (!t.up) lines.push(['reason', 'no result yet'])
    if (t.doctor) {
      if (!t.doctor.done) lines.push(['doctor', 'doctor is examining this target …'])
      for (const d of t.doctor.findings) {
        lines.push(['doctor', 'doctor: ' + d.code + ': ' + d.message])
        for (const e of d.evidence || []) lines.push(['evidence', e.name + ': ' + e.value])
        for (const fix of d.fix || []) lines.push(['fix', fix])
      }
    }
    const text = JSON.stringify(lines)
    if (this.explained === text) return
    this.explained = text
    this.trouble.hidden = lines.length === 0
    this.trouble.replaceChildren(...lines.map(([name, line]) => element(name === 'fix' ? 'code' : 'p', name, line)))
  }

  // list shows the sources: those that failed, and how long the others took.
  list(t) {
    const failed = t.up ? t.sources.filter(s => !s.ok) : []
    const text = JSON.stringify(failed.map(s => [s.source, s.error]))
    if (this.listed !== text) {
      this.listed = text
      this.sources.replaceChildren(...failed.slice(0, 20).map(s => {
        const item = element('li', 'failed')
        const b = this.value('', t => ownQuery('nginx_exporter_source_success', t, [['source', s.source]]))
        b.textContent = s.source + ' failed: ' + (s.error ? s.error.reason + ': ' + s.error.message : 'timeout')
        item.append(b)
        if (s.error?.advice) item.append(element('p', 'advice', 'Advice: ' + s.error.advice))
        return item
      }))
      this.took = element('li')
      this.tookButton = this.value('', t => 'max(' + ownQuery('nginx_exporter_source_duration_seconds', t) + ')')
      this.took.append(this.tookButton)
      this.sources.append(this.took)
    }
    const read = t.sources.filter(s => s.ok)
    this.took.hidden = read.length === 0
    this.write(this.tookButton, 'scraped in ' + f.duration(Math.max(0, ...read.map(s => s.seconds))) + (t.sources.length > 1 ? ', ' + read.length + ' of ' + t.sources.length + ' sources' : ''))
  }

  draw() {
    const { canvas, points } = this
    const ratio = window.devicePixelRatio || 1
    const [width, height] = [canvas.clientWidth * ratio | 0, canvas.clientHeight * ratio | 0]
    if (!width || !height) return
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    const c = canvas.getContext('2d')
    c.clearRect(0, 0, width, height)
    const top = Math.max(...points.filter(Number.isFinite), 1e-9)
    c.strokeStyle = getComputedStyle(canvas).color
    c.lineWidth = 1.5 * ratio
    c.beginPath()
    let open = false
    points.forEach((v, i) => {
      if (!Number.isFinite(v)) {
        open = false
        return
      }
      const x = width - (points.length - 1 - i) * width / (history - 1)
      const y = height - ratio - v / top * (height - 3 * ratio)
      open ? c.lineTo(x, y) : c.moveTo(x, y)
      open = true
    })
    c.stroke()
  }
}

// Cards shows the targets, those with problems first. Of many targets only those with
// problems have a card; the others are in the table.
export class Cards {
  constructor(parent, on) {
    this.parent = parent
    this.on = on
    this.cards = new Map()
  }

  update(frame, then, most, only) {
    const bad = t => !t.up ? 2 : t.sources.some(s => !s.ok) ? 1 : 0
    const all = frame.targets.filter(t => !only || t.name === only).sort((a, b) => bad(b) - bad(a))
    const shown = all.length <= most ? all : all.filter(bad).slice(0, 4 * most)
    const order = []
    for (const t of shown) {
      let card = this.cards.get(t.id)
      if (!card) this.cards.set(t.id, card = new Card(this.on))
      order.push(card.root)
      card.update(t, then && then.targets.find(o => o.id === t.id), frame.time)
    }
    for (const [id, card] of this.cards) {
      if (!shown.some(t => t.id === id)) {
        card.root.remove()
        this.cards.delete(id)
      }
    }
    order.forEach((root, i) => { if (this.parent.children[i] !== root) this.parent.insertBefore(root, this.parent.children[i] || null) })
    for (const card of this.cards.values()) if (!card.canvas.width || card.canvas.width === 300) card.draw()
  }
}
