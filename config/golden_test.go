package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what is expected in testdata")

// testdata is the manual by example: NAME.good.toml with what it amounts to once every default is
// filled in, NAME.bad.toml with the faults that are found in it.
func TestManualByExample(t *testing.T) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	good, bad := 0, 0
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c, err := Parse(data, filepath.Base(path))
			var got string
			switch {
			case strings.HasSuffix(path, ".good.toml"):
				good++
				if err != nil {
					t.Fatalf("want no fault:\n%v", err)
				}
				got = c.TOML()
			case strings.HasSuffix(path, ".bad.toml"):
				bad++
				var faults Faults
				if !errors.As(err, &faults) {
					t.Fatalf("want faults, got %v", err)
				}
				got = faults.Error() + "\n"
				lines := strings.Count(string(data), "\n") + 1
				for _, f := range faults {
					if f.Line < 1 && f.Key != "venue" || f.Line > lines {
						t.Errorf("%v: no such line", f)
					}
				}
			default:
				t.Fatal("want NAME.good.toml or NAME.bad.toml")
			}
			compare(t, strings.TrimSuffix(path, ".toml")+".txt", got)
		})
	}
	if good < 5 || bad < 25 {
		t.Errorf("%d good and %d bad examples, want 5 and 25 at least", good, bad)
	}
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run go test ./config -update, and read what it wrote)", err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}
