package feeder

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

var (
	btc = market.MustInstrument("test", "BTC-KRW")
	eth = market.MustInstrument("test", "ETH-KRW")
)

// words is a venue whose frames are words: "trade BTC 5", "book BTC 11-12 10", "whole BTC 10",
// "snap BTC 10". A number after the ids is the price of the one bid. Of a stream with snapshots:
// "new BTC 10", "prev BTC 10>12", "free BTC" (no number), "doubt BTC why", "believe BTC why".
type words struct{ url string }

type wordError string

func (e wordError) Error() string            { return "cannot read " + string(e) }
func (e wordError) DeadLetterReason() string { return "syntax" }

func (w words) Venue() market.Venue              { return "test" }
func (w words) URL() string                      { return w.url }
func (w words) Subscribe() [][]byte              { return [][]byte{[]byte("subscribe")} }
func (w words) Ping() ([]byte, time.Duration)    { return nil, 0 }
func (w words) Silence() time.Duration           { return time.Minute }
func (w words) SendEvery() time.Duration         { return 0 }
func (w words) Lifetime() time.Duration          { return 0 }
func (w words) Instruments() []market.Instrument { return []market.Instrument{btc, eth} }

func (w words) Decode(dst []message.Event, frame []byte, at market.Timestamp) ([]message.Event, error) {
	var what, name, why string
	var first, last uint64
	var price int64
	text := string(frame)
	o := message.Origin{Received: at}
	if _, err := fmt.Sscan(text, &what, &name); err != nil {
		return dst, wordError(text)
	}
	o.Instrument = market.MustInstrument("test", name+"-KRW")
	p := func() market.Price { return market.Price{Decimal: market.DecimalFromInt(price)} }
	var e message.Event
	var err error
	switch what {
	case "trade":
		_, _ = fmt.Sscanf(text, "trade %s %d", &name, &price)
		e, err = message.NewTrade(message.TradeFields{Origin: o, Price: p()})
	case "whole":
		_, _ = fmt.Sscanf(text, "whole %s %d", &name, &price)
		e, err = message.NewBook(message.BookFields{Origin: o, Snapshot: true}, []message.Level{{Price: p()}}, nil)
	case "book":
		_, _ = fmt.Sscanf(text, "book %s %d-%d %d", &name, &first, &last, &price)
		e, err = message.NewBook(message.BookFields{Origin: o, FirstID: first, LastID: last}, []message.Level{{Price: p()}}, nil)
	case "new":
		_, _ = fmt.Sscanf(text, "new %s %d", &name, &last)
		e, err = message.NewBook(message.BookFields{Origin: o, Snapshot: true, LastID: last}, nil, nil)
	case "prev":
		_, _ = fmt.Sscanf(text, "prev %s %d>%d", &name, &first, &last)
		e, err = message.NewBook(message.BookFields{Origin: o, PrevID: first, LastID: last}, nil, nil)
	case "free":
		e, err = message.NewBook(message.BookFields{Origin: o}, nil, nil)
	case "doubt", "believe":
		_, _ = fmt.Sscan(text, &what, &name, &why)
		e, err = message.NewStatus(message.StatusFields{Origin: o, Trusted: what == "believe", Reason: why})
	default:
		return dst, wordError(text)
	}
	if err != nil {
		return dst, err
	}
	return append(dst, e), nil
}

// joining adds the snapshots; without it words is a venue of whole books.
type joining struct{ words }

func (joining) SnapshotEvery() time.Duration { return 0 }

func (joining) SnapshotURL(i market.Instrument) string { return "http://test/" + i.Name() }

func (joining) DecodeSnapshot(i market.Instrument, body []byte, at market.Timestamp) (message.Book, error) {
	var id uint64
	if _, err := fmt.Fscan(bytes.NewReader(body), &id); err != nil {
		return message.Book{}, wordError(body)
	}
	return message.NewBook(message.BookFields{Origin: message.Origin{Instrument: i, Received: at}, Snapshot: true, LastID: id}, nil, nil)
}

