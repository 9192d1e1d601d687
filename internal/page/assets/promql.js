// Queries for the values of the page.

const escape = text => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
const escapePattern = text => escape(text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
const window = '[5m]'

// selector is a metric with labels: [name, value] or [name, operator, text].
export function selector(metric, labels) {
	const text = labels.map(l => l.length === 3 ? l[0] + l[1] + '"' + l[2] + '"' : l[0] + '="' + escape(l[1]) + '"')
	return metric + (text.length ? '{' + text.join(',') + '}' : '')
}

const ofTarget = target => Object.entries(target.labels || {})

// labels identify row i of a block, only by its first label if whole is set.
function labels(block, i, whole) {
	const by = block.table.by.map((name, n) => [name, block.names[n][i]])
	return ofTarget(block.target).filter(([name]) => !block.table.by.includes(name)).concat(whole ? by.slice(0, 1) : by)
}

const chosen = column => !column.label ? [] : column.value.endsWith('*')
	? [[column.label, '=~', escapePattern(column.value.slice(0, -1)) + '.*']]
	: [[column.label, column.value]]

// query is the value of a role of a row: counters per second.
export function query(block, i, role, whole = false) {
	const column = block.columns[role]
	if (!column) return ''
	const series = selector(column.metric, labels(block, i, whole).concat(chosen(column)))
	const summed = column.summed || whole || column.value?.endsWith('*')
	if (column.type === 'counter') return summed ? 'sum(rate(' + series + window + '))' : 'rate(' + series + window + ')'
	if (!column.scale || column.scale === 1) return summed ? 'sum(' + series + ')' : series
	return series + ' * ' + column.scale
}

// shareQuery is the part of responses that have a class.
export function shareQuery(block, i, role, whole = false) {
	const column = block.columns[role]
	if (!column) return ''
	const all = labels(block, i, whole)
	const rate = extra => 'sum(rate(' + selector(column.metric, all.concat(extra)) + window + '))'
	return rate(chosen(column)) + ' / ' + rate([])
}

// quantileQuery is a quantile of a histogram.
export function quantileQuery(block, column, q) {
	return 'histogram_quantile(' + q + ', sum by (le) (rate(' + selector(column.metric + '_bucket', labels(block, 0, false)) + window + ')))'
}

// countQuery is how many servers of an upstream have a state, or are there at all.
export function countQuery(block, i, state) {
	const column = block.columns.state
	const series = selector(column.metric, labels(block, i, true).concat(chosen(column)))
	return state ? 'count(' + series + ' == ' + column.codes[state] + ') or vector(0)' : 'count(' + series + ')'
}

// ownQuery is a metric of the exporter about a target.
export function ownQuery(metric, target, more = []) {
	return selector(metric, ofTarget(target).concat(more))
}

// trafficQuery is the rate of requests without those of the exporter itself.
export function trafficQuery(target) {
	const all = query(target.columns.requests.block, 0, 'requests')
	return target.overhead === undefined ? all : all + ' - rate(' + ownQuery('nginx_exporter_nginx_requests_total', target) + window + ')'
}
