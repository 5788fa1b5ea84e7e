package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
)

// Follows reports whether the configuration names the instrument or has a pattern for it, and takes
// it out nowhere. Of the adapter sim it follows all where nothing is named.
func (v *Venue) Follows(i market.Instrument) bool {
	if len(v.Instruments) == 0 && len(v.Patterns) == 0 {
		return v.Sim != nil
	}
	named := slices.Contains(v.Instruments, i)
	for _, p := range v.Patterns {
		if p.Matches(i) {
			if p.Excludes() {
				return false
			}
			named = true
		}
	}
	return named
}

// byList reports whether what the venue follows is known only from its list.
func (v *Venue) byList() bool { return len(v.Patterns) > 0 }

// Idle returns the exclusions that take nothing out of what is listed: what they are about is traded
// no longer, or misspelled.
func (v *Venue) Idle(listed []market.Listing) []Pattern {
	var idle []Pattern
	for _, p := range v.Patterns {
		if p.Excludes() && !matchesAny(listed, p) {
			idle = append(idle, p)
		}
	}
	return idle
}

func matchesAny(listed []market.Listing, p Pattern) bool {
	return slices.ContainsFunc(listed, func(l market.Listing) bool { return p.Matches(l.Instrument) })
}

// Select returns what the venue follows of what it lists: the named instruments in their order, then
// what the patterns match, by name; everything where the configuration names nothing. It fails with
// every name that is not listed and every pattern that matches nothing, each with names that are
// near; for exclusions there is Idle.
func (v *Venue) Select(listed []market.Listing) ([]market.Listing, error) {
	if len(v.Instruments) == 0 && len(v.Patterns) == 0 {
		return listed, nil
	}
	by := make(map[market.Instrument]market.Listing, len(listed))
	for _, l := range listed {
		by[l.Instrument] = l
	}
	s := selection{listed: listed, taken: make(map[market.Instrument]bool)}
	for _, i := range v.Instruments {
		l, ok := by[i]
		if !ok {
			s.fault("%s is not traded there now", i.Name(), s.nearNames(i.Name()))
			continue
		}
		s.take(l)
	}
	var matched []market.Listing
	for _, p := range v.Patterns {
		if p.Excludes() {
			continue
		}
		n := 0
		for _, l := range listed {
			if p.Matches(l.Instrument) {
				n++
				if v.Follows(l.Instrument) {
					matched = append(matched, l)
				}
			}
		}
		if n == 0 {
			s.fault("nothing that is traded there now matches %q", string(p), s.nearPatterns(p))
		}
	}
	slices.SortFunc(matched, func(a, b market.Listing) int { return a.Instrument.Compare(b.Instrument) })
	for _, l := range matched {
		s.take(l)
	}
	if len(s.chosen) == 0 && len(s.faults) == 0 {
		s.faults = append(s.faults, errors.New("the exclusions leave nothing of what is named: take one out"))
	}
	if len(s.faults) > 0 {
		return nil, fmt.Errorf("%w (it lists %s)", errors.Join(s.faults...), plural(len(listed), "instrument"))
	}
	return s.chosen, nil
}

// selection is what Select has gathered.
type selection struct {
	listed []market.Listing
	taken  map[market.Instrument]bool
	chosen []market.Listing
	faults []error
}

func (s *selection) take(l market.Listing) {
	if !s.taken[l.Instrument] {
		s.taken[l.Instrument] = true
		s.chosen = append(s.chosen, l)
	}
}

// selectFaultsMax is how many faults Select tells.
const selectFaultsMax = 20

func (s *selection) fault(format, what string, near []string) {
	if len(s.faults) >= selectFaultsMax {
		return
	}
	hint := "take it out of the configuration, or mend it"
	if len(near) > 0 {
		hint = "did you mean " + oneOf(near) + "?"
	}
	s.faults = append(s.faults, fmt.Errorf(format+": %s", what, hint))
}

// nearMax is how many near names a fault offers.
const nearMax = 3

// nearNames returns listed names that take few edits to reach, the nearest first.
func (s *selection) nearNames(name string) []string {
	names := make([]string, len(s.listed))
	for i, l := range s.listed {
		names[i] = l.Instrument.Name()
	}
	if base, quote, ok := strings.Cut(name, "-"); ok && slices.Contains(names, quote+"-"+base) {
		return []string{quote + "-" + base}
	}
	return nearestOf(name, names)
}

// nearPatterns returns patterns that match something: p with its base or its quote replaced by one
// that is listed and takes few edits to reach.
func (s *selection) nearPatterns(p Pattern) []string {
	parts := p.parts()
	var near []string
	for n, part := range parts {
		if part == "*" {
			continue
		}
		seen := map[string]bool{}
		var words []string
		for _, l := range s.listed {
			listed := strings.Split(l.Instrument.Name(), "-")
			if n < len(listed) && !seen[listed[n]] {
				seen[listed[n]] = true
				words = append(words, listed[n])
			}
		}
		for _, word := range nearestOf(strings.ReplaceAll(part, "*", ""), words) {
			other := slices.Clone(parts)
			other[n] = word
			if q := Pattern(strings.Join(other, "-")); matchesAny(s.listed, q) {
				near = append(near, string(q))
			}
		}
	}
	return near[:min(len(near), nearMax)]
}

// nearestOf returns at most nearMax of the words, those that take the fewest edits to reach, and no
// more than a third of the letters (at least one).
func nearestOf(found string, words []string) []string {
	type candidate struct {
		word  string
		edits int
	}
	most := max(1, len(found)/3)
	var near []candidate
	for _, word := range words {
		if len(word) > len(found)+most || len(found) > len(word)+most {
			continue
		}
		if d := distance(found, word); d <= most {
			near = append(near, candidate{word, d})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.edits, b.edits), strings.Compare(a.word, b.word))
	})
	all := make([]string, 0, nearMax)
	for _, c := range near[:min(len(near), nearMax)] {
		if c.edits <= near[0].edits+1 { // beside a near one, those further off are noise
			all = append(all, c.word)
		}
	}
	return all
}
