package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// reader walks a decoded TOML document along the schema and gathers every fault.
type reader struct {
	file   string
	dir    string // paths in the file are relative to it; "" leaves them as they are
	places places
	schema []TableReference // for hints
	faults Faults
}

// at returns where a path stands, or the nearest table around it that stands in the file.
func (r *reader) at(path string) place {
	for path != "" {
		if p, ok := r.places[path]; ok {
			return p
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return place{}
}

// fault reports a wrong value.
func (r *reader) fault(path, want, found, hint string) {
	at := r.at(path).value
	r.faults = append(r.faults, Fault{r.file, at.line, at.column, path, want, found, hint})
}

// faultKey reports a key that should not be there, or one that is missing.
func (r *reader) faultKey(path, want, found, hint string) {
	at := r.at(path).key
	r.faults = append(r.faults, Fault{r.file, at.line, at.column, path, want, found, hint})
}

// describe says in words what a TOML value is. Long texts are cut.
func describe(raw any) string {
	const most = 60
	switch v := raw.(type) {
	case string:
		if len(v) > most {
			return fmt.Sprintf("%q...", v[:most])
		}
		return fmt.Sprintf("%q", v)
	case int64, float64, bool:
		return fmt.Sprint(v)
	case time.Time:
		return "a date or time"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "a list of tables"
	}
	return fmt.Sprintf("a %T", raw)
}

// section is the schema of one table: the keys of S, in the order in which people read them.
type section[S any] struct {
	name     string // as in the header: "venue.sim"
	doc      string // what the table is for
	keys     []key[S]
	defaults func() S
	// finish fills in defaults that depend on other keys, and checks what keys say together.
	finish func(r *reader, path string, given func(key string) bool, s *S)
}

// key is the schema of one key of S.
type key[S any] struct {
	name     string
	want     string // what may stand there
	doc      string // what it does; unit and effect
	fallback string // the default in words, where it is no fixed value
	example  string // a value in TOML, shown where there is no default
	required bool
	computed bool // defaults compute the fallback: a value that equals it need not be written
	read     func(r *reader, path string, raw any, s *S)
	show     func(s *S) string // the value in TOML; "" if none is set
	applies  func(s *S) bool   // nil: always

	// Of tables and lists of tables; nil for values.
	tables func() []TableReference
	write  func(w *writer, s *S)
}

// need marks a key that must be given.
func (k key[S]) need() key[S] { k.required = true; return k }

// otherwise says in words what holds where the key is not given, with an example of a value.
func (k key[S]) otherwise(words, example string) key[S] {
	k.fallback, k.example = words, example
	return k
}

// orElse is otherwise of a default that the section's defaults compute.
func (k key[S]) orElse(words, example string) key[S] {
	k.computed = true
	return k.otherwise(words, example)
}

// when restricts a key to some S. The section's finish says so when it stands elsewhere.
func (k key[S]) when(applies func(*S) bool) key[S] { k.applies = applies; return k }

// read reads a table into s, which it first sets to the defaults.
func (c *section[S]) read(r *reader, path string, raw any, s *S) {
	if c.defaults != nil {
		*s = c.defaults()
	}
	fields, ok := raw.(map[string]any)
	if !ok {
		r.fault(path, "want a table, as in ["+c.name+"]", describe(raw), "")
		return
	}
	for _, k := range c.keys {
		if value, given := fields[k.name]; given {
			k.read(r, joinKey(path, k.name), value, s)
		} else if k.required {
			r.faultKey(joinKey(path, k.name), "want "+k.want, "no such key in ["+c.name+"]", "add "+k.name+" = "+k.example)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.ContainsFunc(c.keys, func(k key[S]) bool { return k.name == name }) {
			r.unknown(path, c.name, name, c.names())
		}
	}
	if c.finish != nil {
		c.finish(r, path, func(key string) bool { _, ok := fields[key]; return ok }, s)
	}
}

func (c *section[S]) names() []string {
	names := make([]string, len(c.keys))
	for i, k := range c.keys {
		names[i] = k.name
	}
	return names
}

// unknown reports a key that the schema does not have. Its value is never shown: it may be a
// secret with a slip in its name.
func (r *reader) unknown(path, table, name string, names []string) {
	full := joinKey(path, clip(name))
	where := "the file"
	if table != "" {
		where = "[" + table + "]"
	}
	at := r.at(joinKey(path, name)).key
	add := func(want, found, hint string) {
		r.faults = append(r.faults, Fault{r.file, at.line, at.column, full, want, found, hint})
	}
	if looksSecret(name) {
		hint := "put it into an environment variable or a file of its own; nothing here reads it yet"
		switch {
		case slices.Contains(names, name+"_env"):
			hint = fmt.Sprintf("put it into an environment variable and name that here: %s_env = \"MARU_%s\"", name, strings.ToUpper(name))
		case slices.Contains(names, name+"_file"):
			hint = fmt.Sprintf("put it into a file of its own, and name that here: %s_file", name)
		}
		add("secrets never stand in this file", "a key that looks like one", hint)
		return
	}
	if len(r.faults) > 10*faultsMax { // nobody reads that many: spare the search
		add("want a key that "+where+" has", "an unknown key", "")
		return
	}
	hint := didYouMean(name, names)
	if hint == "" {
		hint = r.elsewhere(name, table)
	}
	if hint == "" {
		hint = "known keys: " + strings.Join(names, ", ")
	}
	add("want a key that "+where+" has", "an unknown key", hint)
}

// elsewhere says in which other tables a key of that name is known.
func (r *reader) elsewhere(name, but string) string {
	var tables []string
	for _, t := range r.schema {
		for _, k := range t.Keys {
			if k.Name == name && t.Table != but && t.Table != "" {
				tables = append(tables, "["+t.Table+"]")
			}
		}
	}
	if len(tables) == 0 {
		return ""
	}
	return name + " is a key of " + oneOf(tables)
}

// clip cuts a name that a person cannot have meant.
func clip(name string) string {
	const most = 64
	if len(name) > most {
		return name[:most] + "..."
	}
	return name
}
