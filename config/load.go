package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// FileBytesMax is the largest file that is read: room for a hundred thousand instruments.
const FileBytesMax = 4 << 20

// Load reads and checks the file at path. Relative paths in it are joined to its directory. The
// error is Faults, or says why the file could not be read (errors.Is with fs.ErrNotExist and its
// kin).
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing can be lost
	data, err := io.ReadAll(io.LimitReader(f, FileBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return Parse(data, path)
}

// Parse reads and checks a configuration. name stands in faults, and relative paths are joined to
// its directory; without a directory in it they stay as they are. The error is Faults: all of
// them, in the order of the file.
func Parse(data []byte, name string) (*Config, error) {
	r := &reader{file: name, dir: filepath.Dir(name), schema: Reference()}
	if name == "" {
		r.dir = ""
	}
	c := new(Config)
	if doc, ok := r.decode(data); ok {
		fileSection.read(r, "", doc, c)
	}
	if len(r.faults) > 0 {
		return nil, r.faults.sorted()
	}
	c.File = name
	return c, nil
}

// Validate checks a configuration that was made by a program as if it had been read from a file.
// The error is Faults, whose lines are those of c.TOML().
func (c *Config) Validate() error {
	r := &reader{schema: Reference()}
	if doc, ok := r.decode([]byte(c.TOML())); ok {
		fileSection.read(r, "", doc, new(Config))
	}
	if len(r.faults) > 0 {
		return r.faults.sorted()
	}
	return nil
}

// decode reads the TOML, and notes where everything stands.
func (r *reader) decode(data []byte) (map[string]any, bool) {
	at := func(line, column int, want, found, hint string) (map[string]any, bool) {
		r.faults = append(r.faults, Fault{File: r.file, Line: line, Column: column, Want: want, Found: found, Hint: hint})
		return nil, false
	}
	if len(data) > FileBytesMax {
		return at(0, 0, fmt.Sprintf("want a file of at most %v", Size(FileBytesMax)), "a larger one", "")
	}
	if i := firstInvalid(data); i >= 0 {
		line := 1 + strings.Count(string(data[:i]), "\n")
		return at(line, i-strings.LastIndexByte(string(data[:i]), '\n'), "want text in UTF-8", fmt.Sprintf("the byte 0x%02x", data[i]), "save the file as UTF-8")
	}
	text := string(data)
	found, _, tooDeep := scanPlaces(text)
	r.places = found
	if tooDeep.line > 0 {
		return at(tooDeep.line, tooDeep.column, fmt.Sprintf("want tables and lists at most %d deep", nestingMax), "deeper ones", "")
	}
	var doc map[string]any
	_, err := toml.Decode(text, &doc)
	var syntax toml.ParseError
	switch {
	case errors.As(err, &syntax):
		column := max(syntax.Position.Col, 1)
		return at(syntax.Position.Line, column, "want TOML: "+syntaxFault(text, syntax), "", syntaxHint(syntax))
	case err != nil:
		return at(0, 0, "want TOML: "+err.Error(), "", "")
	}
	return doc, true
}

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

// syntaxFault is what the TOML library says, unless a secret may stand in it: its messages quote
// the text they stumble over.
func syntaxFault(text string, e toml.ParseError) string {
	secret := looksSecret(e.LastKey)
	if lines := strings.Split(text, "\n"); e.Position.Line >= 1 && e.Position.Line <= len(lines) {
		key, _, _ := strings.Cut(lines[e.Position.Line-1], "=")
		secret = secret || looksSecret(strings.Trim(key, " \t\"'"))
	}
	if secret {
		return "not so at a key that looks like a secret (what stands there is not shown)"
	}
	message := strings.TrimSuffix(strings.ReplaceAll(e.Message, "\n", " "), ".")
	const most = 200
	if len(message) > most {
		message = strings.ToValidUTF8(message[:most], "") + "..."
	}
	return message
}

// syntaxHint helps with the slips that people make.
func syntaxHint(e toml.ParseError) string {
	switch m := e.Message; {
	case strings.Contains(m, "has already been defined"), strings.Contains(m, "already created as"), strings.Contains(m, "was already created"):
		return "each key and each [table] once; repeated tables are written [[table]]"
	case strings.Contains(m, "expected value but found"):
		return "texts stand in quotes"
	case strings.Contains(m, "strings cannot contain newlines"):
		return "close the quotes on the same line"
	case strings.Contains(m, "expected a top-level item to end"):
		return "one key = value a line"
	case strings.Contains(m, "expected '.' or '='"):
		return "key = value, with an equals sign"
	}
	return ""
}
