package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/adapters/venue/registry"
)

// sourcesInCode reads out of the adapters' code where the figures of their limits come from: the
// comments in func Limits, and what the package comment says it was built from.
func sourcesInCode(t *testing.T) map[string]sourced {
	t.Helper()
	all := map[string]sourced{}
	for _, name := range registry.Names() {
		files, err := filepath.Glob(filepath.Join("..", "..", "adapters", "venue", name, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		s := sourced{Limits: map[string]string{}}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for paragraph := range strings.SplitSeq(f.Doc.Text(), "\n\n") {
				if strings.HasPrefix(paragraph, "Source") {
					s.Protocol = flat(paragraph)
				}
			}
			ast.Inspect(f, func(n ast.Node) bool {
				fn, ok := n.(*ast.FuncDecl)
				if ok && fn.Recv == nil && fn.Name.Name == "Limits" {
					limitComments(set, f, fn, s.Limits)
				}
				return true
			})
		}
		if len(s.Limits) > 0 {
			all[name] = s
		}
	}
	return all
}

// limitComments finds the comment above or behind each figure of a literal.
func limitComments(set *token.FileSet, f *ast.File, fn *ast.FuncDecl, to map[string]string) {
	line := func(p token.Pos) int { return set.Position(p).Line }
	ast.Inspect(fn, func(n ast.Node) bool {
		kv, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		key, ok := kv.Key.(*ast.Ident)
		if !ok {
			return true
		}
		for _, c := range f.Comments {
			if line(c.End()) == line(kv.Pos())-1 || line(c.Pos()) == line(kv.End()) {
				to[key.Name] = strings.TrimSpace(to[key.Name] + " " + flat(c.Text()))
			}
		}
		return true
	})
}

func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestVenuesDoc holds docs/venues.md and the list of sources to the code.
func TestVenuesDoc(t *testing.T) {
	sources := sourcesInCode(t)
	all, err := supported(sources)
	if err != nil {
		t.Fatal(err)
	}
	var list bytes.Buffer
	e := json.NewEncoder(&list)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(sources); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"venues_sources.json": list.String(), "../../docs/venues.md": venuesPage(all)} {
		if *updateDoc {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s is not what the adapters say (%v): run this test with -update", path, err)
		}
	}
}

// The table is asked of the adapters; what is known of some of them for certain must come out.
func TestVenuesSayWhatIsSo(t *testing.T) {
	stdout, stderr, code := maru(t, "", "venues", "--json")
	var all []venueSupport
	if err := json.Unmarshal([]byte(stdout), &all); err != nil || code != exitDone {
		t.Fatalf("exit code %d, %v, %s", code, err, stderr)
	}
	by := map[string]venueSupport{}
	var names []string
	for _, s := range all {
		by[s.Venue] = s
		names = append(names, s.Venue)
		if len(s.Channels) == 0 || s.Silence == "" || s.Ping == "" && s.PingEvery != "" {
			t.Errorf("%s: %+v", s.Venue, s)
		}
		if s.SameProtocolAs == "" && (len(s.Sources) == 0 || s.SourceOfProtocol == "" || !strings.HasPrefix(s.WebSocket, "wss://")) {
			t.Errorf("%s: no sources, or no address: %+v", s.Venue, s)
		}
	}
	if !slices.Equal(names, registry.Names()) {
		t.Errorf("rows of %v, adapters %v", names, registry.Names())
	}
	b := by["binance"]
	if b.Book != bookREST || b.Streams != 1024 || b.Instruments != 0 || b.BookLevelsMax != 5000 || b.NamesPerFrame != 200 || b.Lifetime != "24h" || b.Ping != "" || b.SnapshotEvery != "1s" {
		t.Errorf("binance: %+v", b)
	}
	if !strings.Contains(b.Sources["StreamsPerConnection"], "1024") {
		t.Errorf("binance: sources %v", b.Sources)
	}
	u := by["upbit"]
	if u.Book != bookWhole || u.Instruments != 300 || len(u.Channels) != 3 || u.Ping != "WebSocket ping" || u.PingEvery != "20s" || u.SnapshotEvery != "" {
		t.Errorf("upbit: %+v", u)
	}
	if k := by["kraken"]; k.Book != bookStream || !k.Checksum || k.Ping != `{"method":"ping"}` {
		t.Errorf("kraken: %+v", k)
	}
	if by["sim"].SameProtocolAs != "binance" || by["sim"].WebSocket != "" {
		t.Errorf("sim: %+v", by["sim"])
	}
	table, _, code := maru(t, "", "venues")
	if code != exitDone || strings.Count(table, "\n") != len(all)+1 || !strings.Contains(table, "REST join") {
		t.Errorf("exit code %d\n%s", code, table)
	}
}
