package immutable

import (
	"fmt"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestBad: every fault that a bad example announces is found on its line, and no other.
func TestBad(t *testing.T) {
	dir := filepath.Join("testdata", "bad")
	faults, err := Check(dir)
	if err != nil {
		t.Fatal(err)
	}
	wanted := wants(t, dir)
	if len(wanted) == 0 {
		t.Fatal("no bad example")
	}
	for _, fault := range faults {
		place := fmt.Sprintf("%s:%d", fault.File, fault.Line)
		found := false
		for i, want := range wanted[place] {
			if want != "" && strings.Contains(fault.Text, want) {
				wanted[place][i], found = "", true
				break
			}
		}
		if !found {
			t.Errorf("not announced: %v", fault)
		}
	}
	for place, texts := range wanted {
		for _, want := range texts {
			if want != "" {
				t.Errorf("%s: not found: %s", place, want)
			}
		}
	}
}

// wants reads the comments // want "text" "text" of the files in dir, by file:line.
func wants(t *testing.T, dir string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, name := range files {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range file.Comments {
			for _, c := range group.List {
				text, ok := strings.CutPrefix(c.Text, "// want ")
				if !ok {
					continue
				}
				place := fmt.Sprintf("%s:%d", filepath.Base(name), fset.Position(c.Pos()).Line)
				all[place] = append(all[place], quoted(t, place, text)...)
			}
		}
	}
	return all
}

func quoted(t *testing.T, place, text string) (texts []string) {
	t.Helper()
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(text)), []byte(text), nil, 0)
	for {
		_, tok, lit := s.Scan()
		switch tok {
		case token.STRING:
			want, err := strconv.Unquote(lit)
			if err != nil {
				t.Fatalf("%s: %v", place, err)
			}
			texts = append(texts, want)
		case token.EOF:
			return texts
		case token.SEMICOLON:
		default:
			t.Fatalf("%s: want what? %s", place, text)
		}
	}
}

// TestGood: what is accepted has no fault.
func TestGood(t *testing.T) {
	faults, err := Check(filepath.Join("testdata", "good"))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

// TestCheckFails rather than find nothing where it saw nothing.
func TestCheckFails(t *testing.T) {
	for name, source := range map[string]string{
		"no message":      "package p\n\ntype T struct{ X int }\n",
		"not compilable":  "package p\n\nfunc f() int { return \"\" }\n",
		"no Go":           "",
		"syntactic fault": "package p\n\nfunc {\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module p\n\ngo 1.26\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if source != "" {
				if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(source), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if faults, err := Check(dir); err == nil {
				t.Fatalf("no error, faults %v", faults)
			}
		})
	}
	if _, err := Check("testdata/nowhere"); err == nil {
		t.Fatal("no error for a folder that does not exist")
	}
}
