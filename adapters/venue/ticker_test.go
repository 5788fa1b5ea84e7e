package venue_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// token reads the text of one JSON value.
func token(t *testing.T, text string) venue.Token {
	t.Helper()
	got, err := venue.ReadToken(scan.DecodeStr(text))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var someOrigin = message.Origin{Instrument: market.MustInstrument("x", "BTC-KRW")}

func TestTickerReader(t *testing.T) {
	r := venue.TickerReader{Fields: message.TickerFields{Origin: someOrigin}}
	r.Price(token(t, `"5"`), "open", message.HasOpening)
	r.Price(token(t, `6`), "last", message.HasTrade)
	r.Price(token(t, `0`), "high", message.HasHigh)        // nothing was traded
	r.Price(token(t, `null`), "low", message.HasLow)       // not known
	r.Price(venue.Token{}, "prev", message.HasPrevClosing) // absent
	r.Price(token(t, `7`), "volume", message.HasVolume24h) // no price
	r.Volume24h(token(t, `"1.0000000000000000019"`), "volume")
	r.Change(token(t, `"-1.5E1"`), "change")
	r.Percent(token(t, `"-20.5"`), "percent")
	r.ChangeFrom(message.FromOpen24h)
	r.ComputeChange() // stated
	e, err := r.Message()
	want := message.TickerFields{
		Origin: someOrigin, Has: message.HasOpening | message.HasTrade | message.HasVolume24h | message.HasChange | message.HasChangeRate,
		Opening: market.MustPrice("5"), Trade: market.MustPrice("6"), Volume24h: market.MustQuantity("1.000000000000000001"),
		Change: market.Amount{Decimal: market.MustDecimal("-15")}, ChangeRate: market.MustDecimal("-0.205"), ChangeBase: message.FromOpen24h,
	}
	if err != nil || e.(message.Ticker).Fields() != want {
		t.Errorf("got %v, %v", e, err)
	}
}

func TestTickerComputeChange(t *testing.T) {
	for _, c := range []struct{ last, prev, change, rate string }{
		{"110", "100", "10", "0.1"},
		{"100", "300", "-200", "-0.666666666666666667"},
		{"100", "100", "0", "0"},
		{"170141183460469231731", "0.000000000000000001", "170141183460469231730.999999999999999999", ""}, // beyond range
		{"100", "0", "", ""},
		{"0", "100", "", ""},
	} {
		r := venue.TickerReader{Fields: message.TickerFields{Origin: someOrigin}}
		r.Price(token(t, c.last), "last", message.HasTrade)
		r.Price(token(t, c.prev), "prev", message.HasPrevClosing)
		r.ComputeChange()
		e, err := r.Message()
		if err != nil {
			t.Fatal(err)
		}
		f := e.(message.Ticker).Fields()
		if got := f.Has&message.HasChange != 0; got != (c.change != "") || got && f.Change.String() != c.change {
			t.Errorf("%v: change %v, has %v", c, f.Change, got)
		}
		if got := f.Has&message.HasChangeRate != 0; got != (c.rate != "") || got && f.ChangeRate.String() != c.rate {
			t.Errorf("%v: rate %v, has %v", c, f.ChangeRate, got)
		}
		if (f.ChangeBase == message.FromPreviousClose) != (c.change != "") {
			t.Errorf("%v: change from %v", c, f.ChangeBase)
		}
	}
}

func TestTickerReaderFaults(t *testing.T) {
	for name, c := range map[string]struct {
		read   func(*venue.TickerReader)
		reason venue.Reason
		field  string
	}{
		"nothing":   {func(*venue.TickerReader) {}, venue.Schema, ""},
		"price":     {func(r *venue.TickerReader) { r.Price(token(t, `-1`), "last", message.HasTrade) }, venue.Number, "last"},
		"an object": {func(r *venue.TickerReader) { r.Volume24h(token(t, `{}`), "volume") }, venue.Schema, "volume"},
		"percent":   {func(r *venue.TickerReader) { r.Percent(token(t, `"up"`), "percent") }, venue.Number, "percent"},
		"the first stays": {func(r *venue.TickerReader) {
			r.Change(token(t, `"x"`), "change")
			r.Price(token(t, `-1`), "last", message.HasTrade)
			r.Rate(token(t, `"y"`), "rate")
			r.ComputeChange()
		}, venue.Number, "change"},
	} {
		r := venue.TickerReader{Fields: message.TickerFields{Origin: someOrigin}}
		c.read(&r)
		_, err := r.Message()
		var e *venue.DecodeError
		if !errors.As(err, &e) || e.Reason != c.reason || e.Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := venue.TickerReader{} // of no instrument
	r.Price(token(t, `1`), "last", message.HasTrade)
	if _, err := r.Message(); err == nil || !strings.Contains(err.Error(), "instrument") {
		t.Error(err)
	}
}

func TestTimeOrNone(t *testing.T) {
	for text, want := range map[string]market.Timestamp{`null`: 0, `""`: 0, `1700000000000`: market.Milliseconds(1700000000000), `"1700000000000001"`: market.Microseconds(1700000000000001)} {
		if got, err := token(t, text).TimeOrNone("t"); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := token(t, `"now"`).TimeOrNone("t"); err == nil {
		t.Error("a word is a time")
	}
}

func TestReadNamedLevels(t *testing.T) {
	levels, err := venue.ReadNamedLevels(scan.DecodeStr(`[{"p":"2","q":1,"n":[{}]},{"q":"0","p":"0"},{"q":"0","p":"3"}]`), "asks", "p", "q", nil)
	if err != nil || len(levels) != 2 || levels[0] != (message.Level{Price: market.MustPrice("2"), Quantity: market.MustQuantity("1")}) ||
		levels[1] != (message.Level{Price: market.MustPrice("3")}) {
		t.Error(levels, err)
	}
	if levels, err := venue.ReadNamedLevels(scan.DecodeStr(`null`), "asks", "p", "q", levels[:1]); err != nil || len(levels) != 1 {
		t.Error(levels, err)
	}
	for text, reason := range map[string]venue.Reason{
		`5`: venue.Schema, `{}`: venue.Schema, `[5]`: venue.Schema, `[["1","2"]]`: venue.Schema, `[{"p":"1"}]`: venue.Schema, `[{"q":"1"}]`: venue.Schema,
		`[{"p":null,"q":"1"}]`: venue.Schema, `[{"p":"1","q":"x"}]`: venue.Number, `[{"p":"0","q":"1"}]`: venue.Number, `[{"p":"-1","q":"1"}]`: venue.Number,
		`[`: venue.Syntax, `[{"p":"1","q":"1"}`: venue.Syntax, `[{"p":"1"`: venue.Syntax, `x`: venue.Syntax, `nul`: venue.Syntax,
	} {
		_, err := venue.ReadNamedLevels(scan.DecodeStr(text), "asks", "p", "q", nil)
		var e *venue.DecodeError
		if err == nil || !errors.As(venue.Refused("x", err), &e) || e.Reason != reason {
			t.Errorf("%s: %v, want %s", text, err, reason)
		}
	}
}
