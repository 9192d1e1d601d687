// One card for each target: what it does now, and if it is down, why.

import { quantile } from './model.js'
import * as f from './format.js'
import { ownQuery, query, quantileQuery, shareQuery, trafficQuery } from './promql.js'
import { element, write } from './grid.js'

const history = 150 // points of a sparkline: five minutes

const of = (role, format, label, title = '') => ({
	role, label, title, format,
	query: t => query(t.columns[role].block, 0, role),
})
const facts = [
	of('active', f.count, 'active'),
	of('reading', f.count, 'reading', 'nginx reads the request header'),
	of('writing', f.count, 'writing', 'nginx writes the response'),
	of('waiting', f.count, 'idle'),
	of('processing', f.count, 'in progress', 'requests'),
	of('accepted', f.perSecond, 'accepted'),
	{
		...of('dropped', f.perSecond, 'dropped'), alarm: t => t.values.dropped > .05,
		query: t => t.columns.dropped ? query(t.columns.dropped.block, 0, 'dropped')
			: query(t.columns.accepted.block, 0, 'accepted') + ' - ' + query(t.columns.handled.block, 0, 'handled'),
	},
]
const classes = ['2xx', '3xx', '4xx', '5xx']
const quantiles = [['p50', .5], ['p95', .95], ['p99', .99]]

function list(label) {
	const e = element('dl')
	e.ariaLabel = label
	e.cells = new Map()
	return e
}

class Card {
	constructor(on) {
		this.on = on
		this.points = []
		this.root = element('article', 'card')
		const head = element('h2', '', this.dot = element('span', 'dot'), this.name = element('span'), this.kind = element('small'))
		this.up = this.value('big', t => ownQuery('nginx_up', t))
		this.requests = this.value('big', trafficQuery)
		this.facts = list('Connections')
		this.classes = list('Responses by class')
		this.bar = element('div', 'stack', ...classes.map(c => element('i', 'c' + c)))
		this.latency = list('Latency')
		this.trouble = element('div', 'trouble')
		this.took = this.value('took', t => 'max(' + ownQuery('nginx_exporter_source_duration_seconds', t) + ')')
		this.canvas = element('canvas')
		for (const e of [this.dot, this.bar, this.canvas]) e.ariaHidden = 'true'
		this.root.append(head, element('div', 'top', this.up, this.requests, this.canvas), this.facts, this.bar, this.classes, this.latency, this.trouble, this.took)
	}

	// value returns a button that copies its query.
	value(name, query) {
		const b = element('button', 'v ' + name)
		b.title = 'Copy as PromQL'
		b.addEventListener('click', () => this.on.copy(query(this.target)))
		return b
	}

	// fact shows a value with its label.
	fact(list, label, title, text, query, alarm) {
		let cell = list.cells.get(label)
		if (!cell) {
			const button = this.value('', query)
			const name = element('dt', '', label)
			name.title = title
			cell = { button, box: element('div', '', name, element('dd', '', button)) }
			list.append(cell.box)
			list.cells.set(label, cell)
		}
		cell.seen = true
		cell.box.classList.toggle('alarm', !!alarm)
		write(cell.button, text)
		cell.button.ariaLabel = label + ' ' + text
	}

	sweep(list) {
		for (const [label, cell] of list.cells) {
			if (!cell.seen) {
				cell.box.remove()
				list.cells.delete(label)
			}
			cell.seen = false
		}
		list.hidden = !list.cells.size
	}

	update(t, then, time) {
		this.target = t
		this.root.dataset.state = !t.up ? 'down' : t.sources.some(s => !s.ok) ? 'partial' : 'up'
		write(this.dot, t.up ? '●' : '▲')
		write(this.name, t.name)
		write(this.kind, (t.protocol || '') + ' ' + (t.values.version || ''))
		write(this.up, t.up ? 'up' : 'down')
		this.up.hidden = t.up && 'requests' in t.values
		this.requests.hidden = !t.up || !('requests' in t.values)
		const delta = (role, format) => then ? f.change(t.values[role], then.values[role], format) : ''
		write(this.requests, f.perSecond(t.values.requests) + delta('requests', f.perSecond))
		for (const one of facts) {
			if (one.role in t.values) this.fact(this.facts, one.label, one.title, one.format(t.values[one.role]) + delta(one.role, one.format), one.query, one.alarm?.(t))
		}
		this.sweep(this.facts)
		this.responses(t, delta)
		if (t.latency) {
			for (const [label, q] of quantiles) {
				this.fact(this.latency, label, 'Time from the first byte of a request to the last byte of its response', f.duration(quantile(t.latency.increase, q)),
					t => quantileQuery(t.latency.block, t.latency.column, q))
			}
		}
		this.sweep(this.latency)
		this.explain(t)
		const read = t.sources.filter(s => s.ok)
		this.took.hidden = !read.length
		write(this.took, 'scraped in ' + f.duration(Math.max(0, ...read.map(s => s.seconds))) + (t.sources.length > 1 ? ', ' + read.length + ' of ' + t.sources.length + ' sources' : ''))
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
			if (c in t.values) this.fact(this.classes, c, '', f.perSecond(t.values[c]) + delta(c, f.perSecond), t => query(t.columns[c].block, 0, c), c === '5xx' && t.values[c] / sum >= .01)
		}
		if (sum > 0 && '5xx' in t.values) {
			this.fact(this.classes, '5xx share', '', f.percent(t.values['5xx'] / sum), t => shareQuery(t.columns['5xx'].block, 0, '5xx'), t.values['5xx'] / sum >= .01)
		}
		this.sweep(this.classes)
		this.bar.hidden = !(sum > 0)
		classes.forEach((c, i) => { this.bar.children[i].style.flexGrow = t.values[c] || 0 })
	}

	// explain shows why a target is down and what to do, and which sources failed.
	explain(t) {
		const lines = []
		const failed = e => e ? e.reason + ': ' + e.message : 'no result yet'
		const advise = e => e?.advice && lines.push(['advice', 'Advice: ' + e.advice])
		if (!t.up) {
			lines.push(['reason', failed(t.error)])
			advise(t.error)
		}
		for (const s of t.up ? t.sources.filter(s => !s.ok).slice(0, 20) : []) {
			lines.push(['reason', s.source + ' failed: ' + failed(s.error), s.source])
			advise(s.error)
		}
		if (t.doctor && !t.doctor.done) lines.push(['doctor', 'doctor is examining this target …'])
		for (const d of t.doctor?.findings || []) {
			lines.push(['doctor', 'doctor: ' + d.code + ': ' + d.message])
			for (const fix of d.fix || []) lines.push(['fix', fix])
		}
		this.trouble.hidden = !lines.length
		const text = JSON.stringify(lines)
		if (this.explained === text) return
		this.explained = text
		this.trouble.replaceChildren(...lines.map(([name, line, source]) => {
			if (!source) return element(name === 'fix' ? 'code' : 'p', name, line)
			const b = this.value(name, t => ownQuery('nginx_exporter_source_success', t, [['source', source]]))
			b.textContent = line
			return b
		}))
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
