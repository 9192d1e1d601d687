// The live page: it polls api/v1/state and shows the result.

import { Model, kinds, severity, states } from './model.js'
import { Cards } from './cards.js'
import { Grid, element, write } from './grid.js'
import { columnsOf, narrowScreen } from './columns.js'
import * as f from './format.js'

const $ = id => document.getElementById(id)
const titles = { server: 'Servers', upstream: 'Upstreams', zone: 'Zones', nginx: 'Targets' }
const interval = 2000
const slow = 5000 // when an update is a lot of work
const background = 15000
const mostCards = 8

const model = new Model()
const page = document.documentElement
const view = { tab: '', q: '', state: '', sort: '', up: false, target: '', watch: false }
let frame = null
let frozen = false
let then = null // what the page compares with
let failures = 0
let problem = '' // of the last poll
let timer = 0
let work = 0
let polling = false

const cards = new Cards($('targets'), { copy })
const grid = new Grid($('grid'), { copy, sort: sortBy })

async function poll() {
	if (polling) return
	polling = true
	try {
		const response = await fetch('api/v1/state', { cache: 'no-store', signal: AbortSignal.timeout(30000) })
		if (!response.ok) throw new Error(response.status + ' ' + (await response.text()).slice(0, 200))
		const state = await response.json()
		if (frozen) return
		failures = 0
		problem = ''
		const began = performance.now()
		frame = model.add(state)
		update()
		work = performance.now() - began
		page.dataset.polls = +(page.dataset.polls || 0) + 1
	} catch (error) {
		failures++
		problem = 'The exporter has not responded' + (frame ? ' since ' + f.clock(frame.time) : '') + ': ' + (error.name === 'TypeError' ? 'no connection' : error.message)
		showState()
	} finally {
		polling = false
	}
	plan()
}
// plan sets when to poll next: in a hidden tab only if it watches.
function plan() {
	clearTimeout(timer)
	if (frozen) return
	let pause = work > 100 ? slow : interval
	if (document.hidden) {
		if (!view.watch) return
		pause = background
	}
	if (failures) pause = Math.max(pause, Math.min(30000, 1000 * 2 ** failures))
	timer = setTimeout(poll, pause)
}

document.addEventListener('visibilitychange', () => {
	if (document.hidden) plan()
	else if (!frozen) poll()
})

function update() {
	showState()
	cards.update(frame, then, mostCards, view.target)
	showTabs()
	showGrid()
	showChanges()
	showFooter()
}

const many = (n, noun, rest = '') => f.count(n) + ' ' + noun + (n === 1 ? '' : 's') + rest

// judge sums up what is wrong, the worst first.
function judge(frame) {
	const down = frame.targets.filter(t => !t.up).length
	const partial = frame.targets.filter(t => t.up && t.sources.some(s => !s.ok)).length
	const { server, upstream, zone } = frame.rows
	const lost = upstream.bad.filter(b => b === 3).length
	const out = server.bad.filter((b, i) => b && severity(server.state[i]) > 1).length
	const errors = zone.bad.filter(b => b > 1).length
	const texts = []
	if (down) texts.push(frame.targets.length === 1 ? 'nginx is down' : many(down, 'target', ' down'))
	if (lost) texts.push(many(lost, 'upstream', ' without servers'))
	if (out) texts.push(many(out, 'server', ' down'))
	if (errors) texts.push(many(errors, 'zone', ' with errors'))
	if (partial) texts.push(many(partial, 'target', ' read in part'))
	if (!frame.targets.length) return ['no targets are configured', 1]
	if (!texts.length) return [many(frame.targets.length, 'target', ' up'), 0]
	return [texts.join(', '), down || lost || out ? 3 : 1]
}

function say(text, bad) {
	const shown = ['● ', '△ ', '▲ ', '▲ '][bad] + text
	write($('verdict'), shown)
	$('verdict').dataset.bad = bad
	document.title = shown + ' – ' + (frame?.targets.length === 1 ? frame.targets[0].name : location.host)
	icon(bad)
}

// icon draws the state, so that a tab in the background shows it: a disc, a triangle, or
// a triangle in red.
function icon(bad) {
	if (icon.bad === bad) return
	icon.bad = bad
	const canvas = document.createElement('canvas')
	canvas.width = canvas.height = 32
	const c = canvas.getContext('2d')
	c.fillStyle = ['#178a42', '#c27803', '#c81e1e', '#c81e1e'][bad]
	c.beginPath()
	if (bad) {
		c.moveTo(16, 2)
		c.lineTo(31, 30)
		c.lineTo(1, 30)
	} else c.arc(16, 16, 14, 0, 2 * Math.PI)
	c.fill()
	document.querySelector('link[rel=icon]').href = canvas.toDataURL()
}

