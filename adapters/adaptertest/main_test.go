package adaptertest_test

import (
	"flag"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets more cases run beside each other than there are processors: they mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestOnlyTestsImportTheSuite: it imports actors, which no adapter may, so nothing that is built
// into the binary may import it.
func TestOnlyTestsImportTheSuite(t *testing.T) {
	const root, suite = "../..", `"github.com/maru-trading/maru/adapters/adaptertest"`
	files, importers := 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		files++
		for _, i := range f.Imports {
			if i.Path.Value != suite {
				continue
			}
			if importers++; !strings.HasSuffix(path, "_test.go") {
				t.Errorf("%s imports %s: only tests may", path, suite)
			}
		}
		return nil
	})
	if err != nil || files < 100 || importers < 9 {
		t.Fatalf("%d files, %d importers, %v: the walk did not see the project", files, importers, err)
	}
}
