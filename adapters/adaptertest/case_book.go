package adaptertest

import (
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/message"
)

// healsGaps: a lost change takes trust away at once, from that instrument alone, and the venue's
// own rule gives it back. Where every frame is the whole book the next frame heals it unseen.
func healsGaps(t *testing.T, v Venue) {
	w := start(t, v, setup{})
	w.ready(1)
	other, differed := len(w.rec.doubts(w.instruments[eth])), 0
	for range 2 {
		before := len(w.rec.doubts(w.instruments[btc]))
		w.server.lose(w.symbols[btc])
		w.server.change(w.symbols[btc])
		if v.Books != Whole {
			w.untrusted(btc, before)
			why := w.rec.doubts(w.instruments[btc])[before]
			if why != "gap" && why != "checksum" {
				t.Errorf("not trusted because of %q", why)
			}
			if why == "checksum" {
				differed++
			}
		}
		w.whole(btc)
		w.server.change(w.symbols[btc])
		w.whole(btc)
	}
	if v.Books != Whole {
		if n := w.gaps(); n != 2 {
			t.Errorf("%v gaps counted, want 2", n)
		}
		w.until("the checksums counted", func() bool {
			return w.checksums("failed") == float64(differed) && (differed == 0 || w.checksums("ok") > 0)
		})
		w.until("the snapshots counted", func() bool { return w.snapshots("ok") >= 2 })
	}
	if n := len(w.rec.doubts(w.instruments[eth])); n != other {
		t.Error("the gap of one instrument took trust from another")
	}
	if n := w.server.count(); n != 1 {
		t.Errorf("%d connections", n)
	}
	w.noDeadLetters()
}

// healsLate (not where every frame is the snapshot): while the snapshot that a broken book needs does not come, it is asked for again and
// again, and neither changes nor data of other channels restore trust.
func healsLate(t *testing.T, v Venue) {
	w := start(t, v, setup{})
	w.ready(1)
	before := len(w.rec.doubts(w.instruments[btc]))
	w.server.with(func([]*client) { w.server.withhold = true })
	w.server.lose(w.symbols[btc])
	w.server.change(w.symbols[btc])
	w.untrusted(btc, before)
	w.until("two requests in vain", func() bool { return w.snapshots("failed") >= 2 })
	w.tick(btc, "50004")
	w.server.change(w.symbols[btc])
	w.tick(btc, "50005")
	w.until("two more", func() bool { return w.snapshots("failed") >= 4 })
	if n := len(w.rec.doubts(w.instruments[btc])); n != before+1 || w.rec.trusted(w.instruments[btc]) {
		t.Errorf("trusted without a snapshot; doubted %q", w.rec.doubts(w.instruments[btc]))
	}
	if !w.rec.trusted(w.instruments[eth]) {
		t.Error("the other instrument lost trust")
	}
	w.server.with(func([]*client) { w.server.withhold = false })
	w.whole(btc)
	if n := w.server.count(); n != 1 {
		t.Errorf("%d connections", n)
	}
	w.noDeadLetters()
}

// healsSlowly (where snapshots come in the stream; those over REST have the venue's own distance, and
// whole books cost nothing): an instrument whose book breaks again and again does not make the feeder hammer the
// venue, and stays untrusted meanwhile.
func healsSlowly(t *testing.T, v Venue) {
	const retry = 30 * time.Millisecond
	w := start(t, v, setup{config: func(c *feederConfig) { c.SnapshotRetry, c.SnapshotRetryMax = retry, 4*retry }})
	c := w.ready(1)
	renewals := func() (n int) {
		w.server.with(func([]*client) {
			for _, r := range c.requests {
				if r.Kind == Unsubscribe {
					n++
				}
			}
		})
		return n
	}
	began := time.Now()
	const breaks = 4
	for n := range breaks {
		before := len(w.rec.doubts(w.instruments[btc]))
		w.server.lose(w.symbols[btc])
		w.server.change(w.symbols[btc])
		w.untrusted(btc, before)
		w.whole(btc)
		if renewals() < n+1 {
			t.Fatalf("whole after %d renewals, want %d", renewals(), n+1)
		}
	}
	// The first goes at once, then waits of 1, 2 and 4 times the first.
	if took := time.Since(began); took < 7*retry-retry {
		t.Errorf("%d renewals within %v, want %v or more", breaks, took, 6*retry)
	}
}

// resyncs: a partition that lost something asks, and gets the book whole again by the venue's
// rule.
func resyncs(t *testing.T, v Venue) {
	w := start(t, v, setup{})
	w.ready(1)
	before := len(w.rec.doubts(w.instruments[eth]))
	r, err := message.NewResync(message.ResyncFields{Partitions: 1, Instrument: w.instruments[eth], Reason: "a drill"})
	if err != nil {
		t.Fatal(err)
	}
	snapshots := w.snapshotsOf(eth)
	w.send(w.feeder, r)
	w.until("it counted", func() bool { return w.resyncs("other") == 1 })
	if v.Books != Whole {
		w.untrusted(eth, before)
		if why := w.rec.doubts(w.instruments[eth])[before]; why != "resync: a drill" {
			t.Errorf("not trusted because of %q", why)
		}
	} else {
		w.server.change(w.symbols[eth])
	}
	w.until("a snapshot", func() bool { return w.snapshotsOf(eth) > snapshots })
	w.whole(eth)
	w.server.change(w.symbols[eth])
	w.whole(eth)
	w.noDeadLetters()
}

// healsCrossedBooks: a book whose best bid is above its best ask is not trusted, and the venue's
// rule makes it whole.
func healsCrossedBooks(t *testing.T, v Venue) {
	w := start(t, v, setup{})
	w.ready(1)
	w.server.cross(w.symbols[btc])
	w.until("the partition noticing", func() bool {
		w.rec.mu.Lock()
		defer w.rec.mu.Unlock()
		return w.rec.resync > 0
	})
	w.until("it counted", func() bool { return w.resyncs("crossed") >= 1 })
	if v.Books == Whole {
		w.server.change(w.symbols[btc])
	} else {
		w.until("the feeder taking trust away", func() bool {
			return slices.Contains(w.rec.doubts(w.instruments[btc]), "resync: crossed book")
		})
	}
	w.whole(btc)
	w.server.change(w.symbols[btc])
	w.whole(btc)
	if !w.rec.trusted(w.instruments[eth]) {
		t.Error("the other instrument lost trust")
	}
	w.noDeadLetters()
}

// snapshotsOf counts the whole books that came.
func (w *world) snapshotsOf(k int) (n int) {
	for _, b := range got[message.Book](w.rec, w.instruments[k]) {
		if b.Fields().Snapshot {
			n++
		}
	}
	return n
}
