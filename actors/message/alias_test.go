package message_test

import (
	"math"
	"slices"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/remote/wire/messagetest"
)

// The tests here write to everything that a constructor was given and see that the message stays.

func TestBookCopiesIn(t *testing.T) {
	bids := []message.Level{{Price: two, Quantity: some}, {Price: one, Quantity: some}}
	asks := []message.Level{{Price: market.MustPrice("3"), Quantity: some}}
	make1 := func() message.Book {
		b, err := message.NewBook(message.BookFields{Origin: of, Snapshot: true}, bids, asks)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	book, want := make1(), make1()
	slices.Reverse(bids)
	asks[0].Price = one
	if !book.Equal(want) || book.Bid(0).Price != two || book.Ask(0).Price != market.MustPrice("3") {
		t.Fatalf("the book follows the caller's slices: %v", book)
	}
	got := slices.Collect(book.Asks())
	got[0].Quantity = market.Quantity{}
	f := book.Fields()
	f.Snapshot = false
	if !book.Equal(want) {
		t.Fatalf("the book follows what it handed out: %v", book)
	}
	if book.Equal(make1()) {
		t.Fatal("Equal does not look at the levels")
	}
	if book.BidCount() != 2 || book.AskCount() != 1 {
		t.Fatalf("%d bids and %d asks", book.BidCount(), book.AskCount())
	}
}

// TestBookOneArray: both sides may come from one array, with room behind it.
func TestBookOneArray(t *testing.T) {
	levels := make([]message.Level, 2, 8)
	levels[0], levels[1] = message.Level{Price: one}, message.Level{Price: two}
	book, err := message.NewBook(message.BookFields{Origin: of}, levels[:1], levels[1:])
	if err != nil {
		t.Fatal(err)
	}
	_ = append(levels[:1], message.Level{Price: market.MustPrice("9")})
	if book.Ask(0).Price != two {
		t.Fatalf("the book shares the caller's array: %v", book)
	}
	defer func() {
		if recover() == nil {
			t.Fatal("bid 1 of a book with one bid is an ask")
		}
	}()
	book.Bid(1)
}

func TestBatchCopiesIn(t *testing.T) {
	first, err := message.NewTrade(message.TradeFields{Origin: of, Price: one})
	if err != nil {
		t.Fatal(err)
	}
	events := []message.Event{first}
	batch, err := message.NewBatch(message.BatchFields{Source: "upbit"}, events)
	if err != nil {
		t.Fatal(err)
	}
	events[0] = nil
	got := slices.Collect(batch.Events())
	got[0] = nil
	if batch.Len() != 1 || batch.Event(0) != message.Event(first) {
		t.Fatalf("the batch follows the caller's slice: %v", batch)
	}
}

func TestViewCopiesIn(t *testing.T) {
	values := []float64{1, math.NaN()}
	v := message.NewView(of, message.Quote{Last: one}, true, true, values)
	clear(values)
	if v.Width() != 2 || v.Value(0) != 1 || !math.IsNaN(v.Value(1)) {
		t.Fatalf("the view follows the caller's slice: %v %v", v.Value(0), v.Value(1))
	}
}

// TestViewsBuilder: rows keep their features whatever the builder, its caller or later rows do, also
// while the builder's memory grows, and the builder forgets what it handed over.
func TestViewsBuilder(t *testing.T) {
	const rows, width = 100, 3
	b := message.NewViewsBuilder(2, width) // too little on purpose
	values := make([]float64, width)
	add := func(row int) {
		for i := range values {
			values[i] = float64(row*width + i)
		}
		b.Add(message.Origin{Instrument: btc, Received: market.Timestamp(row + 1)}, message.Quote{Last: one}, row%2 == 0, row%3 == 0, values)
	}
	check := func(v message.Views, from, to int) {
		t.Helper()
		if v.Len() != to-from {
			t.Fatalf("%d rows, want %d", v.Len(), to-from)
		}
		for k, row := range slices.Collect(v.Rows()) {
			n := from + k
			if row.Width() != width || row.Received != market.Timestamp(n+1) || row.Trusted != (n%2 == 0) || row.Ready != (n%3 == 0) {
				t.Fatalf("row %d is %+v", n, row)
			}
			for i := range width {
				if row.Value(i) != float64(n*width+i) {
					t.Fatalf("row %d feature %d is %v", n, i, row.Value(i))
				}
			}
		}
	}
	for row := range rows {
		add(row)
	}
	first := b.Build(message.ViewsFields{Source: "upbit", Seq: 1})
	clear(values)
	check(first, 0, rows)
	for row := rows; row < 2*rows; row++ {
		add(row)
	}
	second := b.Build(message.ViewsFields{Source: "upbit", Seq: 2})
	check(first, 0, rows)
	check(second, rows, 2*rows)
	if empty := b.Build(message.ViewsFields{}); empty.Len() != 0 {
		t.Fatalf("the builder keeps %d rows", empty.Len())
	}
}

// TestMergeLeavesItsInput: merging makes new messages and changes none of those that waited.
func TestMergeLeavesItsInput(t *testing.T) {
	generators := messagetest.Generators()
	draw := func() []message.Message {
		var waiting []message.Message
		for seed := range 40 {
			waiting = append(waiting, generators[message.KindBatch].Example(seed), generators[message.KindViews].Example(seed))
		}
		return waiting
	}
	waiting, want := draw(), draw()
	merged, _ := message.Merge(waiting)
	if len(merged) == 0 {
		t.Fatal("nothing left")
	}
	again, _ := message.Merge(merged)
	_ = again
	for i := range waiting {
		if !messagetest.Equal(waiting[i], want[i]) {
			t.Fatalf("message %d changed from %v to %v", i, want[i], waiting[i])
		}
	}
}
