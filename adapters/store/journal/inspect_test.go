package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/maru-trading/maru/adapters/store/journal"
)

// TestInspect: what is sound is shown, in order, up to what is not; and nothing is changed.
func TestInspect(t *testing.T) {
	c := journal.DefaultConfig(t.TempDir())
	c.SegmentBytesMax = 4096
	j, err := journal.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	const records = 200
	for i := range records {
		if _, err := j.Append(fmt.Appendf(nil, "%d %0*d", i+1, 100, i)); err != nil {
			t.Fatal(err)
		}
	}
	inspect := func() (seen uint64, report journal.Report, err error) {
		report, err = journal.Inspect(c, func(r journal.Record) error {
			seen++
			if want := fmt.Sprintf("%d %0*d", seen, 100, seen-1); r.Seq != seen || string(r.Payload) != want {
				t.Errorf("record %d is %d %.20q", seen, r.Seq, r.Payload)
			}
			return nil
		})
		return seen, report, err
	}
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	if seen, report, err := inspect(); err != nil || seen != records || report.Records != records || report.Sealed {
		t.Errorf("while it is open: %d records, %v, %v", seen, report, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	if _, err := journal.Inspect(c, func(journal.Record) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("what visit returns is %v", err)
	}
	segments, err := filepath.Glob(filepath.Join(c.Dir, "*.journal"))
	if err != nil || len(segments) < 4 {
		t.Fatalf("%v, %v", segments, err)
	}
	b, err := os.ReadFile(segments[2])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(segments[2], b, 0o600); err != nil {
		t.Fatal(err)
	}
	seen, report, err := inspect()
	if err != nil || report.Broken == nil || report.Broken.File != segments[2] || report.Broken.Record != seen+1 || report.Records != seen {
		t.Errorf("%d records, then %v, %v", seen, report, err)
	}
	if again, err := os.ReadFile(segments[2]); err != nil || string(again) != string(b) {
		t.Error("it was changed")
	}
}
