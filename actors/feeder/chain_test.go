package feeder

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// streaming is words with snapshots in the stream; ETH is followed without its book.
type streaming struct{ words }

func (streaming) Resubscribe(i market.Instrument) [][]byte {
	if i != btc {
		return nil
	}
	return [][]byte{[]byte("unsubscribe " + i.Base()), []byte("subscribe " + i.Base())}
}

// both could do either; the snapshot over HTTP wins.
type both struct {
	joining
	streaming streaming
}

func (b both) Resubscribe(i market.Instrument) [][]byte { return b.streaming.Resubscribe(i) }

func TestCoreChainsBooks(t *testing.T) {
	for _, test := range []struct{ name, lines, want string }{
		{"a snapshot, then what continues it", `
			up
			trade BTC 1
			trade ETH 1
			new BTC 10
			book BTC 11-11 1
			book BTC 12-15 1
			book BTC 15-15 1
			book BTC 14-17 1
			new BTC 3
			book BTC 4-4 1`, `
			up
			  BTC trusted=false waiting for a snapshot
			trade BTC 1
			  BTC trade
			trade ETH 1
			  ETH trusted=true data
			  ETH trade
			new BTC 10
			  BTC snapshot 10
			  BTC trusted=true snapshot
			book BTC 11-11 1
			  BTC update 11
			book BTC 12-15 1
			  BTC update 15
			book BTC 15-15 1
			book BTC 14-17 1
			  BTC update 17
			new BTC 3
			  BTC snapshot 3
			book BTC 4-4 1
			  BTC update 4`},
		{"what comes after a reconnect and before the snapshot is not of the book", `
			up
			new BTC 10
			free BTC
			down
			up
			free BTC
			new BTC 20`, `
			up
			  BTC trusted=false waiting for a snapshot
			new BTC 10
			  BTC snapshot 10
			  BTC trusted=true snapshot
			free BTC
			  BTC update 0
			down
			  BTC trusted=false disconnected
			  ETH trusted=false disconnected
			up
			free BTC
			  resubscribe BTC
			new BTC 20
			  BTC snapshot 20
			  BTC trusted=true snapshot`},
		{"a gap is untrusted at once and heals by a new snapshot", `
			up
			new BTC 10
			book BTC 12-12 1
			book BTC 13-13 1
			trade BTC 1
			new BTC 20
			book BTC 21-21 1`, `
			up
			  BTC trusted=false waiting for a snapshot
			new BTC 10
			  BTC snapshot 10
			  BTC trusted=true snapshot
			book BTC 12-12 1
			  BTC trusted=false gap
			  resubscribe BTC
			book BTC 13-13 1
			trade BTC 1
			  BTC trade
			new BTC 20
			  BTC snapshot 20
			  BTC trusted=true snapshot
			book BTC 21-21 1
			  BTC update 21`},
		{"ids that run backwards are a gap", `
			up
			new BTC 10
			book BTC 9-9 1`, `
			up
			  BTC trusted=false waiting for a snapshot
			new BTC 10
			  BTC snapshot 10
			  BTC trusted=true snapshot
			book BTC 9-9 1
			  BTC trusted=false gap
			  resubscribe BTC`},
		{"the id of the one before decides, also where numbers start anew", `
			up
			new BTC 100
			prev BTC 100>105
			prev BTC 105>105
			prev BTC 105>3
			prev BTC 3>8
			prev BTC 7>9`, `
			up
			  BTC trusted=false waiting for a snapshot
			new BTC 100
			  BTC snapshot 100
			  BTC trusted=true snapshot
			prev BTC 100>105
			  BTC update 105
			prev BTC 105>105
			  BTC update 105
			prev BTC 105>3
			  BTC update 3
			prev BTC 3>8
			  BTC update 8
			prev BTC 7>9
			  BTC trusted=false gap
			  resubscribe BTC`},
		{"without numbers nothing is checked, but a snapshot is needed", `
			up
			free BTC
			new BTC 0
			free BTC
			book BTC 50-60 1
			book BTC 62-62 1`, `
			up
			  BTC trusted=false waiting for a snapshot
			free BTC
			  resubscribe BTC
			new BTC 0
			  BTC snapshot 0
			  BTC trusted=true snapshot
			free BTC
			  BTC update 0
			book BTC 50-60 1
			  BTC update 60
			book BTC 62-62 1
			  BTC trusted=false gap
			  resubscribe BTC`},
		{"the adapter's doubt holds at once, and only a snapshot lifts it", `
			up
			new BTC 10
			doubt BTC checksum
			doubt BTC checksum
			believe BTC well
			book BTC 11-11 1
			trade BTC 1
			new BTC 12
			doubt BTC again`, `
			up
			  BTC trusted=false waiting for a snapshot
			new BTC 10
			  BTC snapshot 10
			  BTC trusted=true snapshot
			doubt BTC checksum
			  BTC trusted=false checksum
			  resubscribe BTC
			doubt BTC checksum
			believe BTC well
			book BTC 11-11 1
			trade BTC 1
			  BTC trade
			new BTC 12
			  BTC snapshot 12
			  BTC trusted=true snapshot
			doubt BTC again
			  BTC trusted=false again
			  resubscribe BTC`},
		{"what does not come is asked for again", `
			up
			new BTC 10
			book BTC 15-15 1
			retry BTC
			retry BTC
			new BTC 20
			retry BTC`, `
			up
			  BTC trusted=false waiting for a snapshot
			new BTC 10
			  BTC snapshot 10
			  BTC trusted=true snapshot
			book BTC 15-15 1
			  BTC trusted=false gap
			  resubscribe BTC
			retry BTC
			  resubscribe BTC
			retry BTC
			  resubscribe BTC
			new BTC 20
			  BTC snapshot 20
			  BTC trusted=true snapshot
			retry BTC`},
		{"disconnect and resync", `
			up
			new BTC 10
			resync
			resync
			book BTC 11-11 1
			new BTC 30
			down
			up
			new BTC 40
			book BTC 41-41 1`, `
			up
			  BTC trusted=false waiting for a snapshot
			new BTC 10
			  BTC snapshot 10
			  BTC trusted=true snapshot
			resync
			  BTC trusted=false resync: test
			  resubscribe BTC
			resync
			book BTC 11-11 1
			new BTC 30
			  BTC snapshot 30
			  BTC trusted=true snapshot
			down
			  BTC trusted=false disconnected
			  ETH trusted=false disconnected
			up
			new BTC 40
			  BTC snapshot 40
			  BTC trusted=true snapshot
			book BTC 41-41 1
			  BTC update 41`},
	} {
		t.Run(test.name, func(t *testing.T) { same(t, script(t, streaming{}, test.lines), test.want) })
	}
}

