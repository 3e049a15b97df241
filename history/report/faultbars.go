package report

import (
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"raftkv/history"
)

// pad is the space between a label and what is beside it.
const pad = 3

// room is a free stretch of a row, and the paint that can be read on it.
type room struct {
	from, to vg.Length
	paint    paint
}

func (r room) width() vg.Length { return r.to - r.from - 2*pad }

// faultBars draws a bar for each fault, and its title in it or beside it.
func (v view) faultBars(a area, rows []int) {
	for i, f := range v.spans() {
		low := float64(rows[i]) + 1
		a.bar(faultInk, secondsOf(f.From), end(f, v.to), low+0.12, low+0.88)
		a.place(v.titles(f), v.rooms(a, i, rows), low+0.5)
	}
}

// titles are what a fault may be called, the best first. Among several of one name
// it is the nodes that tell them apart; one alone is known by its name.
func (v view) titles(f history.Span) []string {
	ids := strings.TrimPrefix(f.Title(), f.Name)
	short := strings.Trim(ids, " ()")
	if short == "" || len(v.spans()) == 1 {
		return []string{f.Title(), f.Name}
	}
	_, number, _ := strings.Cut(short, " ")
	if v.named(f.Name) > 1 {
		return []string{f.Title(), short, "n" + number}
	}
	return []string{f.Title(), f.Name, short, "n" + number}
}

// named counts the faults of a name.
func (v view) named(name string) (n int) {
	for _, f := range v.spans() {
		if f.Name == name {
			n++
		}
	}
	return n
}

// rooms are where the title of a fault may stand: in its bar, or after or before
// it as far as the next bar of its row.
func (v view) rooms(a area, i int, rows []int) []room {
	f := v.spans()[i]
	from, to := a.x(secondsOf(f.From)), a.x(end(f, v.to))
	left, right := a.Min.X, a.Max.X
	for j, other := range v.spans() {
		if j == i || rows[j] != rows[i] {
			continue
		}
		if j < i {
			left = max(left, a.x(end(other, v.to)))
		} else {
			right = min(right, a.x(secondsOf(other.From)))
		}
	}
	rooms := []room{{from, to, onBar}, {to, right, faultInk}}
	if i == 0 || left == a.Min.X { // else what is before may be the last one's title
		rooms = append(rooms, room{left, from, faultInk})
	}
	return rooms
}

// place writes the first of the texts that fits into a room, or as much of the
// last as the widest room takes.
func (a area) place(texts []string, rooms []room, height float64) {
	widest := rooms[0]
	for _, s := range texts {
		for _, r := range rooms {
			if a.style(r.paint, draw.XLeft).Width(s)*wider <= r.width() {
				a.write(s, r, height)
				return
			}
			if r.width() > widest.width() {
				widest = r
			}
		}
	}
	a.write(fit(a.style(widest.paint, draw.XLeft), texts[len(texts)-1], widest.width()/wider+2*pad), widest, height)
}

// write writes at the start of the room, or at its end if that is where the bar
// is.
func (a area) write(s string, r room, height float64) {
	if r.from == a.Min.X && r.paint != onBar {
		a.before(r.paint, s, r.to, a.y(height))
		return
	}
	a.FillText(a.style(r.paint, draw.XLeft), vg.Point{X: r.from + pad, Y: a.y(height)}, s)
}
