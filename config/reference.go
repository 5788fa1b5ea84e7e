package config

import (
	"fmt"
	"strings"
)

// TableReference documents one table of the file.
type TableReference struct {
	Table    string // as in the header: "venue.sim"
	Repeated bool   // written [[table]], any number of times
	Doc      string
	Keys     []KeyReference
}

// KeyReference documents one key of a table.
type KeyReference struct {
	Name     string
	Want     string // what may stand there: type, range, unit
	Default  string // in TOML or in words; "" if it is required
	Doc      string
	Required bool
}

// Reference documents every table and key there is, in the order of the commented file.
func Reference() []TableReference { return fileSection.reference(false)[1:] }

func (c *section[S]) reference(repeated bool) []TableReference {
	var defaults S
	if c.defaults != nil {
		defaults = c.defaults()
	}
	own := TableReference{Table: c.name, Repeated: repeated, Doc: c.doc}
	var below []TableReference
	for _, k := range c.keys {
		if k.tables != nil {
			below = append(below, k.tables()...)
			continue
		}
		ref := KeyReference{Name: k.name, Want: k.want, Doc: k.doc, Required: k.required, Default: k.fallback}
		if ref.Default == "" && !k.required {
			ref.Default = k.show(&defaults)
		}
		own.Keys = append(own.Keys, ref)
	}
	return append([]TableReference{own}, below...)
}

// Markdown returns the reference as it stands in docs/config.md.
func Markdown() string {
	var b strings.Builder
	for _, t := range Reference() {
		header := "[" + t.Table + "]"
		if t.Repeated {
			header = "[" + header + "]"
		}
		fmt.Fprintf(&b, "### `%s`\n\n%s\n\n", header, t.Doc)
		b.WriteString("| key | value | default | meaning |\n|---|---|---|---|\n")
		for _, k := range t.Keys {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, cell(k.Want), cell(k.defaultCell()), cell(k.Doc))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (k KeyReference) defaultCell() string {
	switch {
	case k.Required:
		return "**required**"
	case k.Default == "":
		return "none"
	case strings.ContainsAny(k.Default[:1], `"[0123456789-`), k.Default == "true", k.Default == "false":
		return "`" + k.Default + "`"
	}
	return k.Default
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
