package state

import (
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// epoch is a moment on every grid: 2024-08-08 00:00 UTC.
var epoch = market.TimestampOf(time.Date(2024, 8, 8, 0, 0, 0, 0, time.UTC))

var btc = market.MustInstrument("sim", "BTC-KRW")

func at(d time.Duration) market.Timestamp { return epoch.Add(d) }

// origin is of an event that the venue stamped and we received at d.
func origin(i market.Instrument, d time.Duration) message.Origin {
	return message.Origin{Instrument: i, VenueTime: at(d), Received: at(d)}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func trade(o message.Origin, price, quantity string) message.Trade {
	return must(message.NewTrade(message.TradeFields{Origin: o, Price: market.MustPrice(price), Quantity: market.MustQuantity(quantity), Taker: market.Buy}))
}

func bbo(o message.Origin, bid, bidQuantity, ask, askQuantity string) message.BBO {
	return must(message.NewBBO(message.BBOFields{Origin: o,
		Bid: market.MustPrice(bid), BidQuantity: market.MustQuantity(bidQuantity),
		Ask: market.MustPrice(ask), AskQuantity: market.MustQuantity(askQuantity)}))
}

func status(o message.Origin, trusted bool, reason string) message.Status {
	return must(message.NewStatus(message.StatusFields{Origin: o, Trusted: trusted, Reason: reason}))
}

// levels makes levels of price, quantity, price, quantity.
func levels(text ...string) []message.Level {
	var out []message.Level
	for i := 0; i < len(text); i += 2 {
		out = append(out, message.Level{Price: market.MustPrice(text[i]), Quantity: market.MustQuantity(text[i+1])})
	}
	return out
}

func bookEvent(o message.Origin, snapshot bool, bids, asks []message.Level) message.Book {
	return must(message.NewBook(message.BookFields{Origin: o, Snapshot: snapshot}, bids, asks))
}

func batch(t market.Timestamp, events ...message.Event) message.Batch {
	return must(message.NewBatch(message.BatchFields{Source: "sim", Seq: 1, Time: t}, events))
}

func features(t testing.TB, names ...string) []Feature {
	t.Helper()
	var out []Feature
	for _, n := range names {
		f, err := ParseFeature(n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// withFeatures adds features and the windows they read to the default configuration.
func withFeatures(t testing.TB, names ...string) Config {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Features = features(t, names...)
	seen := map[time.Duration]bool{0: true}
	for _, f := range cfg.Features {
		if w := f.Window(); !seen[w] {
			seen[w] = true
			cfg.Windows = append(cfg.Windows, w)
		}
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	return cfg
}
