// The columns of the tables: what they show, how they sort, and their queries.

import { severity } from './model.js'
import * as f from './format.js'
import { countQuery, ownQuery, query, shareQuery } from './promql.js'

// Widths are in rem.
const wide = 11
const narrow = 5

// columnsOf returns the columns of rows that have any value. With rows of another time,
// differences to these are shown.
export function columnsOf(rows, then, several, time) {
  const small = innerWidth < 700
  const whole = rows.kind === 'upstream'
  const at = then && rows !== then ? i => then.index().get(rows.key(i)) : null
  const ask = role => i => query(rows.block[i], rows.place[i], role, whole)
  const number = (role, label, format, title, name = '') => rows.has(role) && {
    id: role, label, title, width: narrow, name: 'number ' + name, value: i => rows.get(role, i), query: ask(role),
    text: i => {
      const v = rows.get(role, i)
      const j = at && at(i)
      return j === undefined || j === null ? format(v) : format(v) + f.change(v, then.get(role, j), format)
    },
  }
  const share = (role, label, title, name = '') => rows.has(role) && {
    id: role + ' %', label, title, width: narrow, name: 'number ' + name, value: i => rows.share(role, i),
    text: i => f.percent(rows.share(role, i)), query: i => shareQuery(rows.block[i], rows.place[i], role, whole),
  }
  const text = (id, label, get, width, name = '', ask) => ({ id, label, width, name, value: get, text: get, query: ask })
  const requests = rows.kind === 'server' || whole ? 'Requests per second to the servers; of stream, connections' : 'Requests per second; of stream, connections'
  const up = i => query(rows.block[i], rows.place[i], 'requests', whole)
  const columns = [
    rows.kind === 'server' && {
      id: 'state', label: 'state', width: 9.5, name: 'state', value: i => severity(rows.state[i]), query: ask('state'),
      text: i => mark(rows.bad[i]) + rows.state[i] + was(rows, then, at, i) + (rows.get('backup', i) === 1 ? ' (backup)' : ''),
    },
    whole && {
      id: 'state', label: 'servers', width: 12, name: 'state', value: i => rows.bad[i],
      text: i => mark(rows.bad[i]) + tally(rows.counts[i]), query: i => countQuery(rows.block[i], rows.place[i], rows.counts[i].up ? 'up' : ''),
    },
    rows.kind === 'server' && text('group', 'upstream', i => rows.group[i], wide, '', up),
    rows.kind === 'server' ? text('name', 'server', i => rows.name[i], wide, '', up)
      : text('name', 'name', i => (rows.kind === 'zone' ? mark(rows.bad[i]) : '') + rows.name[i], wide, '', up),
    (rows.kind === 'zone' || rows.blocks.length > 1) && text('title', 'kind', i => rows.block[i].table.title, 6, 'minor', up),
    several && text('target', 'target', i => rows.block[i].target.name, wide, 'minor', i => ownQuery('nginx_up', rows.block[i].target)),
    number('requests', 'requests', f.perSecond, requests),
    number('active', 'active', f.count, 'Active connections'),
    number('processing', 'in progress', f.count, 'Requests in progress', 'minor'),
    rows.kind === 'zone' && number('2xx', '2xx', f.perSecond, 'Responses per second with status 2xx', 'minor'),
    rows.kind === 'zone' && number('3xx', '3xx', f.perSecond, 'Responses per second with status 3xx', 'minor'),
    number('4xx', '4xx', f.perSecond, 'Responses per second with status 4xx', 'minor'),
    number('5xx', '5xx', f.perSecond, 'Responses per second with status 5xx'),
    share('5xx', '5xx %', 'Share of responses with status 5xx'),
    number('response_time', 'time', f.duration, 'Average response time'),
    number('fails', 'fails', f.perSecond, 'Failed attempts per second', 'minor'),
    number('queued', 'queued', f.count, 'Requests in the queue'),
    number('keepalive', 'keepalive', f.count, 'Idle keepalive connections', 'minor'),
    number('received', 'received', f.bytes, 'Bytes received per second', 'minor'),
    number('sent', 'sent', f.bytes, 'Bytes sent per second', 'minor'),
    rows.has('down_since') && {
      id: 'down_since', label: 'for', title: 'Time since the server became unavailable', width: narrow, name: 'number minor',
      value: i => time - rows.get('down_since', i), text: i => rows.get('down_since', i) ? f.duration(time - rows.get('down_since', i)) : f.none,
      query: i => 'time() - ' + query(rows.block[i], rows.place[i], 'down_since'),
    },
  ]
  return columns.filter(c => c && !(small && c.name.includes('minor'))).map(c => c.name.includes('number') && rows.kind === 'upstream' && ['queued', 'keepalive'].includes(c.id) ? { ...c, query: ownOf(rows, c.id) } : c)
}

// ownOf queries a metric of the upstream itself, not of its servers.
const ownOf = (rows, role) => i => {
  const own = rows.own
  for (let j = 0; own && j < own.size; j++) {
    if (own.name[j] === rows.name[i] && own.block[j].target === rows.block[i].target) return query(own.block[j], own.place[j], role)
  }
  return ''
}

// targetColumns are those of the table of targets, when there are too many for cards.
export function targetColumns(targets) {
  const number = (role, label, format) => targets.some(t => role in t.values) && {
    id: role, label, width: narrow, name: 'number', value: i => targets[i].values[role] ?? NaN, text: i => format(targets[i].values[role] ?? NaN),
    query: i => targets[i].columns[role] ? query(targets[i].columns[role].block, 0, role) : '',
  }
  const up = i => ownQuery('nginx_up', targets[i])
  return [
    { id: 'state', label: 'state', width: 6, name: 'state', value: i => targets[i].up ? 0 : 3, text: i => targets[i].up ? 'up' : '▲ down', query: up },
    { id: 'name', label: 'target', width: wide, name: '', value: i => targets[i].name, text: i => targets[i].name, query: up },
    number('requests', 'requests', f.perSecond), number('active', 'active', f.count), number('waiting', 'idle', f.count),
    number('dropped', 'dropped', f.perSecond), number('5xx', '5xx', f.perSecond),
    { id: 'reason', label: 'reason', width: wide, name: 'minor', value: i => targets[i].error?.message || '', text: i => targets[i].error ? targets[i].error.reason + ': ' + targets[i].error.message : '', query: up },
  ].filter(Boolean)
}

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
