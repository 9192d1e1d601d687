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
  constructor(target, table, before) {
    this.target = target
    this.table = table
    this.id = target.id + '\n' + table.kind + '\n' + table.title
    this.size = table.names.length ? table.names[0].length : 1
    // Names mostly stay, so that their memory is shared by all frames.
    this.names = before && same(before.names, table.names) ? before.names : table.names
    this.columns = {}
    for (const c of table.columns) if (!this.columns[c.role]) this.columns[c.role] = c
    this.raw = {}
    for (const role in this.columns) {
      const c = this.columns[role]
      this.raw[role] = Float64Array.from(c.values, v => v === null ? NaN : v)
      c.values = null
    }
  }

  index() {
    if (!this.byName) {
      this.byName = new Map()
      for (let i = 0; i < this.size; i++) this.byName.set(this.names.map(n => n[i]).join('\n'), i)
    }
    return this.byName
  }

  // place returns the row of another block's row, -1 if there is none.
  place(other, i) {
    if (other.names === this.names) return i
    return this.index().get(other.names.map(n => n[i]).join('\n')) ?? -1
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

// Rows are the objects of one kind in all targets, by columns.
class Rows {
  constructor(kind) {
    this.kind = kind
    this.size = 0
    this.blocks = []
    this.values = {}
    this.state = []
    this.name = []
    this.group = [] // the upstream of a server
    this.bad = [] // 3 is worst
    this.block = []
    this.place = []
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
    for (let i = 0; i < block.size; i++) {
      this.name.push(last < 0 ? block.target.name : block.names[last][i])
      this.group.push(last > 0 ? block.names[0][i] : '')
      this.state.push(status ? status.states[i] || 'unknown' : '')
      this.block.push(block)
      this.place.push(i)
    }
    if (status) status.states = null // 10,000 of them need not be kept with the counters
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
    if (!this.byKey) {
      this.byKey = new Map()
      for (let i = 0; i < this.size; i++) this.byKey.set(this.key(i), i)
    }
    return this.byKey
  }

  // share returns the part of responses with a class, NaN without responses.
  share(role, i) {
    let sum = 0
    for (const c of classes) sum += this.get(c, i) || 0
    return sum > 0 ? this.get(role, i) / sum : NaN
  }

  judge() {
    for (let i = 0; i < this.size; i++) {
      let bad = severity(this.state[i])
      const errors = this.share('5xx', i)
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
  rows.counts = []
  for (let i = 0; i < servers.size; i++) {
    const key = servers.block[i].id + '\n' + servers.group[i]
    let at = index.get(key)
    if (at === undefined) {
      at = rows.size++
      index.set(key, at)
      rows.name.push(servers.group[i])
      rows.group.push('')
      rows.block.push(servers.block[i])
      rows.place.push(servers.place[i])
      rows.counts.push({})
    }
    const counts = rows.counts[at]
    counts[servers.state[i]] = (counts[servers.state[i]] || 0) + 1
  }
  const at = Int32Array.from({ length: servers.size }, (_, i) => index.get(servers.block[i].id + '\n' + servers.group[i]))
  for (const role of ['requests', 'active', ...classes, 'sent', 'received', 'fails']) {
    if (!servers.has(role)) continue
    const sums = (rows.values[role] = new Float64Array(rows.size).fill(NaN))
    const of = servers.values[role]
    for (let i = 0; i < servers.size; i++) if (!Number.isNaN(of[i])) sums[at[i]] = (sums[at[i]] || 0) + of[i]
  }
  for (const role of ['keepalive', 'queued', 'overflows']) {
    if (!own || !own.has(role)) continue
    const values = (rows.values[role] = new Float64Array(rows.size).fill(NaN))
    const byName = new Map()
    for (let i = 0; i < own.size; i++) byName.set(own.block[i].target.id + '\n' + own.name[i], i)
    for (let i = 0; i < rows.size; i++) {
      const j = byName.get(rows.block[i].target.id + '\n' + rows.name[i])
      if (j !== undefined && rows.block[i].table.title === 'servers') values[i] = own.get(role, j)
    }
  }
  rows.own = own
  for (let i = 0; i < rows.size; i++) {
    const counts = rows.counts[i]
    const worst = states.find(s => counts[s]) || ''
    rows.state[i] = counts.up ? worst : worst && 'unavailable'
    const total = Object.values(counts).reduce((a, b) => a + b, 0)
    rows.bad[i] = !worst ? 0 : counts.up ? (counts.up < total ? Math.max(1, Math.min(2, severity(worst))) : 0) : 3
    if (rows.share('5xx', i) >= .05) rows.bad[i] = Math.max(rows.bad[i], 2)
  }
  return rows
}

// Model keeps the frames that rates need.
export class Model {
  constructor() {
    this.frames = []
    this.known = null // states by key, of the last frame
    this.changes = []
  }

  // add takes a state and returns the frame of it, the last one if it is the same.
  add(state) {
    const last = this.frames.at(-1)
    if (last && state.time <= last.time && state.started === last.started) return last
    if (last && state.started !== last.started) this.frames = []
    const frame = { time: state.time, started: state.started, state, blocks: new Map(), targets: [], rows: {} }
    const bases = this.frames.filter(f => state.time - f.time <= windowSeconds + 5)
    const ends = bases.length > 1 ? [bases[0], bases.at(-1)] : bases
    const rows = { server: new Rows('server'), upstream: new Rows('upstream'), zone: new Rows('zone'), nginx: new Rows('nginx') }
    for (const t of state.targets) {
      const target = { id: t.target + JSON.stringify(t.labels || {}), name: t.target || 'access logs', ...t, own: [] }
      frame.targets.push(target)
      for (const table of t.tables) {
        const block = new Block(target, table, last && last.blocks.get(target.id + '\n' + table.kind + '\n' + table.title))
        frame.blocks.set(block.id + (table.kind === 'nginx' ? target.own.length : ''), block)
        const since = ends.map(f => ({ block: f.blocks.get(block.id + (table.kind === 'nginx' ? target.own.length : '')), seconds: state.time - f.time })).filter(b => b.block)
        if (table.kind === 'nginx') target.own.push({ block, bases: since })
        else if (rows[table.kind]) rows[table.kind].add(block, since)
      }
      this.whole(target, ends.map(f => ({ target: f.targets.find(o => o.id === target.id), seconds: state.time - f.time })).filter(b => b.target))
      target.tables = null
    }
    rows.zone.judge()
    rows.server.judge()
    rows.upstream = upstreams(rows.server, rows.upstream)
    frame.rows = rows
    this.compare(frame)
    state.targets = null
    this.frames.push(frame)
    while (this.frames.length > maxFrames || this.frames.length > 2 && state.time - this.frames[1].time > windowSeconds) this.frames.shift()
    for (const f of this.frames.slice(0, -1)) f.rows = null // rates of frames before are not needed
    return frame
  }

  // whole sets what is known of the nginx itself: the first column of a role that has a value.
  whole(target, bases) {
    target.values = {}
    target.columns = {}
    for (const { block, bases: since } of target.own) {
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
    if (own && target.values.requests >= 0 && target.columns.requests.block.table.by.length === 0 && !target.columns.requests.column.summed) {
      target.overhead = (target.requests_sent - own.target.requests_sent) / own.seconds
      if (target.requests_sent > 0 && target.target) target.values.requests = Math.max(0, target.values.requests - target.overhead)
    }
    const v = target.values
    if ('accepted' in v && 'handled' in v && !('dropped' in v)) v.dropped = Math.max(0, v.accepted - v.handled)
  }

  // compare notes which states have changed since the frame before.
  compare(frame) {
    const now = new Map()
    for (const t of frame.targets) if (t.target) now.set('target\n' + t.id, { name: t.name, state: t.up ? 'up' : 'down', bad: t.up ? 0 : 3 })
    const rows = frame.rows.server
    for (let i = 0; i < rows.size; i++) now.set(rows.key(i), { name: (rows.group[i] ? rows.group[i] + ' / ' : '') + rows.name[i], state: rows.state[i], bad: rows.bad[i] })
    const down = new Set(frame.targets.filter(t => !t.up).map(t => t.id))
    const missing = key => down.has(key.split('\n')[0])
    if (this.known) {
      for (const [key, n] of now) {
        const before = this.known.get(key)
        if (before?.state !== n.state) this.note(frame.time, n, before ? before.state : 'new')
      }
      for (const [key, before] of this.known) {
        if (now.has(key)) continue
        if (missing(key)) now.set(key, before) // not read, and so not changed
        else this.note(frame.time, { name: before.name, state: 'removed', bad: 1 }, before.state)
      }
    }
    this.known = now
  }

  note(time, { name, state, bad }, from) {
    this.changes.push({ time, name, from, to: state, bad })
    if (this.changes.length > 200) this.changes.shift()
  }
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
