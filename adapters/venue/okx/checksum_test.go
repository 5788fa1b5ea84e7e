package okx

import (
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// bookText is a book frame of those levels, price and size each.
func bookText(channel, action, bids, asks string, checksum int64) string {
	levels := func(text string) string {
		var all []string
		for _, l := range strings.Fields(text) {
			price, size, _ := strings.Cut(l, ":")
			all = append(all, fmt.Sprintf(`["%s","%s","0","1"]`, price, size))
		}
		return strings.Join(all, ",")
	}
	return fmt.Sprintf(`{"arg":{"channel":"%s","instId":"BTC-USDT"},"action":"%s","data":[{"asks":[%s],"bids":[%s],"ts":"1700000000200","checksum":%d}]}`,
		channel, action, levels(asks), levels(bids), checksum)
}

// sumOf is the checksum of that text, as OKX sends it.
func sumOf(text string) int64 { return int64(int32(crc32.ChecksumIEEE([]byte(text)))) }

// TestChecksumRules follows one book: each step is a frame, and what it does to the counts.
func TestChecksumRules(t *testing.T) {
	long := strings.Repeat("0", 60)
	type step struct {
		frame           string
		checked, failed uint64
	}
	for name, steps := range map[string][]step{
		"texts count, not values": {
			{bookText("books", "snapshot", "10:1.50 9:2", "11:3", sumOf("10:1.50:11:3:9:2")), 1, 0},
			{bookText("books", "update", "10:1.500", "", sumOf("10:1.500:11:3:9:2")), 2, 0},
			{bookText("books", "update", "10:0", "11:0 12.0:1", sumOf("9:2:12.0:1")), 3, 0},
			{bookText("books", "update", "", "12.0:0", sumOf("9:2")), 4, 0},
			{bookText("books", "update", "9:0 8:0", "", sumOf("")), 4, 0}, // of nothing it is 0, which is none
		},
		"one side": {
			{bookText("books", "snapshot", "", "12:1 11:3", sumOf("11:3:12:1")), 1, 0},
		},
		"unsigned": {
			{bookText("books", "snapshot", "10:1", "", int64(crc32.ChecksumIEEE([]byte("10:1")))), 1, 0},
		},
		"none, as since 2026": {
			{bookText("books", "snapshot", "10:1", "11:3", 0), 0, 0},
			{bookText("books", "update", "10:2", "", 5), 0, 0},
		},
		"none once": {
			{bookText("books", "snapshot", "10:1", "11:3", sumOf("10:1:11:3")), 1, 0},
			{bookText("books", "update", "10:2", "", 0), 1, 0},
			{bookText("books", "update", "", "11:4", sumOf("10:2:11:4")), 2, 0},
		},
		"given up with a snapshot": {
			{bookText("books", "snapshot", "10:1", "11:3", sumOf("10:1:11:3")), 1, 0},
			{bookText("books", "snapshot", "10:2", "11:3", 0), 1, 0},
			{bookText("books", "update", "10:3", "", 5), 1, 0},
		},
		"told once, and checked again from the next snapshot": {
			{bookText("books", "snapshot", "10:1", "11:3", sumOf("10:1:11:3")), 1, 0},
			{bookText("books", "update", "10:2", "", 5), 2, 1},
			{bookText("books", "update", "10:3", "", 5), 2, 1},
			{bookText("books", "snapshot", "10:1", "11:3", sumOf("10:1:11:3")), 3, 1},
		},
		"changes before the snapshot": {
			{bookText("books", "update", "10:2", "", 5), 0, 0},
		},
		"changes of another channel": {
			{bookText("books", "snapshot", "10:1", "11:3", sumOf("10:1:11:3")), 1, 0},
			{bookText("books-l2-tbt", "update", "10:2", "", 5), 1, 0},
			{bookText("books", "update", "10:4", "", sumOf("10:4:11:3")), 2, 0},
		},
		"a text too long to keep": {
			{bookText("books", "snapshot", "10:1", "11:3", sumOf("10:1:11:3")), 1, 0},
			{bookText("books", "update", "9."+long+":1", "", 5), 1, 0},
			{bookText("books", "update", "10:2", "", 5), 1, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := decodeOnly(t)
			failures := uint64(0)
			for n, s := range steps {
				events := decoded(t, p, s.frame)
				for _, e := range events[1:] {
					f := e.(message.Status).Fields()
					if f.Trusted || f.Reason != "checksum" || f.Origin != events[0].Origin() {
						t.Errorf("step %d: %v", n, e)
					}
					failures++
				}
				if checked, failed := p.Checksums(); checked != s.checked || failed != s.failed || failures != failed {
					t.Errorf("step %d: %d checked, %d failed, %d told; want %d and %d", n, checked, failed, failures, s.checked, s.failed)
				}
			}
		})
	}
}

// TestChecksumRefusedFrame: a frame that is refused changes no book.
func TestChecksumRefusedFrame(t *testing.T) {
	p := decodeOnly(t)
	decoded(t, p, bookText("books", "snapshot", "10:1", "11:3", sumOf("10:1:11:3")))
	if _, err := p.Decode(nil, []byte(bookText("books", "update", "10:5", "", 5)+"x"), 42); err == nil {
		t.Fatal("decodes")
	}
	decoded(t, p, bookText("books", "update", "", "11:4", sumOf("10:1:11:4")))
	if checked, failed := p.Checksums(); checked != 2 || failed != 0 {
		t.Errorf("%d checked, %d failed", checked, failed)
	}
}

// TestKeptLevels: a side that grows beyond its bound loses its worst, and the best stay in order.
func TestKeptLevels(t *testing.T) {
	var b written
	add := func(price int) {
		l := text{side: market.Buy, price: fmt.Append(nil, price), size: []byte("1")}
		l.level = level(string(l.price), "1")
		if !b.set(&l) {
			t.Fatal("not kept")
		}
	}
	for i := range 2 * keptLevels {
		add(1 + i*7919%(2*keptLevels)) // every price once, in no order
	}
	if len(b.bids) != keptLevels {
		t.Fatalf("%d levels are kept", len(b.bids))
	}
	for i, l := range b.bids {
		if want := fmt.Sprintf("%d:1:", keptLevels+1+i); string(l.text[:l.n]) != want || l.price.String()+":1:" != want {
			t.Fatalf("level %d is %s, want %s", i, l.text[:l.n], want)
		}
	}
	if got := string(b.join(new([]byte))); !strings.HasPrefix(got, "2000:1:1999:1:") || !strings.HasSuffix(got, ":1976:1") {
		t.Errorf("joined %s", got)
	}
}
