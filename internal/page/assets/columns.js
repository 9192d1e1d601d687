// The columns of the tables: what they show, how they sort, and their queries.

import { severity } from './model.js'
import * as f from './format.js'
import { countQuery, ownQuery, query, shareQuery } from './promql.js'

// narrowScreen is that of a phone.
export const narrowScreen = matchMedia('(max-width: 700px)')

// columnsOf returns the columns of rows that have any value. With rows of another time,
// differences to these are shown.
export function columnsOf(rows, then, several, time) {
	const small = narrowScreen.matches
	const wide = small ? 9 : 11 // rem
	const narrow = then ? 11 : 5.5
	const whole = rows.kind === 'upstream'
	const at = then && rows !== then ? i => then.index().get(rows.key(i)) : null
	const ask = role => i => {
		const j = rows.own?.[i]
		return whole && j >= 0 && rows.more.has(role) ? query(rows.more.block[j], rows.more.place[j], role) : query(rows.block[i], rows.place[i], role, whole)
	}
	const number = (role, label, format, title, name = '') => rows.has(role) && {
		id: role, label, title, width: narrow, name: 'number ' + name, value: i => rows.get(role, i), query: ask(role),
		text: i => {
			const v = rows.get(role, i)
			const j = at && at(i)
			return j === undefined || j === null ? format(v) : format(v) + f.change(v, then.get(role, j), format)
		},
	}
	const share = rows.has('5xx') && {
		id: 'share', label: '5xx %', width: narrow, name: 'number', value: i => rows.share('5xx', i),
		text: i => f.percent(rows.share('5xx', i)), query: i => shareQuery(rows.block[i], rows.place[i], '5xx', whole),
	}
	const text = (id, label, get, width, name = '', ask) => ({ id, label, width, name, value: get, text: get, query: ask })
	const up = ask('requests')
	const nginx = rows.kind === 'nginx'
	const isUp = i => ownQuery('nginx_up', rows.block[i].target)
	const columns = [
		(rows.kind === 'server' || nginx) && {
			id: 'state', label: 'state', width: small ? 7 : 11, name: 'state', value: i => severity(rows.state[i]), query: nginx ? isUp : ask('state'),
			text: i => mark(rows.bad[i]) + rows.state[i] + was(rows, then, at, i) + (rows.get('backup', i) === 1 ? ' (backup)' : ''),
		},
		whole && {
			id: 'state', label: 'servers', width: 15, name: 'state', value: i => rows.bad[i],
			text: i => mark(rows.bad[i]) + tally(rows.counts[i]), query: i => countQuery(rows.block[i], rows.place[i], rows.counts[i].up ? 'up' : ''),
		},
		rows.kind === 'server' && text('group', 'upstream', i => rows.group[i], small ? 5.5 : wide, '', up),
		rows.kind === 'server' ? text('name', 'server', i => rows.name[i], wide, '', up)
			: text('name', nginx ? 'target' : 'name', i => (rows.kind === 'zone' ? mark(rows.bad[i]) + (rows.group[i] && rows.group[i] + ' / ') : '') + rows.name[i], nginx ? 18 : wide, '', nginx ? isUp : up),
		(rows.kind === 'zone' || rows.blocks.length > 1) && text('title', 'kind', i => rows.block[i].table.title, 8, 'minor', up),
		several && !nginx && text('target', 'target', i => rows.block[i].target.name, wide, 'minor', isUp),
		number('requests', 'requests', f.perSecond, 'Of stream, connections'),
		number('active', 'active', f.count),
		nginx && number('waiting', 'idle', f.count),
		nginx && number('dropped', 'dropped', f.perSecond),
		number('processing', 'in progress', f.count, 'Requests in progress', 'minor'),
		...['2xx', '3xx', '4xx', '5xx'].map(c => (rows.kind === 'zone' || c > '4') && number(c, c, f.perSecond, '', c < '5' ? 'minor' : '')),
		share,
		number('response_time', 'time', f.duration, 'Average response time'),
		number('fails', 'fails', f.perSecond, '', 'minor'),
		number('queued', 'queued', f.count),
		number('keepalive', 'keepalive', f.count, 'Idle connections', 'minor'),
		number('received', 'received', f.bytes, '', 'minor'),
		number('sent', 'sent', f.bytes, '', 'minor'),
		nginx && text('reason', 'reason', i => reason(rows.block[i].target.error), 2 * wide, 'minor', isUp),
		rows.has('down_since') && {
			id: 'down_since', label: 'for', title: 'Time since the server became unavailable', width: narrow, name: 'number minor',
			value: i => time - rows.get('down_since', i), text: i => rows.state[i] === 'up' ? f.none : f.duration(time - rows.get('down_since', i)),
			query: i => 'time() - ' + query(rows.block[i], rows.place[i], 'down_since'),
		},
	]
	return columns.filter(c => c && !(small && c.name.includes('minor')))
}

const reason = e => e ? e.reason + ': ' + e.message : ''

const mark = bad => ['', '△ ', '▲ ', '▲ '][bad] || ''

function was(rows, then, at, i) {
	const j = at && at(i)
	return j !== undefined && j !== null && then.state[j] !== rows.state[i] ? ' (was ' + then.state[j] + ')' : ''
}

function tally(counts) {
	const total = Object.values(counts).reduce((a, b) => a + b, 0)
	const others = Object.entries(counts).filter(([s]) => s !== 'up' && s).map(([s, n]) => n + ' ' + s)
	return (counts.up || 0) + ' of ' + total + ' up' + (others.length ? ', ' + others.join(', ') : '')
}
