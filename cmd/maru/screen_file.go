package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/maru-trading/maru/actors/classifier/criteria"
	"github.com/maru-trading/maru/actors/classifier/screening"
)

// screenFile is what a screen's file says: a set of criteria, and how the universe is looked at.
type screenFile struct {
	Name      string            `toml:"name"`
	Universe  screenUniverse    `toml:"universe"`
	Criterion []screenCriterion `toml:"criterion"`

	path string
	text string
	gap  time.Duration
	old  time.Duration
}

// screenUniverse is the table [universe].
type screenUniverse struct {
	Gap   string `toml:"gap"`
	Stale string `toml:"stale"`
}

// screenCriterion is a table [[criterion]].
type screenCriterion struct {
	Name string `toml:"name"`
	When string `toml:"when"`
}

// Limits of a screen's file.
const (
	screenBytesMax    = 1 << 20
	screenCriteriaMax = 100
	screenNameMax     = 40
)

// The longest holidays of an exchange take eleven days (Korea, autumn 2017): twelve are a gap.
const screenGap = "12d"

// readScreen reads a screen's file. It returns every fault at once, each with its line.
func readScreen(path string) (*screenFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > screenBytesMax {
		return nil, fmt.Errorf("%s has %d bytes: want at most %d", path, info.Size(), screenBytesMax)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &screenFile{path: path, text: string(data), Universe: screenUniverse{Gap: screenGap, Stale: "0"}}
	meta, err := toml.Decode(f.text, f)
	var syntax toml.ParseError
	switch {
	case errors.As(err, &syntax):
		// The library counts a line that it has read to its end.
		line := 1 + strings.Count(f.text[:min(max(syntax.Position.Start-1, 0), len(f.text))], "\n")
		return nil, fmt.Errorf("%s:%d: %s", path, line, syntax.Message)
	case err != nil:
		return nil, fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "toml: "))
	}
	var faults []error
	fault := func(line int, format string, args ...any) {
		where := path
		if line > 0 {
			where = fmt.Sprintf("%s:%d", path, line)
		}
		faults = append(faults, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
	}
	for _, key := range meta.Undecoded() {
		hint := "a screen has name, [universe] with gap and stale, and [[criterion]] with name and when"
		if near, ok := criteria.Nearest(key[len(key)-1], []string{"name", "universe", "criterion", "gap", "stale", "when"}); ok {
			hint = "did you mean " + near + "?"
		}
		fault(f.lineOfKey(key[len(key)-1]), "%s is not known: %s", key, hint)
	}
	if f.gap, err = screenPeriod(f.Universe.Gap); err != nil {
		fault(f.lineOfKey("gap"), "gap %q: %v", f.Universe.Gap, err)
	}
	if f.old, err = screenPeriod(f.Universe.Stale); err != nil {
		fault(f.lineOfKey("stale"), "stale %q: %v", f.Universe.Stale, err)
	}
	if n := len(f.Criterion); n < 1 || n > screenCriteriaMax {
		fault(0, "%d criteria: want 1 to %d tables [[criterion]]", n, screenCriteriaMax)
	}
	for i, c := range f.Criterion {
		switch {
		case c.Name == "" || len(c.Name) > screenNameMax || strings.ContainsAny(c.Name, "\n\r\t"):
			fault(f.lineOfCriterion(i, "name"), "criterion %d: name %.50q: want 1 to %d bytes in one line", i+1, c.Name, screenNameMax)
		case slices.ContainsFunc(f.Criterion[:i], func(d screenCriterion) bool { return d.Name == c.Name }):
			fault(f.lineOfCriterion(i, "name"), "criterion %q is there twice: give each its own name", c.Name)
		case c.When == "":
			fault(f.lineOfCriterion(i, "name"), "criterion %q has no when", c.Name)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return f, nil
}

// screenPeriod reads 12d, or 0.
func screenPeriod(text string) (time.Duration, error) {
	if text == "0" || text == "" {
		return 0, nil
	}
	return criteria.ParsePeriod(text)
}

// criteria returns the criteria as a screen takes them.
func (f *screenFile) criteria() []screening.Criterion {
	all := make([]screening.Criterion, len(f.Criterion))
	for i, c := range f.Criterion {
		all[i] = screening.Criterion{Name: c.Name, When: c.When}
	}
	return all
}

// explain says of the faults of criteria where in the file they are, with a caret.
func (f *screenFile) explain(err error) error {
	each := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		each = joined.Unwrap()
	}
	var all []error
	for _, e := range each {
		var of *criteria.CriterionError
		var fault *criteria.Fault
		switch {
		case errors.As(e, &of):
			fault = of.Fault
		case errors.As(e, &fault):
			of = &criteria.CriterionError{Fault: fault}
		default:
			all = append(all, e)
			continue
		}
		c := f.Criterion[of.Index]
		where := f.path
		if line := f.lineOfCriterion(of.Index, "when"); line > 0 {
			where = fmt.Sprintf("%s:%d", f.path, line+fault.Line-1)
		}
		caret := strings.ReplaceAll(fault.Caret(c.When), "\n", "\n    ")
		all = append(all, fmt.Errorf("%s: criterion %q: %w\n    %s", where, c.Name, fault, caret))
	}
	return errors.Join(all...)
}

var (
	screenTable = regexp.MustCompile(`^\s*\[\[\s*criterion\s*\]\]`)
	screenKey   = regexp.MustCompile(`^\s*"?([A-Za-z0-9_-]+)"?\s*[=.]|^\s*\[+\s*([A-Za-z0-9_-]+)`)
)

// lineOfKey returns the first line that has a key, from 1; 0 if none has.
func (f *screenFile) lineOfKey(key string) int {
	for i, line := range strings.Split(f.text, "\n") {
		if m := screenKey.FindStringSubmatch(line); m != nil && (m[1] == key || m[2] == key) {
			return i + 1
		}
	}
	return 0
}

// lineOfCriterion returns the line of a key of criterion i, or that of its table.
func (f *screenFile) lineOfCriterion(i int, key string) int {
	table := 0
	for n, line := range strings.Split(f.text, "\n") {
		if screenTable.MatchString(line) {
			if i--; i == -1 {
				table = n + 1
			} else if i < -1 {
				break
			}
			continue
		}
		if m := screenKey.FindStringSubmatch(line); table > 0 && m != nil && m[1] == key {
			return n + 1
		}
	}
	return table
}
