// Numbers as text. What is not known is a dash.

export const none = '–'
const units = ['', ' k', ' M', ' G', ' T', ' P']

function digits(v) {
	const a = Math.abs(v)
	return a >= 100 || a === 0 ? v.toFixed(0) : a >= 10 ? v.toFixed(1).replace(/\.0$/, '') : v.toFixed(2).replace(/\.?0+$/, '')
}

function scaled(v, limit = 1e4) {
	if (!Number.isFinite(v)) return none
	let unit = 0
	for (; Math.abs(v) >= limit && unit < 5; limit = 1000) {
		v /= 1000
		unit++
	}
	return digits(v) + units[unit]
}

export const count = v => Number.isFinite(v) ? scaled(Math.round(v), 1e5) : none
export const perSecond = v => Number.isFinite(v) ? (v > 0 && v < .005 ? '< 0.01' : scaled(v)) + '/s' : none
export const bytes = v => Number.isFinite(v) ? scaled(v).replace(/^([\d.<-]+)$/, '$1 ') + 'B/s' : none
export const percent = v => Number.isFinite(v) ? (v > 0 && v < .0005 ? '< 0.1' : digits(v * 100)) + ' %' : none

export function duration(s) {
	if (!Number.isFinite(s)) return none
	if (s === 0) return '0 s'
	const a = Math.abs(s)
	if (a < .001) return digits(s * 1e6) + ' µs'
	if (a < 1) return digits(s * 1e3) + ' ms'
	if (a < 100) return digits(s) + ' s'
	if (a < 6000) return Math.round(s / 60) + ' min'
	if (a < 172800) return Math.round(s / 3600) + ' h'
	return Math.round(s / 86400) + ' d'
}

export const clock = seconds => new Date(seconds * 1000).toLocaleTimeString()

// change is the difference of two values, empty if there is none.
export function change(now, then, format) {
	const d = now - then
	if (!Number.isFinite(d) || d === 0) return ''
	const text = format(Math.abs(d))
	return /[1-9]/.test(text) ? (d > 0 ? ' (+' : ' (−') + text + ')' : ''
}
