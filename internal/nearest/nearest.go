// Package nearest finds the known name that a misspelt one most likely means. It
// imports no other package of this module.
package nearest

import "strings"

// Name returns the known name that is most like the given one, empty if none is:
// one whose last part it is, as plus of nginx.plus, or one that differs in about
// a third of its letters at most.
func Name(given string, known []string) string {
	given = strings.ToLower(strings.ReplaceAll(given, "_", "-"))
	if given == "" || len(given) > maxLength {
		return ""
	}
	found, least := "", limit(given)
	for _, name := range known {
		if d := distance(given, name); d < least {
			found, least = name, d
		}
	}
	if found != "" {
		return found
	}
	least = limit(last(given))
	for _, name := range known {
		short := last(name)
		d := distance(last(given), short)
		if strings.HasSuffix(short, "-"+last(given)) {
			d = 1
		}
		if d < least {
			found, least = name, d
		}
	}
	return found
}

// last returns the part of a name after its last dot.
func last(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// maxLength is the length of the longest name that is compared.
const maxLength = 64

// limit is one more than the letters of a name that may differ: two of five.
func limit(name string) int { return (len(name)+1)/3 + 1 }

// distance returns how many letters must be inserted, removed or replaced to get
// from one name to the other. Dashes and underscores are the same.
func distance(one, other string) int {
	a, b := strings.ToLower(one), strings.ReplaceAll(strings.ToLower(other), "_", "-")
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
