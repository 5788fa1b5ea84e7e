package config

import (
	"strings"
)

// writer writes a configuration as TOML.
type writer struct {
	b        strings.Builder
	comments bool            // explain every key, and show defaults behind a #
	muted    bool            // show a table that is not there: every line behind a #
	seen     map[string]bool // tables that were explained
}

// TOML returns the configuration as a file that Parse reads back to the same. Paths are written
// as they are in c, that is joined to the directory of the file they came from.
func (c *Config) TOML() string {
	w := &writer{seen: make(map[string]bool)}
	writeKeys(w, fileSection, c)
	return strings.TrimLeft(w.b.String(), "\n")
}

// Example returns the commented maru.toml that maru init writes: every key with its unit, default
// and meaning. It parses to exactly what Default returns.
func Example() string { return Default().example() }

const exampleHead = `# The configuration of one Maru node. "maru check -c maru.toml" says what is wrong with it and what
# it amounts to. docs/config.md is the reference.
#
# Where a key stands behind a #, the line shows its default, or an example where there is none: take
# the # away to set it. Durations and sizes are texts with a unit ("250ms", "10s", "5m", "1h", "1d";
# "64MB", "1GiB"). Money and quantities are texts too ("0.0005"), because they are exact. Secrets
# never stand here: name the environment variable or the file that holds them.
`

func (c *Config) example() string {
	w := &writer{comments: true, seen: make(map[string]bool)}
	w.b.WriteString(exampleHead)
	writeKeys(w, fileSection, c)
	return w.b.String()
}

// set writes a line that counts, unless the table around it is only shown.
func (w *writer) set(line string) {
	if w.muted {
		w.b.WriteString("# ")
	}
	w.b.WriteString(line)
	w.b.WriteByte('\n')
}

// comment writes text behind #, in lines that fit a terminal.
func (w *writer) comment(text string) {
	const width = 100
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width && line != "#" {
			w.b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	w.b.WriteString(line + "\n")
}

// table writes the head of a table, explained the first time, and whether this was that.
func (w *writer) table(head, name, doc string) (first bool) {
	first = w.comments && !w.seen[name]
	w.seen[name] = true
	w.b.WriteByte('\n')
	if first {
		w.comment(doc)
	}
	w.set(head)
	return first
}

func writeTable[C any](w *writer, c *section[C], s *C, head string) {
	first := w.table(head, c.name, c.doc)
	writeValues(w, c, s, first)
	writeTables(w, c, s)
}

// showTable writes a table that is not there, once and only among comments.
func showTable[C any](w *writer, c *section[C], head string) {
	if !w.comments || w.seen[c.name] {
		return
	}
	var defaults C
	if c.defaults != nil {
		defaults = c.defaults()
	}
	was := w.muted
	w.muted = true
	writeTable(w, c, &defaults, head)
	w.muted = was
}

// writeKeys writes values before tables: behind the head of a table they would belong to it.
func writeKeys[S any](w *writer, c *section[S], s *S) {
	writeValues(w, c, s, w.comments)
	writeTables(w, c, s)
}

func writeTables[S any](w *writer, c *section[S], s *S) {
	for _, k := range c.keys {
		if k.write != nil {
			k.write(w, s)
		}
	}
}

func writeValues[S any](w *writer, c *section[S], s *S, explain bool) {
	var defaults S
	if c.defaults != nil {
		defaults = c.defaults()
	}
	for _, k := range c.keys {
		if k.write != nil {
			continue
		}
		value, fallback := k.show(s), ""
		if !k.required && (k.fallback == "" || k.computed) {
			fallback = k.show(&defaults)
		}
		counts := value != "" && !w.muted && (k.applies == nil || k.applies(s)) && (!w.comments || value != fallback)
		if explain {
			w.b.WriteByte('\n')
			w.comment(k.doc + " " + k.terms(fallback))
		}
		switch {
		case counts:
			w.set(k.name + " = " + value)
		case explain && k.example != "":
			w.b.WriteString("# " + k.name + " = " + k.example + "\n")
		case explain:
			w.b.WriteString("# " + k.name + " = " + fallback + "\n")
		}
	}
}

// terms says what a key takes and what holds without it.
func (k key[S]) terms(fallback string) string {
	text := "Takes " + k.want
	switch {
	case k.required:
		text += "; required"
	case k.fallback != "":
		text += "; default: " + k.fallback
	case fallback != "":
		text += "; default " + fallback
	}
	return text + "."
}
