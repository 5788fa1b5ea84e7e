package replay

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// Bodies beyond what memory may hold lie in a file, and come back as they were.
func TestVaultKeepsBodies(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	v := &vault{memoryMax: 4 << 10, fileMax: 1 << 20}
	random := rand.NewChaCha8([32]byte{1})
	var places []place
	var bodies [][]byte
	for n := range 200 {
		body := []byte(strings.Repeat(fmt.Sprintf(`["%d.00","1.5"],`, n), n*7%50))
		if n%3 == 0 { // what does not compress
			body = make([]byte, n*5)
			_, _ = random.Read(body)
		}
		p, err := v.put(body)
		if err != nil {
			t.Fatal(err)
		}
		places, bodies = append(places, p), append(bodies, body)
	}
	if len(v.memory) == 0 || int64(len(v.memory)) > v.memoryMax || v.file == nil || v.filled == 0 {
		t.Fatalf("%d bytes in memory, %d in the file", len(v.memory), v.filled)
	}
	for n, p := range places {
		if got, err := v.get(p); err != nil || !bytes.Equal(got, bodies[n]) {
			t.Errorf("body %d: %d bytes, %v; want %d", n, len(got), err, len(bodies[n]))
		}
	}
	v.close()
	v.close()
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if _, err := v.get(places[len(places)-1]); err == nil {
		t.Error("a closed vault gives something out")
	}
}

func TestVaultIsBounded(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	v := &vault{memoryMax: 1 << 10, fileMax: 4 << 10}
	defer v.close()
	random := rand.NewChaCha8([32]byte{2})
	body := make([]byte, 1<<10)
	for n := range 100 {
		_, _ = random.Read(body)
		if _, err := v.put(body); err != nil {
			if !errors.Is(err, errVaultFull) || n != 3 {
				t.Errorf("body %d: %v", n, err)
			}
			return
		}
	}
	t.Error("it is never full")
}
