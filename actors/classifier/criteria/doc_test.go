package criteria

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the functions in docs/criteria.md")

// TestDoc holds docs/criteria.md to the functions that there are.
func TestDoc(t *testing.T) {
	const page, mark = "../../../docs/criteria.md", "This part is written from the code: `go test ./actors/classifier/criteria -run TestDoc -update`.\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(text), mark)
	if !ok {
		t.Fatalf("%s has no line %q", page, mark)
	}
	var b strings.Builder
	b.WriteString(head + mark)
	b.WriteString("\nOf figures, now or in every bar:\n\n| function | unit | meaning | source |\n|---|---|---|---|\n")
	over := false
	for i, f := range Functions() {
		if functions[i].scalar == 0 && !over {
			over = true
			b.WriteString("\nOver bars:\n\n| function | unit | formula | bars until it is known | source |\n|---|---|---|---|---|\n")
		}
		if f.Unit == "" || f.Formula == "" || f.Warmup == "" || f.Source == "" {
			t.Errorf("%s is not documented", f.Name)
		}
		if over {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Usage, f.Unit, f.Formula, f.Warmup, f.Source)
		} else {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Usage, f.Unit, f.Formula, f.Source)
		}
	}
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(text) {
		t.Errorf("%s is not what the code says: run this test with -update", page)
	}
}
