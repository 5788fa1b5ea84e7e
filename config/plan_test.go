package config

import (
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/market"
)

func TestPlanOfPatterns(t *testing.T) {
	c := mustParse(t, `
[[venue]]
name = "upbit"
region = "korea"
channels = ["trade", "ticker"]
instruments = ["*-KRW", "BTC-USDT"]
ticker_fields = ["trade_price"]
`)
	offline := Explain(c)
	if v := offline.Venues[0]; v.Known || v.Connections != 0 || v.Instruments != 0 || len(v.Split) != 0 || v.Region != "korea" ||
		strings.Join(v.Patterns, " ") != "*-KRW" || strings.Join(v.TickerFields, " ") != "trade_price" || v.Limits.InstrumentsPerConnection != 300 {
		t.Errorf("got %+v", v)
	}
	if does := offline.Roles[0].Does; !strings.Contains(does, "*-KRW (known at start)") {
		t.Errorf("the feeder %s", does)
	}
	all := listings("BTC-USDT XRP-KRW BTC-KRW ETH-BTC")
	v := ExplainListed(c, map[market.Venue][]market.Listing{"upbit": all}).Venues[0]
	if !v.Known || v.Connections != 1 || v.Instruments != 3 || v.Subscriptions != 6 || len(v.Split) != 1 || v.Split[0] != (ConnectionPlan{Instruments: 3, Frames: 1}) {
		t.Errorf("got %+v", v)
	}
	p := ExplainListed(c, map[market.Venue][]market.Listing{"upbit": all[:1]})
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], `venue upbit: nothing that is traded there now matches "*-KRW"`) {
		t.Errorf("warnings: %q", p.Warnings)
	}
}

func TestBookLevelsByDefault(t *testing.T) {
	for adapter, want := range map[string]int{"binance": 5000, "upbit": 5000, "okx": 400, "gate": 100, "kraken": 100, "bybit": 50} {
		c := mustParse(t, "[[venue]]\nname = \""+adapter+"\"\ninstruments = [\"BTC-USDT\"]\n")
		if got := c.Venues[0].BookLevels; got != want {
			t.Errorf("%s: %d levels, want %d", adapter, got, want)
		}
		if err := c.Validate(); err != nil { // as written it says the same
			t.Errorf("%s: %v", adapter, err)
		}
	}
	c := mustParse(t, "[[venue]]\nname = \"bybit\"\ninstruments = [\"BTC-USDT\"]\nbook_levels = 1000\n")
	if got := c.Venues[0].BookLevels; got != 1000 {
		t.Errorf("given: %d levels", got)
	}
}

// Frames are paced on each connection, connections one after the other.
func TestSubscribingTakes(t *testing.T) {
	var names []string
	for i := range 250 {
		names = append(names, `"`+"C"+string(rune('A'+i/26))+string(rune('A'+i%26))+`-USD"`)
	}
	text := "[[venue]]\nname = \"kraken\"\nchannels = [\"book\"]\ninstruments = [" + strings.Join(names, ",") + "]\n"
	v := Explain(mustParse(t, text)).Venues[0]
	// Three connections of 83 or 84 at 50 a frame: the last begins after ten seconds.
	if v.Connections != 3 || len(v.Split) != 3 || v.Split[2].Frames != 2 || v.SubscribeSeconds != 10.2 {
		t.Errorf("got %+v", v)
	}
	local := Explain(mustParse(t, text+"replay.files = [\"x.frames\"]\n")).Venues[0]
	if local.SubscribeSeconds != 0.2 {
		t.Errorf("on this machine it takes %v s", local.SubscribeSeconds)
	}
}