func TestCoreDoubtWithoutJoinOrChain(t *testing.T) {
	same(t, script(t, words{}, `
		whole BTC 1
		doubt BTC halted
		trade BTC 1
		believe BTC resumed
		doubt BTC halted
		whole BTC 1
		doubt BTC halted
		down
		trade BTC 1`), `
		whole BTC 1
		  BTC trusted=true data
		  BTC snapshot 0
		doubt BTC halted
		  BTC trusted=false halted
		trade BTC 1
		  BTC trade
		believe BTC resumed
		  BTC trusted=true resumed
		doubt BTC halted
		  BTC trusted=false halted
		whole BTC 1
		  BTC trusted=true data
		  BTC snapshot 0
		doubt BTC halted
		  BTC trusted=false halted
		down
		  ETH trusted=false disconnected
		trade BTC 1
		  BTC trusted=true data
		  BTC trade`)
}

func TestCoreDoubtOfAJoinedBook(t *testing.T) {
	same(t, script(t, both{}, `
		up
		book BTC 10-11 1
		snap BTC 11
		doubt BTC checksum
		believe BTC well
		snap BTC 12`), `
		up
		  BTC trusted=false waiting for a snapshot
		  ETH trusted=false waiting for a snapshot
		book BTC 10-11 1
		  fetch BTC
		snap BTC 11
		  BTC snapshot 11
		  BTC trusted=true snapshot joined
		doubt BTC checksum
		  BTC trusted=false checksum
		  fetch BTC
		believe BTC well
		snap BTC 12
		  BTC snapshot 12
		  BTC trusted=true snapshot joined`)
}

func TestCoreCountsGapsAndWhatHealedThem(t *testing.T) {
	c := NewCore(DefaultConfig("test", 1), streaming{})
	c.Connected(1)
	for n, frame := range []string{"new BTC 1", "book BTC 3-3 1", "book BTC 4-4 1", "new BTC 5", "doubt BTC checksum", "doubt BTC checksum", "new BTC 6", "new BTC 7"} {
		if err := c.Frame([]byte(frame), market.Timestamp(n+2)); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.Take(); n.Gaps != 2 || n.Restored != 2 || n.Skipped != 1 || n.Statuses != 2 {
		t.Fatalf("%+v", n)
	}
}

func TestAskWaitsLongerEachTime(t *testing.T) {
	const low, high = time.Second, 8 * time.Second
	var a ask
	now := market.Seconds(100)
	var waits []time.Duration
	for range 6 {
		d := a.next(now, low, high)
		waits = append(waits, d)
		now = now.Add(d)
	}
	want := []time.Duration{0, low, 2 * low, 4 * low, high, high}
	if !slices.Equal(waits, want) {
		t.Fatalf("waits %v, want %v", waits, want)
	}
	if d := a.next(now.Add(3*time.Second), low, high); d != high-3*time.Second {
		t.Fatalf("what has passed is not counted: %v", d)
	}
	if d := a.next(now.Add(time.Hour), low, high); d != 0 {
		t.Fatalf("whole for an hour, and yet it waits %v", d)
	}
}

func TestCoreKeepsNoticesForPeople(t *testing.T) {
	c := NewCore(DefaultConfig("test", 1), words{})
	for n := range 3 * noticesMax {
		for _, kind := range []message.NoticeType{message.NoticeAck, message.NoticeHeartbeat, message.NoticeError} {
			m, err := message.NewNotice(message.NoticeFields{Venue: "test", Type: kind, Detail: fmt.Sprint(n)})
			if err != nil {
				t.Fatal(err)
			}
			c.event(m)
		}
	}
	kept := c.Notices()
	if len(kept) != noticesMax || kept[0].Fields().Type != message.NoticeError || kept[noticesMax-1].Fields().Detail != fmt.Sprint(noticesMax-1) {
		t.Fatalf("%v", kept)
	}
	if len(c.Notices()) != 0 || c.Take().Notices != 9*noticesMax {
		t.Fatal("not taken")
	}
}
