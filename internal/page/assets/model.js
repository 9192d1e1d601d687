// The state of /api/v1/state as rows with rates. It knows roles (requests, state, ...), no
// protocol. What is not known is NaN, never 0.

const windowSeconds = 10 // rates are over at most this long
const maxFrames = 6

export const kinds = ['server', 'upstream', 'zone', 'nginx']
const isBad = { unavailable: 3, unhealthy: 3, down: 2, checking: 1, busy: 1, draining: 1, unknown: 1, up: 0 }
export const states = Object.keys(isBad)
export const severity = state => isBad[state] ?? 0
const classes = ['1xx', '2xx', '3xx', '4xx', '5xx']

// Block has the rows of one table of one target.
class Block {
	constructor(id, target, table, before) {
		Object.assign(this, { id, target, table, columns: {}, raw: {} })
		this.size = table.names.length ? table.names[0].length : 1
		// Names mostly stay, so that their memory is shared by all frames.
		this.names = before && same(before.names, table.names) ? before.names : table.names
		for (const c of table.columns) {
			if (c.role in this.columns) continue
			this.columns[c.role] = c
			const raw = (this.raw[c.role] = new Float64Array(this.size))
			for (let i = 0; i < this.size; i++) raw[i] = c.values[i] ?? NaN
			c.values = null
		}
	}

	// place returns the row of another block's row, -1 if there is none.
	place(other, i) {
		if (other.names === this.names) return i
		this.byName ??= indexOf(this.size, i => this.key(i))
		return this.byName.get(other.key(i)) ?? -1
	}

	key(i) {
		return this.names.map(n => n[i]).join('\n')
	}

	// values returns a role as it is shown: counters per second, since one of the bases.
	values(role, bases) {
		const c = this.columns[role]
		if (!c) return null
		const now = this.raw[role]
		if (c.type !== 'counter') return now
		const rate = new Float64Array(this.size).fill(NaN)
		for (const base of bases) {
			const then = base.block.raw[role]
			if (!then) continue
			for (let i = 0; i < this.size; i++) {
				if (!Number.isNaN(rate[i])) continue
				const j = base.block.place(this, i)
				// A counter that has decreased began again, so that the rate is not known.
				if (j >= 0 && now[i] >= then[j]) rate[i] = (now[i] - then[j]) / base.seconds
			}
		}
		return rate
	}
}

const same = (a, b) => a.length === b.length && a.every((n, i) => n.length === b[i].length && n.every((v, j) => v === b[i][j]))

const indexOf = (size, key) => new Map(Array.from({ length: size }, (_, i) => [key(i), i]))

// Rows are the objects of one kind in all targets, by columns.
class Rows {
	constructor(kind) {
		// group is the upstream of a server, and 3 the worst of bad.
		Object.assign(this, { kind, size: 0, blocks: [], values: {}, state: [], name: [], group: [], bad: [], block: [], place: [] })
	}

	add(block, bases) {
		const from = this.size
		this.blocks.push(block)
		this.size += block.size
		for (const role of Object.keys(block.columns)) {
			const values = block.values(role, bases)
			if (values) this.column(role, from).set(values, from)
		}
		for (const role in this.values) this.column(role, from)
		const last = block.names.length - 1
		const status = block.columns.state
		if (status) block.states = status.states
		for (let i = 0; i < block.size; i++) {
			this.name.push(last < 0 ? block.target.name : block.names[last][i])
			this.group.push(last > 0 ? block.names[0][i] : '')
			this.state.push(status ? status.states[i] || 'unknown' : '')
			this.block.push(block)
			this.place.push(i)
		}
	}

	column(role, keep) {
		const old = this.values[role]
		if (old && old.length === this.size) return old
		const values = new Float64Array(this.size).fill(NaN)
		if (old) values.set(old.subarray(0, keep))
		return (this.values[role] = values)
	}

	get(role, i) {
		return this.values[role] ? this.values[role][i] : NaN
	}

	has(role) {
		return role in this.values
	}

	key(i) {
		return this.block[i].id + '\n' + this.group[i] + '\n' + this.name[i]
	}

	index() {
		return (this.byKey ??= indexOf(this.size, i => this.key(i)))
	}

	// share returns the part of responses with a class, NaN without responses.
	share(role, i) {
		let sum = 0
		if (!this.has(role)) return NaN
		for (const c of classes) sum += this.get(c, i) || 0
		return sum > 0 ? this.get(role, i) / sum : NaN
	}

