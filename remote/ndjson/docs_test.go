package ndjson

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/message"
)

// TestDocs keeps docs/messages.md true: every kind of message and every key stands in it, every
// example can be read and is written back letter by letter, its keys are explained in its section
// or among the common ones, and the examples are exactly those of the golden file.
func TestDocs(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "messages.md"))
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	for _, k := range message.Kinds() {
		if !strings.Contains(doc, "\n### "+k.String()+"\n") && !strings.Contains(doc, "| `"+k.String()+"` |") {
			t.Errorf("kind %v has no section", k)
		}
	}
	common, sections, _ := strings.Cut(doc, "\n## Market data")
	explained := regexp.MustCompile("`([a-z0-9_]+)`")
	keysOf := func(text string) map[string]bool {
		keys := map[string]bool{}
		for line := range strings.Lines(text) {
			if row, ok := strings.CutPrefix(line, "| `"); ok {
				cell, _, _ := strings.Cut("`"+row, "|")
				for _, m := range explained.FindAllStringSubmatch(cell, -1) {
					keys[m[1]] = true
				}
			}
		}
		return keys
	}
	commonKeys, allKeys := keysOf(common), keysOf(doc)
	for k := range keyEnd {
		if !allKeys[k.String()] {
			t.Errorf("key %q is not explained", k)
		}
	}

	examples := map[string]bool{}
	for _, section := range strings.Split(sections, "\n### ")[1:] {
		title, _, _ := strings.Cut(section, "\n")
		sectionKeys := keysOf(section)
		for _, block := range strings.Split(section, "```json\n")[1:] {
			block, _, _ = strings.Cut(block, "```")
			for line := range strings.Lines(block) {
				examples[line] = true
				checkExample(t, title, line, commonKeys, sectionKeys)
			}
		}
	}
	golden, err := os.ReadFile(filepath.Join("testdata", "golden.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(golden) {
		if !examples[string(line)] {
			t.Errorf("not in the docs: %s", line)
		}
		delete(examples, string(line))
	}
	for line := range examples {
		t.Errorf("in the docs, not in the golden file: %s", line)
	}
}

func checkExample(t *testing.T, title, line string, common, section map[string]bool) {
	t.Helper()
	m, symbol, err := Parse([]byte(line))
	if err != nil {
		t.Errorf("%s: %v", title, err)
		return
	}
	if again, err := Append(nil, m, symbol); err != nil || string(again) != line {
		t.Errorf("%s: %s is written as %s (%v)", title, line, again, err)
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(line), &object); err != nil {
		t.Fatal(err)
	}
	if typ, _ := object["type"].(string); !strings.Contains(title, typ) {
		t.Errorf("%s: an example of type %s", title, typ)
	}
	for key := range object {
		if !common[key] && !section[key] {
			t.Errorf("%s: key %q is not explained there", title, key)
		}
	}
}
