package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever the bytes: no panic, faults with a place in the file, and what is good survives being
// written and read again.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(everyShape))
	f.Add([]byte(Default().TOML()))
	f.Fuzz(func(t *testing.T, data []byte) {
		everyPathHasAPlace(t, string(data))
		c, err := Parse(data, "")
		if err != nil {
			var faults Faults
			if !errors.As(err, &faults) || len(faults) == 0 || len(faults) > faultsMax+1 {
				t.Fatalf("not faults: %v", err)
			}
			return
		}
		again, err := Parse([]byte(c.TOML()), "")
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, c.TOML())
		}
		if diff := cmp.Diff(c, again, same); diff != "" {
			t.Fatalf("(-read +written and read):\n%s", diff)
		}
	})
}