	// addTarget adds a row for a target, beside its card.
	addTarget(target) {
		const i = this.size++
		this.name.push(target.name)
		this.group.push('')
		this.state.push(target.up ? 'up' : 'down')
		this.bad.push(target.up ? 0 : 3)
		const columns = {}
		for (const role in target.columns) columns[role] = target.columns[role].column
		this.block.push({ id: 'target\n' + target.id, target, table: { by: [], title: '' }, names: [], columns })
		this.place.push(0)
		for (const role in target.values) if (role !== 'version') this.column(role, i)[i] = target.values[role]
		for (const role in this.values) this.column(role, i)
	}

	judge() {
		for (let i = 0; i < this.size; i++) {
			let bad = severity(this.state[i])
			const errors = this.get('5xx', i) > 0 ? this.share('5xx', i) : 0
			if (errors >= .05) bad = Math.max(bad, 2)
			else if (errors >= .01) bad = Math.max(bad, 1)
			this.bad[i] = bad
		}
	}
}

// upstreams adds up servers, and takes over what is known of the upstreams themselves.
function upstreams(servers, own) {
	const rows = new Rows('upstream')
	const index = new Map()
	const places = new Int32Array(servers.size)
	rows.counts = []
	let at
	for (let i = 0; i < servers.size; i++) {
		// Servers of an upstream mostly follow each other.
		const again = i && servers.group[i] === servers.group[i - 1] && servers.block[i] === servers.block[i - 1]
		const id = again || servers.block[i].id + '\n' + servers.group[i]
		if (!again) at = index.get(id)
		if (at === undefined) {
			index.set(id, at = rows.size++)
			rows.name.push(servers.group[i])
			rows.group.push('')
			rows.block.push(servers.block[i])
			rows.place.push(servers.place[i])
			rows.counts.push({})
		}
		places[i] = at
		const counts = rows.counts[at]
		counts[servers.state[i]] = (counts[servers.state[i]] || 0) + 1
	}
	for (const role of ['requests', 'active', ...classes, 'sent', 'received', 'fails']) {
		if (!servers.has(role)) continue
		const sums = (rows.values[role] = new Float64Array(rows.size).fill(NaN))
		const of = servers.values[role]
		for (let i = 0; i < servers.size; i++) if (!Number.isNaN(of[i])) sums[places[i]] = (sums[places[i]] || 0) + of[i]
	}
	// What is known of an upstream itself is in a row of its own.
	const key = (r, i) => r.block[i].target.id + '\n' + r.name[i]
	const byName = indexOf(own.size, i => key(own, i))
	rows.own = rows.name.map((_, i) => rows.block[i].table.title === 'servers' ? byName.get(key(rows, i)) : undefined)
	rows.more = own
	for (const role in own.values) rows.values[role] = Float64Array.from(rows.own, j => own.get(role, j))
	for (let i = 0; i < rows.size; i++) {
		const counts = rows.counts[i]
		const worst = states.find(s => counts[s])
		rows.state[i] = counts.up ? worst : worst && 'unavailable'
		const total = Object.values(counts).reduce((a, b) => a + b, 0)
		rows.bad[i] = !worst || counts.up === total ? 0 : !counts.up ? 3 : counts.up * 2 < total ? 2 : 1
		if (rows.share('5xx', i) >= .05) rows.bad[i] = Math.max(rows.bad[i], 2)
	}
	return rows
}

// Model keeps the frames that rates need.
export class Model {
	constructor() {
		this.frames = []
		this.known = new Map() // blocks of servers that were read last, by id
		this.changes = []
	}

	// add takes a state and returns the frame of it, the last one if it is the same.
	add(state) {
		const last = this.frames.at(-1)
		if (last && state.time <= last.time && state.started === last.started) return last
		if (last && state.started !== last.started) this.frames = []
		this.frames = this.frames.filter((f, i, all) => i === all.length - 1 || state.time - f.time <= windowSeconds).slice(1 - maxFrames)
		const frame = { time: state.time, started: state.started, state, blocks: new Map(), targets: [] }
		// Rates are since the oldest frame, or the last one if a counter began again between them.
		const ends = this.frames.filter((f, i, all) => i === 0 || i === all.length - 1).map(f => ({ f, seconds: state.time - f.time }))
		const rows = { server: new Rows('server'), upstream: new Rows('upstream'), zone: new Rows('zone'), nginx: new Rows('nginx') }
		for (const t of state.targets) {
			const target = { id: t.target + JSON.stringify(t.labels || {}), name: t.labels?.addr || t.target || 'access logs', ...t, own: [] }
			frame.targets.push(target)
			for (const table of t.tables) {
				const id = [target.id, table.kind, table.title + (table.kind === 'nginx' ? target.own.length : '')].join('\n')
				const block = new Block(id, target, table, last?.blocks.get(id))
				frame.blocks.set(id, block)
				const since = ends.map(({ f, seconds }) => ({ block: f.blocks.get(id), seconds })).filter(b => b.block)
				if (table.kind === 'nginx') target.own.push({ block, since })
				else rows[table.kind]?.add(block, since)
			}
			whole(target, ends.map(({ f, seconds }) => ({ target: f.targets.find(o => o.id === target.id), seconds })).filter(b => b.target))
			target.tables = target.own = null // which would keep all frames before
			if (t.target) rows.nginx.addTarget(target)
		}
		rows.zone.judge()
		rows.server.judge()
		rows.upstream = upstreams(rows.server, rows.upstream)
		frame.rows = rows
		this.compare(frame, last)
		state.targets = null
		if (last) last.rows = null // only its counters are needed
		this.frames.push(frame)
		return frame
	}