function tables() {
	const found = kinds.filter(k => k !== 'nginx' && frame.rows[k].size)
	if (frame.targets.length > mostCards) found.push('nginx')
	return found
}

function showTabs() {
	const found = tables()
	$('objects').hidden = !found.length
	if (!found.length) return
	view.shown = found.includes(view.tab) ? view.tab : found[0]
	buttons($('tabs'), found, (b, kind) => {
		const bad = frame.rows[kind].bad.filter(b => b > 1).length
		write(b, titles[kind] + ' ' + f.count(frame.rows[kind].size) + (bad ? ' ▲ ' + f.count(bad) : ''))
		b.ariaPressed = kind === view.shown
	}, kind => choose({ tab: kind, state: '', sort: '' }))
}

// buttons keeps a button for each id.
function buttons(parent, ids, set, click) {
	if (parent.dataset.ids !== ids.join()) {
		parent.dataset.ids = ids.join()
		parent.replaceChildren(...ids.map(id => {
			const b = element('button')
			b.addEventListener('click', () => click(id))
			return b
		}))
	}
	ids.forEach((id, i) => set(parent.children[i], id))
}

function showGrid() {
	if ($('objects').hidden) return
	const rows = frame.rows[view.shown]
	const columns = columnsOf(rows, then && then.rows[view.shown], frame.targets.length > 1, frame.time)
	showChips(rows)
	const chosen = filter(rows)
	const sort = { id: view.sort, up: view.up }
	arrange(chosen, columns, sort, rows)
	write.count = 0
	grid.bad = i => rows.bad[i]
	grid.set(columns, chosen, sort, titles[view.shown])
	write($('count'), (chosen.length === rows.size ? '' : f.count(chosen.length) + ' of ') + many(rows.size, 'row'))
	Object.assign(page.dataset, { rows: rows.size, written: write.count, nodes: grid.root.getElementsByTagName('*').length })
}

function showChips(rows) {
	const counts = {}
	for (const s of rows.state) counts[s] = (counts[s] || 0) + 1
	const found = states.filter(s => counts[s] || view.state === s)
	$('chips').hidden = !found.length
	buttons($('chips'), found, (b, state) => {
		write(b, state + ' ' + f.count(counts[state] || 0))
		b.ariaPressed = view.state === state
		b.dataset.bad = severity(state)
	}, s => choose({ state: view.state === s ? '' : s }))
}

function filter(rows) {
	const words = view.q.toLowerCase().split(/\s+/).filter(Boolean)
	const chosen = []
	for (let i = 0; i < rows.size; i++) {
		if (view.state && rows.state[i] !== view.state) continue
		if (view.target && rows.block[i].target.name !== view.target) continue
		if (words.length) {
			const text = [rows.group[i], rows.name[i], rows.block[i].table.title, rows.state[i]].join(' ').toLowerCase()
			if (!words.every(w => text.includes(w))) continue
		}
		chosen.push(i)
	}
	return chosen
}

// arrange sorts rows by a column, or the worst first. What is not known comes last.
function arrange(chosen, columns, sort, rows) {
	const column = columns.find(c => c.id === sort.id)
	if (!column) {
		const requests = i => rows.get('requests', i) || 0
		chosen.sort((a, b) => rows.bad[b] - rows.bad[a] || requests(b) - requests(a) || a - b)
		return
	}
	const keys = new Map(chosen.map(i => [i, column.value(i)]))
	const way = sort.up ? 1 : -1
	chosen.sort((a, b) => {
		const [x, y] = [keys.get(a), keys.get(b)]
		if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || a - b
		return x < y ? -way : x > y ? way : a - b
	})
}

function sortBy(column) {
	const textual = !column.name.includes('number') && column.id !== 'state'
	if (view.sort !== column.id) choose({ sort: column.id, up: textual })
	else if (view.up === textual) choose({ up: !textual })
	else choose({ sort: '', up: false })
}

function showChanges() {
	const log = $('log')
	$('changes').hidden = !model.changes.length
	const last = model.changes.at(-1)
	if (last === log.last) return
	const from = log.last ? model.changes.indexOf(log.last) + 1 : 0
	log.last = last
	for (const c of model.changes.slice(from)) {
		const item = element('li', '', f.clock(c.time) + '  ' + c.name + ': ' + c.from + ' → ' + c.to)
		item.dataset.bad = c.bad
		log.prepend(item)
	}
	while (log.children.length > model.changes.length) log.lastChild.remove()
}

