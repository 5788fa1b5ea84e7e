package wire_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGenerated: wirepb is what wire.proto gives. The compiler's own version is left out of the
// comparison: it changes a comment, not the code.
func TestGenerated(t *testing.T) {
	if _, err := exec.LookPath("protoc"); err != nil {
		t.Skip("protoc is not installed, so wirepb cannot be compared with wire.proto")
	}
	dir := t.TempDir()
	out, err := exec.Command("go", "run", "./internal/generate", "-out", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("generate: %v\n%s", err, out)
	}
	version := regexp.MustCompile(`(?m)^//\s+-?\s*protoc\s+v.*$`)
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return version.ReplaceAllString(string(b), "")
	}
	want, got := read(filepath.Join(dir, "wire.pb.go")), read(filepath.Join("wirepb", "wire.pb.go"))
	if want != got {
		t.Fatal("wirepb/wire.pb.go does not belong to wire.proto: run go generate ./remote/wire")
	}
}

// TestGeneratedStaysHere: nobody but this package imports the generated types.
func TestGeneratedStaysHere(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatalf("the module does not begin at %s: %v", root, err)
	}
	here := filepath.Join(root, "remote", "wire")
	files := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == here || d.Name() != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		files++
		for _, spec := range file.Imports {
			if strings.Contains(spec.Path.Value, "remote/wire/wirepb") {
				t.Errorf("%s imports the generated types", path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("found no source to look at")
	}
}