	// compare notes which states have changed since the frame before. What was not read has
	// not changed.
	compare(frame, last) {
		const note = (name, from, to) => this.changes.push({ time: frame.time, name, from, to, bad: to === 'removed' ? 1 : to === 'down' ? 3 : severity(to) })
		const name = (block, i) => block.names.map(n => n[i]).join(' / ')
		for (const t of frame.targets) {
			const before = last?.targets.find(o => o.id === t.id)
			if (before && before.up !== t.up) note(t.name, before.up ? 'up' : 'down', t.up ? 'up' : 'down')
			t.whole = t.up && t.sources.every(s => s.ok)
		}
		for (const block of frame.rows.server.blocks) {
			const before = this.known.get(block.id)
			this.known.set(block.id, block)
			if (!before) continue
			for (let i = 0; i < block.size; i++) {
				const j = before.place(block, i)
				if (j < 0 || before.states[j] !== block.states[i]) note(name(block, i), before.states[j] || 'new', block.states[i])
			}
			for (let i = 0; before.names !== block.names && i < before.size; i++) if (block.place(before, i) < 0) note(name(before, i), before.states[i], 'removed')
		}
		for (const [id, block] of this.known) {
			if (frame.blocks.has(id) || !frame.targets.find(t => t.id === block.target.id)?.whole) continue
			this.known.delete(id)
			for (let i = 0; i < Math.min(block.size, 200); i++) note(name(block, i), block.states[i], 'removed')
		}
		this.changes = this.changes.slice(-200)
	}
}

// whole sets what is known of the nginx itself: the first column of a role that has a value.
function whole(target, bases) {
	target.values = {}
	target.columns = {}
	for (const { block, since } of target.own) {
		for (const role in block.columns) {
			const c = block.columns[role]
			if (c.buckets) {
				target.latency = { block, column: c, increase: increase(c.buckets[0], since.map(b => b.block.columns[role]?.buckets?.[0])) }
				continue
			}
			if (role in target.columns) continue
			target.columns[role] = { block, column: c }
			target.values[role] = c.texts ? c.texts[0] : block.values(role, since)[0]
		}
	}
	// The requests of the exporter itself are not traffic.
	const own = bases.find(b => b.target.requests_sent <= target.requests_sent)
	const v = target.values
	if (own) target.overhead = (target.requests_sent - own.target.requests_sent) / own.seconds
	// Access logs come after the protocol, and need not have these requests.
	if (own && target.up && v.requests >= 0 && target.columns.requests.block === target.own[0].block) v.requests = Math.max(0, v.requests - target.overhead)
	if ('accepted' in v && 'handled' in v && !('dropped' in v)) v.dropped = Math.max(0, v.accepted - v.handled)
}

// increase returns the observations that a histogram has gained since the first base with
// the same buckets.
function increase(now, bases) {
	for (const then of bases) {
		if (!then || !now || then.counts.length !== now.counts.length) continue
		const counts = now.counts.map((n, i) => n - then.counts[i])
		if (counts.every(n => n >= 0)) return { counts, bounds: now.bounds }
	}
	return null
}

// quantile interpolates within a bucket, as Prometheus does.
export function quantile(h, q) {
	if (!h) return NaN
	const total = h.counts.reduce((a, b) => a + b, 0)
	if (!total) return NaN
	let below = 0
	for (let i = 0; i < h.counts.length; i++) {
		if (below + h.counts[i] >= q * total) {
			if (i === h.bounds.length) return h.bounds[i - 1]
			const low = i ? h.bounds[i - 1] : 0
			return low + (h.bounds[i] - low) * (q * total - below) / h.counts[i]
		}
		below += h.counts[i]
	}
	return NaN
}