// script feeds a core line by line and returns what it did: "@5 frame", "snap BTC 12",
// "down", "up", "retry BTC", "resync BTC".
func script(t *testing.T, p Protocol, lines string) string {
	t.Helper()
	c := NewCore(DefaultConfig("test", 1), p)
	var out strings.Builder
	at := market.Seconds(1)
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		line = strings.TrimSpace(line)
		fmt.Fprintf(&out, "%s\n", line)
		at = at.Add(time.Millisecond)
		verb, rest, _ := strings.Cut(line, " ")
		name, value, _ := strings.Cut(rest, " ")
		switch verb {
		case "up":
			c.Connected(at)
		case "down":
			c.Disconnected(at)
		case "snap":
			if err := c.Snapshot(market.MustInstrument("test", name+"-KRW"), []byte(value), at); err != nil {
				fmt.Fprintf(&out, "  error %v\n", err)
			}
		case "retry":
			c.Retry(market.MustInstrument("test", name+"-KRW"))
		case "resync":
			r, err := message.NewResync(message.ResyncFields{Partitions: 1, Reason: "test"})
			if err != nil {
				t.Fatal(err)
			}
			c.Resync(r)
		default:
			if err := c.Frame([]byte(line), at); err != nil {
				fmt.Fprintf(&out, "  dead letter %s: %v\n", Reason(err), err)
			}
		}
		c.Flush(0, false, func(b message.Batch) {
			for e := range b.Events() {
				switch e := e.(type) {
				case message.Status:
					fmt.Fprintf(&out, "  %s trusted=%t %s\n", e.Origin().Instrument.Base(), e.Fields().Trusted, e.Fields().Reason)
				case message.Book:
					kind := "update"
					if e.Fields().Snapshot {
						kind = "snapshot"
					}
					fmt.Fprintf(&out, "  %s %s %d\n", e.Origin().Instrument.Base(), kind, e.Fields().LastID)
				default:
					fmt.Fprintf(&out, "  %s %v\n", e.Origin().Instrument.Base(), e.Kind())
				}
			}
		})
		for _, i := range c.Wanted() {
			if c.stream != nil {
				fmt.Fprintf(&out, "  resubscribe %s\n", i.Base())
				continue
			}
			fmt.Fprintf(&out, "  fetch %s\n", i.Base())
		}
	}
	return out.String()
}

func TestCoreJoinsBooks(t *testing.T) {
	for _, test := range []struct{ name, lines, want string }{
		{"buffer, snapshot, continue", `
			up
			book BTC 10-11 1
			book BTC 12-14 2
			book BTC 15-15 3
			snap BTC 13
			book BTC 16-20 4
			book BTC 14-15 5`, `
			up
			  BTC trusted=false waiting for a snapshot
			  ETH trusted=false waiting for a snapshot
			book BTC 10-11 1
			  fetch BTC
			book BTC 12-14 2
			book BTC 15-15 3
			snap BTC 13
			  BTC snapshot 13
			  BTC update 14
			  BTC update 15
			  BTC trusted=true snapshot joined
			book BTC 16-20 4
			  BTC update 20
			book BTC 14-15 5`},
		{"the change behind a gap is kept for the snapshot", `
			up
			book BTC 10-11 1
			snap BTC 11
			book BTC 13-14 3
			snap BTC 12`, `
			up
			  BTC trusted=false waiting for a snapshot
			  ETH trusted=false waiting for a snapshot
			book BTC 10-11 1
			  fetch BTC
			snap BTC 11
			  BTC snapshot 11
			  BTC trusted=true snapshot joined
			book BTC 13-14 3
			  BTC trusted=false gap
			  fetch BTC
			snap BTC 12
			  BTC snapshot 12
			  BTC update 14
			  BTC trusted=true snapshot joined`},
		{"a gap is untrusted at once and heals by a new snapshot", `
			up
			book BTC 10-11 1
			snap BTC 11
			book BTC 12-12 2
			book BTC 14-14 3
			trade BTC 9
			book BTC 15-15 4
			snap BTC 14
			book BTC 16-16 5`, `
			up
			  BTC trusted=false waiting for a snapshot
			  ETH trusted=false waiting for a snapshot
			book BTC 10-11 1
			  fetch BTC
			snap BTC 11
			  BTC snapshot 11
			  BTC trusted=true snapshot joined
			book BTC 12-12 2
			  BTC update 12
			book BTC 14-14 3
			  BTC trusted=false gap
			  fetch BTC
			trade BTC 9
			  BTC trade
			book BTC 15-15 4
			snap BTC 14
			  BTC snapshot 14
			  BTC update 15
			  BTC trusted=true snapshot joined
			book BTC 16-16 5
			  BTC update 16`},
		{"a snapshot that is too old is asked for again", `
			up
			book BTC 10-11 1
			snap BTC 7
			retry BTC
			snap BTC 10`, `
			up
			  BTC trusted=false waiting for a snapshot
			  ETH trusted=false waiting for a snapshot
			book BTC 10-11 1
			  fetch BTC
			snap BTC 7
			  error feeder: test:BTC-KRW at 7: the snapshot is older than the updates that are kept
			retry BTC
			  fetch BTC
			snap BTC 10
			  BTC snapshot 10
			  BTC update 11
			  BTC trusted=true snapshot joined`},
		{"a broken snapshot is a dead letter and is retried", `
			up
			book BTC 10-11 1
			snap BTC what
			retry BTC
			snap BTC 11
			retry BTC`, `
			up
			  BTC trusted=false waiting for a snapshot
			  ETH trusted=false waiting for a snapshot
			book BTC 10-11 1
			  fetch BTC
			snap BTC what
			  error cannot read what
			retry BTC
			  fetch BTC
			snap BTC 11
			  BTC snapshot 11
			  BTC trusted=true snapshot joined
			retry BTC`},
		{"disconnect and resync", `
			up
			book BTC 10-11 1
			snap BTC 11
			down
			up
			book BTC 30-31 1
			snap BTC 31
			resync
			snap BTC 40
			book BTC 41-41 1`, `
			up
			  BTC trusted=false waiting for a snapshot
			  ETH trusted=false waiting for a snapshot
			book BTC 10-11 1
			  fetch BTC
			snap BTC 11
			  BTC snapshot 11
			  BTC trusted=true snapshot joined
			down
			  BTC trusted=false disconnected
			up
			book BTC 30-31 1
			  fetch BTC
			snap BTC 31
			  BTC snapshot 31
			  BTC trusted=true snapshot joined
			resync
			  BTC trusted=false resync: test
			  fetch BTC
			  fetch ETH
			snap BTC 40
			  BTC snapshot 40
			  BTC trusted=true snapshot joined
			book BTC 41-41 1
			  BTC update 41`},
	} {
		t.Run(test.name, func(t *testing.T) { same(t, script(t, joining{}, test.lines), test.want) })
	}
}

