package kraken

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

var (
	bids2 = []message.Level{level2("36500", "0.001"), level2("36499.5", "12")}
	asks2 = []message.Level{level2("36500.1", "0.2"), level2("36500.2", "0.3"), level2("36500.3", "0.4"), level2("36500.4", "0.5"), level2("36500.5", "0.6"),
		level2("36500.6", "0.7"), level2("36500.7", "0.8"), level2("36500.8", "0.9"), level2("36501", "1"), level2("36502", "2.5")}
	// What book2Update says, and the ask that it pushes out of the depth.
	updateBids = []message.Level{level2("36500", "0")}
	updateAsks = []message.Level{level2("36500", "1"), level2("36500", "3"), level2("36500.5", "0.00000001")}
	pushedOut  = level2("36502", "0")
)

func book(at market.Timestamp, snapshot bool, bids, asks []message.Level) message.Event {
	return must(message.NewBook(message.BookFields{Origin: origin("BTC-USD", at), Snapshot: snapshot}, bids, asks))
}

func checksums(t *testing.T, p *Protocol, checked, failed uint64) {
	t.Helper()
	if c, f := p.Checksums(); c != checked || f != failed {
		t.Errorf("%d checksums compared and %d differ, want %d and %d", c, f, checked, failed)
	}
}

// TestBookIsTruncated: a level beyond the depth is removed in the update that pushes it out, since
// the venue will never speak of it again.
func TestBookIsTruncated(t *testing.T) {
	const at = second + 500123000
	p := decodeOnly(t)
	expect(t, p, book2Snapshot, book(0, true, bids2, asks2))
	expect(t, p, book2Update, book(at, false, updateBids, append(slices.Clone(updateAsks), pushedOut)))
	checksums(t, p, 2, 0)

	// At a depth of 25, as the venue confirmed, nothing falls out; and since the best ten are the
	// same, neither does the checksum differ.
	p = decodeOnly(t)
	decode(t, p, strings.Replace(ack2Frame, `"depth":10`, `"depth":25`, 1))
	decode(t, p, book2Snapshot)
	expect(t, p, book2Update, book(at, false, updateBids, updateAsks))
	checksums(t, p, 2, 0)

	// Without a snapshot there is nothing to hold the checksum against.
	p = decodeOnly(t)
	expect(t, p, book2Update, book(at, false, updateBids, updateAsks))
	checksums(t, p, 0, 0)
}

// TestChecksumDiffers: the update goes out and a status after it; then nothing until the next
// snapshot, which is compared again.
func TestChecksumDiffers(t *testing.T) {
	const at = second + 500123000
	untrusted := func(at market.Timestamp) message.Event {
		return must(message.NewStatus(message.StatusFields{Origin: origin("BTC-USD", at), Reason: "checksum"}))
	}
	p := decodeOnly(t)
	decode(t, p, book2Snapshot)
	lost := strings.Replace(book2Update, `{"price":36500.5,"qty":0.00000001},`, ``, 1)
	expect(t, p, lost, book(at, false, updateBids, []message.Level{updateAsks[0], updateAsks[1], pushedOut}), untrusted(at))
	checksums(t, p, 2, 1)
	expect(t, p, book2Update, book(at, false, updateBids, updateAsks))
	checksums(t, p, 2, 1)
	decode(t, p, book2Snapshot)
	expect(t, p, book2Update, book(at, false, updateBids, append(slices.Clone(updateAsks), pushedOut)))
	checksums(t, p, 4, 1)
	expect(t, p, strings.Replace(book2Snapshot, "1673817357", "1673817358", 1), book(0, true, bids2, asks2), untrusted(0))
	checksums(t, p, 5, 2)

	// Version 1, whose snapshots carry none.
	p = decodeOnly(t)
	decode(t, p, book1Snapshot)
	decode(t, p, book1Update)
	checksums(t, p, 1, 0)
	events := decode(t, p, strings.Replace(book1Update, "0.36000000", "0.3600000", 1))
	if len(events) != 1 { // only the decimals differ: as many as elsewhere are assumed
		t.Error(events)
	}
	events = decode(t, p, strings.Replace(book1Update, "0.36000000", "0.36000001", 1))
	if len(events) != 2 || events[1].Kind() != message.KindStatus {
		t.Error(events)
	}
	checksums(t, p, 3, 1)
}

// TestRefusedFrameChangesNoBook: what is read before a fault is not applied.
func TestRefusedFrameChangesNoBook(t *testing.T) {
	p := decodeOnly(t)
	decode(t, p, book2Snapshot)
	for _, bad := range []string{
		book2Update[:len(book2Update)-1],
		strings.TrimSuffix(book2Update, "]}") + `,{"symbol":"?"}]}`,
		book2Update + "x",
	} {
		if _, err := p.Decode(nil, []byte(bad), 1); err == nil {
			t.Fatalf("decodes: %s", bad)
		}
	}
	decode(t, p, book2Update)
	checksums(t, p, 2, 0)
}

