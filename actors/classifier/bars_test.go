package classifier

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

const barDay = 24 * time.Hour

func dailyBar(t *testing.T, i market.Instrument, n int, price string, closed bool) message.Bar {
	t.Helper()
	p := market.MustPrice(price)
	b, err := message.NewBar(message.BarFields{Origin: message.Origin{Instrument: i, Received: 1}, Interval: barDay, Start: market.Timestamp(n) * market.Timestamp(barDay),
		Open: p, High: p, Low: p, Close: p, Volume: market.MustQuantity("2"), Closed: closed})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBars holds that an engine warms up with bars, says what it lacks until then, and judges rows
// by them.
func TestBars(t *testing.T) {
	c, err := New([]Config{{Name: "trend", Type: Criteria, Default: "below", Bars: []time.Duration{barDay},
		Classes: []Class{{"above", `price > sma(3, "1d")`}}}}, []string{"bid", "price"})
	if err != nil {
		t.Fatal(err)
	}
	btc := market.MustInstrument("sim", "BTC-KRW")
	row := func(price float64) string {
		b := message.NewViewsBuilder(1, 2)
		b.Add(message.Origin{Instrument: btc, Received: 1}, message.Quote{}, true, true, []float64{1, price})
		var said []string
		for _, m := range c.Step(b.Build(message.ViewsFields{Source: "test"})) {
			said = append(said, m.Fields().Reason)
		}
		return strings.Join(said, "|")
	}
	ready := func(want string) {
		t.Helper()
		if ok, reason := c.Ready(btc); reason != want || ok != (want == "") {
			t.Errorf("ready %v: %q, want %q", ok, reason, want)
		}
	}
	ready("nothing is known of it")
	for n, price := range []string{"10", "20"} {
		c.Bar(dailyBar(t, btc, n+1, price, true))
	}
	ready(`trend: class "above": price is not known; sma(3, "1d") wants 3 bars of 1d, 2 there`)
	if got := row(15); got != "" {
		t.Errorf("%q before there is enough history", got)
	}
	ready(`trend: class "above": sma(3, "1d") wants 3 bars of 1d, 2 there`)
	c.Bar(dailyBar(t, btc, 3, "30", false)) // under way
	ready("")
	if got := row(21); got != `price > sma(3, "1d"): 21 > 20` {
		t.Error(got)
	}
	c.Bar(dailyBar(t, btc, 3, "60", false))
	if got := row(21); got != "no criterion is true: above 21 > 30" {
		t.Error(got)
	}
	c.Bar(dailyBar(t, btc, 3, "30", true))
	c.Bar(dailyBar(t, btc, 2, "99", true)) // told twice, and otherwise
	if got := row(21); got != `price > sma(3, "1d"): 21 > 20` {
		t.Error(got)
	}
	c.Bar(dailyBar(t, btc, 30, "30", true)) // behind a hole
	if got := row(21); got != "" {
		t.Errorf("%q across a gap", got)
	}
	ready(`trend: class "above": sma(3, "1d") wants 3 bars of 1d, 1 there since the gap from 1970-01-04 to 1970-01-31`)
	if n := c.Counters(); n.Bars != 6 || n.BadBars != 1 {
		t.Errorf("%+v", n)
	}
}

// TestBarsRefused holds that criteria over bars are refused where there are none.
func TestBarsRefused(t *testing.T) {
	cfg := Config{Name: "trend", Type: Criteria, Default: "below", Classes: []Class{{"above", `price > sma(3, "1d")`}}}
	const want = `column 9: sma reads bars, and there are none here`
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	if needs := cfg.Needs(); needs != nil {
		t.Error(needs)
	}
	cfg.Bars = []time.Duration{time.Hour, barDay}
	if needs := cfg.Needs(); len(needs) != 1 || needs[0].Frame != barDay || needs[0].Bars != 3 {
		t.Error(needs)
	}
	cfg.Bars = []time.Duration{barDay, barDay}
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "bars of 24h0m0s: want intervals above zero, each once") {
		t.Error(err)
	}
	if got, err := FeaturesOf(`price > sma(3, "1d") and bid > price`, barDay); err != nil || strings.Join(got, " ") != "price bid" {
		t.Error(got, err)
	}
}

func TestToldOf(t *testing.T) {
	all := []time.Duration{time.Minute, time.Hour, barDay}
	engine := func(when string) Config {
		return Config{Name: "e", Type: Criteria, Default: "no", Classes: []Class{{"yes", when}}}.ToldOf(all)
	}
	if c := engine("price > 1"); c.Bars != nil || c.version() != (Config{Name: "e", Type: Criteria, Default: "no", Classes: []Class{{"yes", "price > 1"}}}).version() {
		t.Errorf("an engine over features: %+v, version %s", c, c.version())
	}
	if c := engine("price > sma(3, 1d) and rsi(1m) > 50"); !slices.Equal(c.Bars, []time.Duration{time.Minute, barDay}) || c.Validate() != nil {
		t.Errorf("%+v", c)
	}
	if c := engine("price > sma(3, 2h)"); !slices.Equal(c.Bars, all) || !strings.Contains(c.Validate().Error(), `no bars of "2h": there are bars of 1m, 1h and 1d`) {
		t.Errorf("%+v: %v", c, c.Validate())
	}
	if c := breakout().ToldOf(all); c.Bars != nil || c.Validate() != nil || c.Needs() != nil {
		t.Errorf("%+v", c)
	}
}