func TestCoreWholeBooks(t *testing.T) {
	same(t, script(t, words{}, `
		up
		trade BTC 5
		whole BTC 4
		nonsense
		trade ETH x
		down
		whole BTC 4
		resync
		whole BTC 4`), `
		up
		trade BTC 5
		  BTC trusted=true data
		  BTC trade
		whole BTC 4
		  BTC snapshot 0
		nonsense
		  dead letter syntax: cannot read nonsense
		trade ETH x
		  dead letter other: message: trade: instrument test:ETH-KRW price 0: invalid message
		down
		  BTC trusted=false disconnected
		  ETH trusted=false disconnected
		whole BTC 4
		  BTC trusted=true data
		  BTC snapshot 0
		resync
		whole BTC 4
		  BTC trusted=true data
		  BTC snapshot 0`)
}

func same(t *testing.T, got, want string) {
	t.Helper()
	clean := func(s string) string {
		var lines []string
		for _, line := range strings.Split(strings.TrimSpace(s), "\n") {
			lines = append(lines, strings.TrimLeft(line, "\t"))
		}
		return strings.Join(lines, "\n")
	}
	if clean(got) != clean(want) {
		t.Errorf("got:\n%s\nwant:\n%s", clean(got), clean(want))
	}
}

func TestPendingUpdatesAreBounded(t *testing.T) {
	cfg := DefaultConfig("test", 1)
	cfg.PendingMax = 3
	c := NewCore(cfg, joining{})
	for id := 1; id <= 100; id++ {
		if err := c.Frame(fmt.Appendf(nil, "book BTC %d-%d 1", id, id), market.Timestamp(id)); err != nil {
			t.Fatal(err)
		}
	}
	j := c.joins[btc]
	if len(j.pending) != 3 || j.pending[0].Fields().LastID != 98 {
		t.Fatalf("%d pending from %d", len(j.pending), j.pending[0].Fields().LastID)
	}
}

func TestFuturesJoinByPreviousID(t *testing.T) {
	update := func(first, last, prev uint64) message.Book {
		b, err := message.NewBook(message.BookFields{Origin: message.Origin{Instrument: btc}, FirstID: first, LastID: last, PrevID: prev}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	snap, _ := message.NewBook(message.BookFields{Origin: message.Origin{Instrument: btc}, Snapshot: true, LastID: 100}, nil, nil)
	j := join{instrument: btc}
	j.update(update(95, 105, 90), 10)
	if follow, ok := j.snapshot(snap); !ok || len(follow) != 1 {
		t.Fatalf("the update that spans the snapshot was not joined: %v %t", follow, ok)
	}
	if v := j.update(update(110, 120, 105), 10); v != keep {
		t.Fatalf("ids jump but pu continues: %v", v)
	}
	if v := j.update(update(121, 130, 119), 10); v != gap {
		t.Fatalf("pu does not continue: %v", v)
	}
}

func TestMessageTimeReachesEveryPartition(t *testing.T) {
	const parts = 4
	c := NewCore(DefaultConfig("test", parts), words{})
	got := map[int]int{}
	count := func(b message.Batch) { got[b.Fields().Partition]++ }
	frame := func(at market.Timestamp) {
		if err := c.Frame([]byte("trade BTC 5"), at); err != nil {
			t.Fatal(err)
		}
		c.Flush(0, false, count)
	}
	frame(market.Seconds(10))
	frame(market.Seconds(10).Add(time.Millisecond))
	frame(market.Seconds(11))
	frame(market.Seconds(9)) // a clock that jumps back moves nothing
	home := btc.Partition(parts)
	for p := range parts {
		want := 2
		if p == home {
			want = 4
		}
		if got[p] != want {
			t.Errorf("partition %d heard %d times, want %d", p, got[p], want)
		}
	}
	if c.time != market.Seconds(11) {
		t.Errorf("message time is %v", c.time)
	}
}

func TestReasonOfAForeignError(t *testing.T) {
	if r := Reason(errors.New("x")); r != "other" {
		t.Error(r)
	}
	if r := Reason(fmt.Errorf("in: %w", wordError("y"))); r != "syntax" {
		t.Error(r)
	}
}