// TestReprintedNumbers: the manual's example of a snapshot lost its trailing zeros, the checksum
// did not.
func TestReprintedNumbers(t *testing.T) {
	p := decodeOnly(t)
	reprint := strings.NewReplacer("00000,", ",", "0000000}", "}", ".0,", ",", ".00000000}", "}", "00000}", "}")
	frame := reprint.Replace(book2Snapshot)
	if len(frame) >= len(book2Snapshot) {
		t.Fatal(frame)
	}
	// One price and one quantity must have all the decimals that the venue prints.
	frame = strings.Replace(frame, `"qty":0.3}`, `"qty":0.30000000}`, 1)
	expect(t, p, frame, book(0, true, bids2, asks2))
	checksums(t, p, 1, 0)
}

func TestTextOf(t *testing.T) {
	for number, want := range map[string]text{
		"36500.10": {3650010, 2}, "0.00100000": {100000, 8}, "12": {12, 0}, "1E-8": {1, 8}, "1.50e-2": {150, 4}, "2.5E3": {2500, 0}, "1e3": {1000, 0},
		"0": {}, "0.000": {0, 3}, "18446744073709551609": {18446744073709551609, 0},
	} {
		if got, ok := textOf([]byte(number)); !ok || got != want {
			t.Errorf("%s: %+v %v, want %+v", number, got, ok, want)
		}
	}
	for _, number := range []string{"99999999999999999999", "1e99", "1e-99", "1e", "-1", "x", "1e30", "0." + strings.Repeat("0", 70)} {
		if got, ok := textOf([]byte(number)); ok {
			t.Errorf("%s: %+v, want none", number, got)
		}
	}
	// Numbers that cannot be kept end the comparing, not the decoding.
	p := decodeOnly(t)
	decode(t, p, book1Snapshot)
	decode(t, p, strings.Replace(book1Update, "0.01000000", "1000000000000.000000000001", 1))
	decode(t, p, book1Update)
	checksums(t, p, 0, 0)
}

// TestLevelsReadAlike: a level is what its numbers are as tokens, and how those were written, in
// whichever version and by whichever code it is read.
func TestLevelsReadAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := decodeOnly(t)
	for range 2000 {
		var objects, arrays []string
		var want []level
		var errWant error
		for range r.IntN(4) {
			price := fmt.Sprintf("%.*f", r.IntN(12), r.ExpFloat64()*math.Pow10(r.IntN(9)))
			quantity := fmt.Sprintf("%.*f", r.IntN(12), r.ExpFloat64())
			if r.IntN(20) == 0 {
				quantity += "e-1"
			}
			objects = append(objects, `{"price":`+price+`,"qty":`+quantity+`}`)
			arrays = append(arrays, `["`+price+`","`+quantity+`","1.000001"]`)
			l, err := levelOf(price, quantity)
			if want = append(want, l); errWant == nil {
				errWant = err
			}
		}
		list := "[" + strings.Join(objects, ",") + "]"
		p.levels = nil
		err := p.readLevels2(scan.DecodeStr(list), "bids")
		if (err == nil) != (errWant == nil) || err == nil && !slices.Equal(p.levels, want) {
			t.Fatalf("%s\n%+v, %v\n%+v, %v", list, p.levels, err, want, errWant)
		}
		for i := range arrays {
			p.d.ResetBytes([]byte(arrays[i]))
			if l, err := p.readLevel1("b"); err != nil && errWant == nil || err == nil && l != want[i] {
				t.Fatalf("%s\n%+v, %v\n%+v", arrays[i], l, err, want[i])
			}
		}
	}
}

// levelOf makes a level of numbers as they were written, without the reader's shortcuts.
func levelOf(price, quantity string) (l level, err error) {
	priceToken, quantityToken := number2(price), number2(quantity)
	if l.Price, err = priceToken.Price("f"); err != nil {
		return l, err
	}
	if l.Quantity, err = quantityToken.Quantity("f"); err != nil {
		return l, err
	}
	if l.Price.IsZero() {
		return l, errors.New("price 0")
	}
	l.price, l.quantity = l.written(priceToken), l.written(quantityToken)
	return l, nil
}