function showFooter() {
	const { scrapers, started } = frame.state
	write($('scrapers'), scrapers.length
		? 'Last scraped by ' + scrapers.slice(0, 3).map(s => (s.agent || 'a scraper') + ' (' + (s.address || 'local') + ') ' + f.duration(Math.round(s.age_seconds)) + ' ago' +
			(s.interval_seconds ? ', every ' + f.duration(Math.round(s.interval_seconds)) : '')).join('; ')
		: '△ Not scraped by Prometheus since the exporter started ' + f.duration(Math.round(frame.time - started)) + ' ago')
	const own = frame.targets.reduce((sum, t) => sum + (t.overhead || 0), 0)
	write($('cost'), own ? 'The exporter sends ' + f.perSecond(own) + ' requests to nginx, not included in the rates of targets.' : '')
}

function banner(text, alarm) {
	const b = $('banner')
	b.hidden = !text
	b.classList.toggle('alarm', !!alarm)
	write(b, text)
}

function showState() {
	say(...problem ? ['The exporter does not respond', 3] : judge(frame))
	page.classList.toggle('stale', !!problem)
	if (problem) banner(problem, true)
	else if (frozen) banner('Frozen at ' + f.clock(frame.time) + '. Press space to resume, d to compare with now.')
	else if (then) banner('Differences to ' + f.clock(then.time) + ' are in brackets. Press d to end.')
	else banner('')
	$('freeze').ariaPressed = frozen
	$('compare').ariaPressed = !!then
	$('watch').ariaPressed = view.watch
}

function freeze() {
	if (!frame) return
	frozen = !frozen
	if (frozen) then = null
	update()
	frozen ? clearTimeout(timer) : poll()
}

function compare() {
	if (!frame) return
	then = then ? null : { time: frame.time, rows: frame.rows, targets: frame.targets }
	frozen = false
	update()
	poll()
}

async function copy(text) {
	if (!text) return
	try {
		await navigator.clipboard.writeText(text)
	} catch {
		// Without TLS, browsers have only the old API.
		const area = element('textarea', 'away')
		area.value = text
		document.body.append(area)
		area.select()
		const done = document.execCommand('copy')
		area.remove()
		if (!done) return toast(text)
	}
	toast('Copied: ' + text)
}

function toast(text) {
	const t = $('toast')
	t.textContent = text
	t.hidden = false
	clearTimeout(toast.timer)
	toast.timer = setTimeout(() => { t.hidden = true }, 6000)
}

function read() {
	const p = new URLSearchParams(location.hash.slice(1))
	Object.assign(view, {
		tab: kinds.includes(p.get('tab')) ? p.get('tab') : '', q: (p.get('q') || '').slice(0, 200), state: states.includes(p.get('state')) ? p.get('state') : '',
		sort: p.get('sort') || '', up: p.get('dir') === 'asc', target: p.get('target') || '', watch: p.get('watch') === '1',
	})
	if ($('search').value !== view.q) $('search').value = view.q
}

function choose(change) {
	Object.assign(view, change)
	const p = new URLSearchParams()
	for (const key of ['tab', 'q', 'state', 'sort', 'target']) if (view[key]) p.set(key, view[key])
	if (view.sort && view.up) p.set('dir', 'asc')
	if (view.watch) p.set('watch', '1')
	history.replaceState(null, '', '#' + p)
	if (frame) update()
}

const help = () => $('help').showModal()

const watch = () => choose({ watch: !view.watch })

const shortcuts = {
	'/': () => $('search').focus(),
	j: () => grid.move(1, 0), k: () => grid.move(-1, 0), c: () => grid.copy(grid.focus),
	' ': freeze, d: compare, w: watch, '?': help,
}

document.addEventListener('keydown', e => {
	if (e.ctrlKey || e.metaKey || e.altKey || $('help').open) return
	if (e.target.id === 'search') {
		if (e.key === 'Escape') {
			choose({ q: '' })
			$('search').value = ''
			grid.root.focus()
		} else if (e.key === 'Enter' || e.key === 'ArrowDown') grid.root.focus()
		return
	}
	if (e.key === ' ' && e.target.tagName === 'BUTTON') return
	const found = /^[1-4]$/.test(e.key) && frame && tables()[e.key - 1]
	if (found) choose({ tab: found, state: '', sort: '' })
	else if (shortcuts[e.key]) shortcuts[e.key]()
	else return
	e.preventDefault()
})

$('search').addEventListener('input', e => choose({ q: e.target.value }))
for (const [id, act] of Object.entries({ freeze, compare, watch, keys: help })) $(id).addEventListener('click', act)
narrowScreen.addEventListener('change', () => { if (frame) update() })
window.addEventListener('hashchange', () => {
	read()
	if (frame) update()
})

for (const e of document.querySelectorAll('.scripted')) e.hidden = false
write($('verdict'), 'Scraping nginx …')
read()
poll()
