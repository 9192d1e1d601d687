// A table of any number of rows: only those in sight have elements, which are moved and
// whose texts are changed where they differ.

const rowHeight = 30
const spare = 4 // rows above and below

export function element(tag, name, ...children) {
	const e = document.createElement(tag)
	if (name) e.className = name
	e.append(...children)
	return e
}

// write changes a text where it differs, and counts.
export function write(e, text) {
	if (e.textContent === text) return
	e.textContent = text
	write.count++
}
write.count = 0

const newCell = (role, column, i, ...children) => Object.assign(element('div', 'cell ' + column.name, ...children), { role, ariaColIndex: i + 1 })

export class Grid {
	// on has sort(column) and copy(text).
	constructor(parent, on) {
		this.on = on
		this.columns = []
		this.order = []
		this.pool = []
		this.focus = { row: 0, column: 0 }
		this.root = element('div', 'grid')
		Object.assign(this.root, { role: 'grid', tabIndex: 0 })
		this.head = element('div', 'row head')
		this.head.role = 'row'
		this.head.ariaRowIndex = '1'
		const headGroup = element('div', 'headgroup', this.head)
		headGroup.role = 'rowgroup'
		this.body = element('div', 'body')
		this.body.role = 'rowgroup'
		this.root.append(headGroup, this.body)
		parent.append(this.root)
		this.root.addEventListener('scroll', () => this.schedule(), { passive: true })
		new ResizeObserver(() => this.schedule()).observe(this.root)
		for (const name of ['click', 'keydown']) this.root.addEventListener(name, e => this[name](e))
	}

	// set replaces columns and rows; order has the indices of the rows to show.
	set(columns, order, sort, label) {
		const ids = columns.map(c => c.id + c.width).join() + label
		if (ids !== this.ids) {
			this.ids = ids
			this.columns = columns
			this.build(label)
		}
		this.columns = columns
		this.order = order
		this.focus.row = Math.max(0, Math.min(this.focus.row, order.length - 1))
		this.focus.column = Math.min(this.focus.column, columns.length - 1)
		columns.forEach((c, i) => {
			const on = c.id === sort.id
			write(this.head.children[i].firstChild, c.label + (on ? (sort.up ? ' ▲' : ' ▼') : ''))
			this.head.children[i].ariaSort = on ? (sort.up ? 'ascending' : 'descending') : 'none'
		})
		this.root.ariaRowCount = order.length + 1
		this.body.style.height = order.length * rowHeight + 'px'
		this.root.style.height = (order.length + 1) * rowHeight + 18 + 'px'
		this.draw()
	}

	build(label) {
		this.root.ariaLabel = label
		this.root.ariaColCount = this.columns.length
		// All rows have the same widths, whatever is in them: a minimum in rem, and a share of the rest.
		this.root.style.setProperty('--columns', this.columns.map(c => 'minmax(' + c.width + 'rem,' + c.width + 'fr)').join(' '))
		this.root.style.setProperty('--width', this.columns.reduce((sum, c) => sum + c.width + .5, 1) + 'rem')
		this.head.replaceChildren(...this.columns.map((c, i) => {
			const button = element('button')
			Object.assign(button, { tabIndex: -1, title: c.title || '' })
			return newCell('columnheader', c, i, button)
		}))
		this.body.replaceChildren()
		this.pool = []
	}

	schedule() {
		if (this.scheduled) return
		this.scheduled = true
		requestAnimationFrame(() => {
			this.scheduled = false
			this.draw()
		})
	}

	row() {
		const row = element('div', 'row')
		row.role = 'row'
		row.append(...this.columns.map((c, i) => newCell('gridcell', c, i)))
		this.body.append(row)
		return { row, at: -1, bad: -1 }
	}

	draw() {
		const first = Math.max(0, Math.floor(this.root.scrollTop / rowHeight) - spare)
		const visible = Math.ceil((this.root.clientHeight - this.head.offsetHeight) / rowHeight) + 2 * spare
		const count = Math.max(0, Math.min(visible, this.order.length - first))
		while (this.pool.length < count) this.pool.push(this.row())
		for (let n = 0; n < this.pool.length; n++) {
			const p = this.pool[n]
			// A row keeps its element while it scrolls.
			const at = count ? first + ((n - first) % this.pool.length + this.pool.length) % this.pool.length : -1
			this.fill(p, at < first + count ? at : -1)
		}
		this.show()
	}

	fill(p, at) {
		const hidden = at < 0
		p.row.hidden = hidden
		if (hidden) {
			p.at = -1
			return
		}
		if (p.at !== at) {
			p.at = at
			p.row.style.transform = 'translateY(' + at * rowHeight + 'px)'
			p.row.ariaRowIndex = at + 2
		}
		const i = this.order[at]
		const bad = this.bad(i)
		if (p.bad !== bad) {
			p.bad = bad
			p.row.dataset.bad = bad
		}
		const cells = p.row.children
		for (let c = 0; c < cells.length; c++) write(cells[c], this.columns[c].text(i))
	}

	// cell returns the element of a cell if it is in sight.
	cell({ row, column }) {
		const p = this.pool.find(p => p.at === row)
		return p && p.row.children[column]
	}

	// show marks the cell that has the focus.
	show() {
		const cell = this.cell(this.focus)
		if (this.marked === cell) return
		if (this.marked) {
			this.marked.classList.remove('focus')
			this.marked.removeAttribute('id')
		}
		this.marked = cell
		if (!cell) return
		cell.classList.add('focus')
		cell.id = 'focus-cell'
		this.root.setAttribute('aria-activedescendant', cell.id)
	}

	move(rows, columns) {
		const row = Math.max(0, Math.min(this.order.length - 1, this.focus.row + rows))
		this.focus = { row, column: Math.max(0, Math.min(this.columns.length - 1, this.focus.column + columns)) }
		const top = row * rowHeight
		const height = this.root.clientHeight - this.head.offsetHeight
		if (top < this.root.scrollTop) this.root.scrollTop = top
		else if (top + rowHeight > this.root.scrollTop + height) this.root.scrollTop = top + rowHeight - height
		this.draw()
		const cell = this.cell(this.focus)
		if (cell && columns) cell.scrollIntoView({ block: 'nearest', inline: 'nearest' })
	}

	keydown(e) {
		if (e.ctrlKey || e.metaKey || e.altKey) return
		const page = Math.max(1, Math.floor(this.root.clientHeight / rowHeight) - 2)
		const moves = {
			ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
			PageDown: [page, 0], PageUp: [-page, 0], Home: [-this.order.length, 0], End: [this.order.length, 0],
		}
		if (moves[e.key]) this.move(...moves[e.key])
		else if (e.key === 'Enter') this.copy(this.focus)
		else if (e.key === 's') this.on.sort(this.columns[this.focus.column])
		else return
		e.preventDefault()
	}

	click(e) {
		const cell = e.target.closest('.cell')
		if (!cell) return
		const column = [...cell.parentNode.children].indexOf(cell)
		if (cell.parentNode === this.head) {
			this.on.sort(this.columns[column])
			return
		}
		const p = this.pool.find(p => p.row === cell.parentNode)
		this.focus = { row: p.at, column }
		this.show()
		this.copy(this.focus)
	}

	copy({ row, column }) {
		const c = this.columns[column]
		if (row < this.order.length && c) this.on.copy(c.query ? c.query(this.order[row]) : '')
	}
}
