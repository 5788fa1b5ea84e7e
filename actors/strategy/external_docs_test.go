package strategy

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

type schemaLine struct {
	Properties map[string]json.RawMessage
	Required   []string
	Additional *bool `json:"additionalProperties"`
}

func schema(t *testing.T) map[string]schemaLine {
	t.Helper()
	text, err := os.ReadFile("../../docs/strategy.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Defs map[string]json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	lines := map[string]schemaLine{}
	for name, raw := range doc.Defs {
		if !strings.Contains(name, "_") {
			continue
		}
		var l schemaLine
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		lines[name] = l
	}
	return lines
}

// TestSchemaIsWhatIsRead holds the schema of what a program says to the reader's own table.
func TestSchemaIsWhatIsRead(t *testing.T) {
	lines := schema(t)
	for typ, keys := range saidKeys {
		l, ok := lines["said_"+typ]
		if !ok {
			t.Errorf("%s is not in the schema", typ)
			continue
		}
		want := append(append([]string{"type"}, keys.must...), keys.may...)
		if got := slices.Sorted(maps.Keys(l.Properties)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: the schema has %v, the reader %v", typ, got, want)
		}
		if !slices.Equal(slices.Sorted(slices.Values(l.Required)), slices.Sorted(slices.Values(append([]string{"type"}, keys.must...)))) {
			t.Errorf("%s: required are %v, for the reader %v", typ, l.Required, keys.must)
		}
		if l.Additional == nil || *l.Additional {
			t.Errorf("%s: other keys are let through", typ)
		}
	}
}

// TestManualsLines reads every line that the manual shows: what a program says is understood, what it
// is told has the keys that the schema wants.
func TestManualsLines(t *testing.T) {
	text, err := os.ReadFile("../../docs/strategies.md")
	if err != nil {
		t.Fatal(err)
	}
	lines, shown := schema(t), map[string]bool{}
	said := true // the manual's first block is the program's
	for _, block := range strings.Split(string(text), "```json\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		for line := range strings.Lines(block) {
			var keys map[string]json.RawMessage
			if err := json.Unmarshal([]byte(line), &keys); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			typ := strings.Trim(string(keys["type"]), `"`)
			if said {
				if _, err := parseSaid([]byte(strings.TrimSpace(line))); err != nil {
					t.Errorf("%s%v", line, err)
				}
				shown["said_"+typ] = true
				continue
			}
			for _, key := range lines["told_"+typ].Required {
				if _, ok := keys[key]; !ok {
					t.Errorf("%skey %q is missing", line, key)
				}
			}
			shown["told_"+typ] = true
		}
		said = false
	}
	for name := range lines {
		elsewhere := name == "told_classified" || name == "told_bar" || name == "told_order_event" // in messages.md
		if !shown[name] && !elsewhere {
			t.Errorf("%s is not shown", name)
		}
	}
	for _, code := range append(Refusals(), FailureCodes()...) {
		if !strings.Contains(string(text), "`"+code+"`") && !slices.Contains([]string{"start", "overload", "write"}, code) {
			t.Errorf("the code %s is not explained", code)
		}
	}
}
