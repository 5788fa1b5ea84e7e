package registry

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
)

// instrument is one that the venue might list.
func instrument(t *testing.T, name string, n int) market.Instrument {
	t.Helper()
	quote := "USDT"
	switch name {
	case "upbit", "bithumb", "coinone", "korbit":
		quote = "KRW"
	}
	return market.MustInstrument(market.Venue(name), fmt.Sprintf("C%dX-%s", n, quote))
}

func config(t *testing.T, name string, a Adapter, n int, channels ...market.Channel) venue.Config {
	t.Helper()
	c := venue.Config{Venue: market.Venue(name), Channels: channels, BookDepth: a.BookLevels}
	for i := range n {
		c.Listings = append(c.Listings, a.Listing(instrument(t, name, i)))
	}
	return c
}

// What the table says of an adapter is true of it.
func TestEveryRow(t *testing.T) {
	if names := Names(); len(names) != 10 || !slices.IsSorted(names) {
		t.Errorf("adapters: %v", names)
	}
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			a, err := Find(name)
			if err != nil {
				t.Fatal(err)
			}
			connections, err := a.New(config(t, name, a, 2, a.Channels...))
			if err != nil {
				t.Fatalf("with what it does by default: %v", err)
			}
			c := connections[0]
			if len(connections) != 1 || c.Venue() != market.Venue(name) || len(c.Instruments()) != 2 {
				t.Errorf("%d connections, of %s, with %v", len(connections), c.Venue(), c.Instruments())
			}
			i := instrument(t, name, 0)
			symbol := a.Symbol(i)
			asked := string(slices.Concat(c.Subscribe()...))
			for part := range strings.FieldsFuncSeq(symbol, func(r rune) bool { return strings.ContainsRune("-_/", r) }) {
				if !strings.Contains(strings.ToUpper(asked), strings.ToUpper(part)) {
					t.Errorf("%s, of %s, is not in what it asks for: %s", part, symbol, asked)
				}
			}
			// The venue's own name leads back to the instrument, listings or not.
			decoder, err := a.New(venue.Config{Venue: market.Venue(name)})
			if err != nil {
				t.Fatal(err)
			}
			naming, ok := decoder[0].(interface {
				Instrument(symbol string) (market.Instrument, error)
			})
			if !ok {
				t.Fatal("it does not say which instrument a symbol is")
			}
			if got, err := naming.Instrument(symbol); err != nil || got != i {
				t.Errorf("the symbol %s of %v is read as %v (%v)", symbol, i, got, err)
			}
			if quoteFirst := strings.Index(strings.ToUpper(symbol), i.Quote()) < strings.Index(strings.ToUpper(symbol), i.Base()); quoteFirst != a.QuoteFirst {
				t.Errorf("symbol %s, and the table says quote first: %t", symbol, a.QuoteFirst)
			}
			for _, channel := range a.Channels {
				if one, err := a.New(config(t, name, a, 1, channel)); err != nil || len(one[0].Subscribe()) == 0 {
					t.Errorf("channel %v: %v", channel, err)
				}
			}
			if !strings.HasPrefix(a.ListingsURL(""), "https://") || !strings.HasPrefix(a.ListingsURL("http://127.0.0.1:1/x/"), "http://127.0.0.1:1/x/") {
				t.Errorf("the list is at %s and %s", a.ListingsURL(""), a.ListingsURL("http://127.0.0.1:1/x/"))
			}
			if _, err := a.ParseListings(market.Venue(name), []byte("{")); err == nil {
				t.Error("half a list is taken")
			}
		})
	}
}

func TestBookLevels(t *testing.T) {
	for _, name := range Names() {
		a, _ := Find(name)
		c := config(t, name, a, 1, market.ChannelBook)
		if a.BookLevels > a.BookLevelsMax && a.BookLevelsMax > 0 {
			t.Errorf("%s: %d levels by default, at most %d", name, a.BookLevels, a.BookLevelsMax)
		}
		most := a.BookLevelsMax
		if most == 0 {
			most = 5000 // what is kept where nobody says
		}
		c.BookDepth = most
		if _, err := a.New(c); err != nil {
			t.Errorf("%s: %d levels: %v", name, most, err)
		}
		c.BookDepth = most + 1
		if _, err := a.New(c); (err == nil) != (a.BookLevelsMax == 0) {
			t.Errorf("%s: %d levels, one too many: %v", name, c.BookDepth, err)
		}
	}
}

// Connections follow from the limits that the adapter states.
func TestSplit(t *testing.T) {
	for _, name := range Names() {
		a, _ := Find(name)
		const n = 1000
		c := config(t, name, a, n, market.ChannelTrade, market.ChannelBook)
		connections, err := a.New(c)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		parts := a.Limits().Connections(c)
		if len(parts) != len(connections) {
			t.Errorf("%s: %d connections, %d by its limits", name, len(connections), len(parts))
		}
		followed := 0
		for i, connection := range connections {
			followed += len(connection.Instruments())
			if got, want := len(connection.Instruments()), len(parts[i]); got != want {
				t.Errorf("%s: connection %d follows %d, want %d", name, i, got, want)
			}
		}
		if followed != n {
			t.Errorf("%s: %d of %d instruments are followed", name, followed, n)
		}
	}
}

func TestTicksThatFollowFromTheName(t *testing.T) {
	for name, want := range map[string]string{"upbit": "KRW", "bithumb": "KRW", "coinone": "", "korbit": "", "binance": "", "okx": ""} {
		a, _ := Find(name)
		for _, quote := range []string{"KRW", "USDT"} {
			i := market.MustInstrument(market.Venue(name), "BTC-"+quote)
			if known := !a.Ticks(i).IsZero(); known != (quote == want) {
				t.Errorf("%v: ticks known: %t", i, known)
			}
		}
	}
	upbit, _ := Find("upbit")
	bithumb, _ := Find("bithumb")
	i := market.MustInstrument("x", "BTC-KRW")
	if upbit.Ticks(i).String() != market.UpbitKRWTicks().String() || bithumb.Ticks(i).String() != market.BithumbKRWTicks().String() {
		t.Error("the rules are not the venues' own")
	}
}

func TestFind(t *testing.T) {
	if _, err := Find("upbitt"); err == nil || !strings.Contains(err.Error(), "binance, bithumb, bybit") {
		t.Errorf("got %v", err)
	}
}
