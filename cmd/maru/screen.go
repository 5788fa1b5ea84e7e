package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/maru-trading/maru/cmd/internal/node"
	"github.com/maru-trading/maru/web"
)

// screen shows what a node does: one block that is refreshed on a terminal, lines elsewhere.
type screen struct {
	out   io.Writer
	node  *node.Node
	block bool
	lines int // that the block has now
}

func newScreen(out io.Writer, n *node.Node, block bool) *screen {
	return &screen{out: out, node: n, block: block}
}

// watch shows until ctx ends or finished is closed.
func (s *screen) watch(ctx context.Context, finished <-chan struct{}) {
	wait, every := plainFirst, plainEvery
	if s.block {
		wait, every = statusEvery/2, statusEvery
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-finished:
			return
		case <-timer.C:
		}
		s.show(ctx)
		timer.Reset(every)
	}
}

func (s *screen) show(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	status, err := s.node.Status(ctx)
	if err != nil {
		return // the node is ending, or too busy to answer now; the next try comes soon
	}
	if !s.block {
		fmt.Fprintln(s.out, line(status))
		return
	}
	s.draw(blockOf(status))
}

// draw replaces the block on the terminal.
func (s *screen) draw(lines []string) {
	width := 100
	if f, ok := s.out.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			width = w
		}
	}
	var b strings.Builder
	if s.lines > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.lines)
	}
	for _, l := range lines {
		if r := []rune(l); len(r) >= width {
			l = string(r[:width-1])
		}
		b.WriteString("\x1b[2K" + l + "\n")
	}
	b.WriteString("\x1b[J")
	s.lines = len(lines)
	_, _ = io.WriteString(s.out, b.String())
}

// final prints what came of the run.
func (s *screen) final() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	status, err := s.node.Status(ctx)
	if err != nil {
		return
	}
	if s.block {
		s.draw(blockOf(status))
		return
	}
	fmt.Fprintln(s.out, line(status))
}

// line says in one line what the node does.
func line(s web.Status) string {
	parts := []string{
		"maru: " + s.Node, s.Mode, fmt.Sprintf("%d actors", actorCount(s)),
		fmt.Sprintf("%d events (%.0f/s)", s.Events, s.EventRate),
	}
	for _, v := range s.Venues {
		parts = append(parts, fmt.Sprintf("%s: %s", v.Name, feed(v)))
	}
	parts = append(parts, classes(s)...)
	parts = append(parts, "orders: "+orders(s))
	for _, p := range s.PnL {
		parts = append(parts, fmt.Sprintf("PnL %s %s", short(p.Total), p.Currency))
	}
	if !s.Ready {
		parts = append(parts, "not ready: "+strings.Join(s.Missing, ", "))
	}
	return strings.Join(parts, " | ")
}

// blockOf is line in several lines.
func blockOf(s web.Status) []string {
	state := "ready"
	switch {
	case s.Finished:
		state = "finished"
	case !s.Ready:
		state = "not ready: " + strings.Join(s.Missing, ", ")
	}
	lines := []string{
		fmt.Sprintf("── maru · %s · %s · up %s · %s", s.Node, s.Mode, (time.Duration(s.Uptime) * time.Second).String(), state),
		fmt.Sprintf("actors   %s", counts(s.Actors)),
		fmt.Sprintf("events   %d in all, %.0f/s", s.Events, s.EventRate),
	}
	for _, v := range s.Venues {
		lines = append(lines, fmt.Sprintf("feed     %s: %s", v.Name, feed(v)))
	}
	for _, c := range classes(s) {
		lines = append(lines, "classes  "+c)
	}
	lines = append(lines, "orders   "+orders(s))
	for _, p := range s.PnL {
		lines = append(lines, fmt.Sprintf("PnL      %s %s %s (realized %s, unrealized %s, fees %s)", p.Account, short(p.Total), p.Currency, short(p.Realized), short(p.Unrealized), short(p.Fees)))
	}
	for _, o := range s.Recent[max(0, len(s.Recent)-3):] {
		at := cmp.Or(o.Price, "market")
		lines = append(lines, fmt.Sprintf("  %s %s %s %s %s @ %s %s", o.Time.Format("15:04:05.000"), o.Strategy, o.Side, o.Quantity, o.Instrument, at, o.Status))
	}
	return lines
}

func actorCount(s web.Status) (n int) {
	for _, c := range s.Actors {
		n += c
	}
	return n
}

func feed(v web.VenueStatus) string {
	text := fmt.Sprintf("%s, %d frames", count(v.Connections, "connection"), v.Frames)
	if v.DeadLetters > 0 {
		text += fmt.Sprintf(", %s", count(int(v.DeadLetters), "dead letter"))
	}
	if v.Reconnects > 0 {
		text += fmt.Sprintf(", %s", count(int(v.Reconnects), "reconnect"))
	}
	if v.Gaps > 0 {
		text += fmt.Sprintf(", %s", count(int(v.Gaps), "gap"))
	}
	return text
}

func classes(s web.Status) (lines []string) {
	for _, engine := range slices.Sorted(maps.Keys(s.Classes)) {
		lines = append(lines, engine+": "+counts(s.Classes[engine]))
	}
	return lines
}

func orders(s web.Status) string {
	if len(s.Orders) == 0 {
		return "none yet"
	}
	return fmt.Sprintf("%s, %s", counts(s.Orders), count(s.Fills, "fill"))
}

func counts(m map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if m[name] != 0 {
			parts = append(parts, fmt.Sprintf("%d %s", m[name], strings.ReplaceAll(name, "_", " ")))
		}
	}
	return strings.Join(parts, ", ")
}

// short cuts a decimal to two places for people to read.
func short(decimal string) string {
	whole, fraction, found := strings.Cut(decimal, ".")
	if !found {
		return whole
	}
	return whole + "." + fraction[:min(2, len(fraction))]
}