// TestAppendUint: digits come out as strconv writes them.
func TestAppendUint(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	numbers := []uint64{0, 1, 9, 10, 99, 100, 101, math.MaxInt64, math.MaxUint64 - 1, math.MaxUint64}
	for power := uint64(1); power < 1e19; power *= 10 {
		numbers = append(numbers, power-1, power, power+1, power*10-1)
	}
	for length := range 64 {
		for range 100 {
			numbers = append(numbers, r.Uint64()>>length, 1<<length, 1<<length-1)
		}
	}
	for _, n := range numbers {
		if got, want := string(appendUint([]byte("x"), n)), "x"+strconv.FormatUint(n, 10); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}

// TestDaysTo: every day that a time can have is the day that package time counts.
func TestDaysTo(t *testing.T) {
	const day = 24 * 60 * 60
	for n := range secondsMax / day {
		d := time.Unix(int64(n)*day, 0).UTC()
		if got := daysTo(d.Year(), int(d.Month()), d.Day()); got != n {
			t.Fatalf("%v is day %d, want %d", d, got, n)
		}
	}
}

// TestLevelsThatAreRefused: broken lists are no levels, however far they are right.
func TestLevelsThatAreRefused(t *testing.T) {
	for _, list := range []string{"", "[", "1", "{}", "[1]", "[[]]", `[{"price":1,"qty":1}`, `[{"price":1,"qty":1},]`, `[{"price":-1,"qty":1}]`, `[{"price":0.0,"qty":1}]`,
		`[{"price":1,"qty":}]`, `[{"price":.,"qty":1}]`, `[{"price":1}]`, `[{"qty":1}]`, `[{"price":1,"qty":null}]`, `[{"price":1,"qty":true}]`} {
		if err := decodeOnly(t).readLevels2(scan.DecodeStr(list), "bids"); err == nil {
			t.Errorf("%s is read", list)
		}
	}
}

// TestBooksAreBounded: more books than are kept are decoded and not compared.
func TestBooksAreBounded(t *testing.T) {
	p := decodeOnly(t)
	for n := range booksMax + 2 {
		decode(t, p, strings.Replace(book2Snapshot, "BTC/USD", fmt.Sprintf("C%d/USD", n), 1))
	}
	if p.kept != booksMax {
		t.Errorf("%d books are kept, want %d", p.kept, booksMax)
	}
	checksums(t, p, booksMax, 0)
	decode(t, p, bookOf2(depthMax+1, "snapshot")) // no depth that can be had
	if p.kept != booksMax {
		t.Errorf("%d books are kept, want %d", p.kept, booksMax)
	}
}

// TestWrittenAgainstMap applies random updates to a book and to a map, and compares all levels,
// those that fall out, and the checksum.
func TestWrittenAgainstMap(t *testing.T) {
	const depth = 25
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 7))
		b := &written{depth: depth}
		b.bids.bid = true
		model := [2]map[int]int{{}, {}} // price in cents to quantity in hundredths
		var scratch []byte
		for step := range 2000 {
			which := r.IntN(2)
			s := [...]*side{&b.bids, &b.asks}[which]
			var levels []level
			for range 1 + r.IntN(4) {
				price, quantity := 1000+r.IntN(60), 0
				if r.IntN(3) > 0 {
					quantity = 1 + r.IntN(500)
				}
				l, err := levelOf(cents(price), cents(quantity))
				if err != nil {
					t.Fatal(err)
				}
				levels = append(levels, l)
				if model[which][price] = quantity; quantity == 0 {
					delete(model[which], price)
				}
			}
			if !b.apply(s, levels) {
				t.Fatal("not kept")
			}
			gone := s.truncate(depth, nil)
			want := sorted(model[which], which == 0)
			for i := len(want) - 1; i >= depth; i-- {
				if p := market.MustPrice(cents(want[i])); gone[len(want)-1-i].Price != p || !gone[len(want)-1-i].Quantity.IsZero() {
					t.Fatalf("seed %d step %d: %v fell out, want %v", seed, step, gone, p)
				}
				delete(model[which], want[i])
			}
			want = sorted(model[which], which == 0)
			if s.len() != len(want) {
				t.Fatalf("seed %d step %d: %d levels, want %d", seed, step, s.len(), len(want))
			}
			for i, price := range want {
				if s.row(i).at != market.MustPrice(cents(price)) {
					t.Fatalf("seed %d step %d: level %d at %v, want %s", seed, step, i, s.row(i).at, cents(price))
				}
			}
			if sum := modelSum(model); !b.holds(sum, &scratch) || b.holds(sum+1, &scratch) {
				t.Fatalf("seed %d step %d: the checksum differs", seed, step)
			}
		}
	}
}

// number2 is a number as a token.
func number2(text string) venue.Token { return venue.Token{Text: []byte(text), Kind: scan.Number} }

func cents(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

func sorted(m map[int]int, bids bool) []int {
	var prices []int
	for p := range m {
		prices = append(prices, p)
	}
	slices.SortFunc(prices, func(a, b int) int {
		if bids {
			a, b = b, a
		}
		return cmp.Compare(a, b)
	})
	return prices
}

func modelSum(model [2]map[int]int) uint32 {
	var all strings.Builder
	for _, which := range []int{1, 0} { // asks first
		prices := sorted(model[which], which == 0)
		for _, p := range prices[:min(len(prices), checkedLevels)] {
			for _, n := range []string{cents(p), cents(model[which][p])} {
				all.WriteString(strings.TrimLeft(strings.Replace(n, ".", "", 1), "0"))
			}
		}
	}
	return crc32.ChecksumIEEE([]byte(all.String()))
}
