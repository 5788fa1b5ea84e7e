// Package testdata finds the recorded exchange frames that some tests and benchmarks read. They
// are no part of the project: MARU_DATA names their folder, and without it the folder
// ../shared/data beside the checkout is tried.
package testdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns the folder of the recorded data and whether it is there.
func Dir() (string, bool) {
	if dir := os.Getenv("MARU_DATA"); dir != "" {
		return dir, isDir(dir)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if candidate := filepath.Join(dir, "shared", "data"); isDir(candidate) {
			return candidate, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// Path returns where name of the recorded data lies. It skips the test with the reason when
// the data is not there.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir, ok := Dir()
	if ok {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skipf("SKIP: recorded data %s not found: set MARU_DATA to the folder that holds it", name)
	return ""
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
