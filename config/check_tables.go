package config

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue/registry"
)

// hostName makes a node's name of the host's.
func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return "maru"
	}
	if safe := safeName(host); safe != "" {
		return safe
	}
	return "maru"
}

// finishNode joins the default of data_dir as the reader joins one that is given.
func finishNode(r *reader, _ string, given func(string) bool, n *Node) {
	if !given("data_dir") && r.dir != "" {
		n.DataDir = filepath.Join(r.dir, n.DataDir)
	}
}

// onlyOne reports keys of which only one may be given.
func (r *reader) onlyOne(path string, given func(string) bool, a, b string) {
	if given(a) && given(b) {
		r.faultKey(joinKey(path, b), "want only one of "+a+" and "+b, "both", "leave one out")
	}
}

// misplaced reports keys that do not apply.
func (r *reader) misplaced(path string, given func(string) bool, why, hint string, keys ...string) {
	for _, key := range keys {
		if given(key) {
			r.faultKey(joinKey(path, key), "want "+key+" only "+why, "it here", hint)
		}
	}
}

// missing reports a key that is needed because of others.
func (r *reader) missing(path, key, why, example string) {
	r.faultKey(joinKey(path, key), "want "+key+" "+why, "none", "add "+key+" = "+example)
}

func finishHTTP(r *reader, path string, _ func(string) bool, h *HTTP) {
	host, _, err := net.SplitHostPort(h.Listen)
	if err != nil {
		return // a fault already
	}
	if !h.AllowRemote && !isLoopback(host) {
		found := quote(h.Listen) + ", which other machines may reach"
		if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
			found = quote(h.Listen) + ", which is every address of this machine"
		}
		r.fault(joinKey(path, "listen"), "want an address of this machine only (127.0.0.1 or [::1])", found,
			"set allow_remote = true if others are meant to read what the node does")
	}
}

func finishState(r *reader, path string, _ func(string) bool, s *State) {
	r.checkBars(joinKey(path, "bars"), s.Bars)
}

// checkBars holds intervals to an order, so that there is one way to write them.
func (r *reader) checkBars(path string, bars []time.Duration) {
	if !slices.Contains(bars, 0) && !slices.IsSorted(bars) {
		r.fault(path, "want intervals from short to long", "another order", "")
	}
}

func finishReplayFaults(r *reader, path string, given func(string) bool, f *ReplayFaults) {
	if (f.StallAfter > 0) != (f.StallFor > 0) {
		have, lack := "stall_after", "stall_for"
		if f.StallFor > 0 {
			have, lack = lack, have
		}
		example := map[string]string{"stall_after": "1000", "stall_for": `"1m"`}[lack]
		if given(have) {
			r.missing(path, lack, "with "+have, example)
		}
	}
}

func finishEngine(r *reader, path string, given func(string) bool, e *Engine) {
	if e.Type != engineModel && e.Type != "" {
		r.misplaced(path, given, `with type = "model"`, "engines of other types load nothing", "model")
		e.Model = nil
	}
	switch e.Type {
	case engineModel:
		finishModelEngine(r, path, given, e)
	case engineCriteria:
		r.misplaced(path, given, `with type = "range"`, "a criteria engine has [[engine.class]] tables", "feature", "low", "high", "margin")
		if len(e.Classes) == 0 && !given("class") {
			r.faultKey(path, "want at least one [[engine.class]] in a criteria engine", "none", "add [[engine.class]] with name and when")
		}
		first := make(map[message.ClassName]int)
		for i, c := range e.Classes {
			at := joinKey(joinIndex(joinKey(path, "class"), i), "name")
			switch _, twice := first[c.Name]; {
			case c.Name == "": // a fault already
			case c.Name == ClassUntrusted:
				r.fault(at, "want another name", quote(string(c.Name)), "untrusted is the class of data that may be wrong")
			case twice:
				r.fault(at, "want each class once", quote(string(c.Name))+" again", "join the criteria with ||")
			}
			first[c.Name] = i
		}
		if e.Default == ClassUntrusted {
			r.fault(joinKey(path, "default"), "want another name", quote(string(e.Default)), "untrusted is the class of data that may be wrong")
		}
	case engineRange:
		r.misplaced(path, given, `with type = "criteria"`, "the classes of a range engine are below, inside and above", "class", "default")
		e.Default, e.Classes = "", nil
		for _, key := range []struct{ name, value, example string }{
			{"feature", e.Feature, `"price"`}, {"low", e.Low, `"min_5m"`}, {"high", e.High, `"max_5m"`},
		} {
			if key.value == "" && !given(key.name) {
				r.missing(path, key.name, "in a range engine", key.example)
			}
		}
	}
}

func finishStrategy(r *reader, path string, given func(string) bool, s *Strategy) {
	if s.Type == StrategyProgram {
		finishProgramStrategy(r, path, given, s)
		return
	}
	r.misplaced(path, given, `with type = "program"`, "", "program")
	s.Program = nil
	if !given("engine") {
		r.faultKey(joinKey(path, "engine"), "want "+nameRule.want, "no such key in [strategy]", `add engine = "momentum"`)
	}
	if len(s.Rules) == 0 && !given("rule") {
		r.faultKey(path, "want at least one [[strategy.rule]]", "none", "add [[strategy.rule]] with to, side and notional")
	}
}

func finishRule(r *reader, path string, given func(string) bool, u *Rule) {
	if u.Close {
		r.misplaced(path, given, "where close is not true", "closing takes the position's side and quantity", "side", "notional", "quantity")
		u.Side, u.Notional, u.Quantity = 0, market.Amount{}, market.Quantity{}
	} else {
		r.onlyOne(path, given, "notional", "quantity")
		if !given("side") {
			r.missing(path, "side", "where close is not true", `"buy"`)
		}
		if !given("notional") && !given("quantity") {
			r.missing(path, "notional", "or quantity where close is not true", `"100000"`)
		}
	}
	if u.Type == market.Market {
		r.misplaced(path, given, `with type = "limit"`, "a market order takes what is there", "offset_bps")
	}
	if u.From != "" && u.From == u.To {
		r.fault(joinKey(path, "to"), "want another class than from", quote(string(u.To)), "nothing changes there")
	}
}

func finishAccount(r *reader, path string, given func(string) bool, _ *Account) {
	r.onlyOne(path, given, "api_key_env", "api_key_file")
	r.onlyOne(path, given, "api_secret_env", "api_secret_file")
}

// checkSelectors judges names and patterns, each by its place in the file, and then parts them.
func (r *reader) checkSelectors(path string, v *Venue, a registry.Adapter) {
	for n, p := range v.Patterns {
		if p == "" || !p.Excludes() {
			continue
		}
		if !slices.ContainsFunc(v.Instruments, func(i market.Instrument) bool { return !i.IsZero() }) &&
			!slices.ContainsFunc(v.Patterns, func(q Pattern) bool { return q != "" && !q.Excludes() }) {
			r.fault(joinIndex(path, n), "want names or patterns that something is taken out of", quote(string(p))+" alone", "begin with \"*\" for all that the venue lists")
			break
		}
	}
	for n, i := range v.Instruments {
		if i.IsZero() {
			continue // a pattern, or a fault already
		}
		at := joinIndex(path, n)
		if name := swapped(i); name != "" && a.QuoteFirst {
			r.fault(at, "want an instrument as BASE-QUOTE", quote(i.Name()), fmt.Sprintf("did you mean %q?", name))
		} else if !i.IsSpot() {
			r.fault(at, "want a spot instrument (BASE-QUOTE)", quote(i.Name()), v.Adapter+" connects to spot markets only")
		}
		for _, p := range v.Patterns {
			if p != "" && p.Excludes() && p.Matches(i) {
				r.fault(at, "want an instrument that no exclusion takes out", quote(i.Name()), fmt.Sprintf("%q takes it out", string(p)))
			}
		}
		v.Instruments[n] = venueOf(i, v.Name)
	}
	v.Instruments = slices.DeleteFunc(v.Instruments, market.Instrument.IsZero)
	v.Patterns = slices.DeleteFunc(v.Patterns, func(p Pattern) bool { return p == "" })
	if len(v.Instruments) == 0 {
		v.Instruments = nil
	}
	if len(v.Patterns) == 0 {
		v.Patterns = nil
	}
}

// venueOf moves an instrument to a venue.
func venueOf(i market.Instrument, v market.Venue) market.Instrument {
	moved, err := market.NewInstrument(v, i.Name())
	if err != nil {
		return i // only without a venue's name, which is a fault already
	}
	return moved
}

func finishVenue(r *reader, path string, given func(string) bool, v *Venue) {
	if !given("adapter") {
		v.Adapter = string(v.Name)
		if v.Name != "" && !slices.Contains(adapterNames(), v.Adapter) {
			r.faultKey(joinKey(path, "adapter"), "want adapter, one of "+oneOf(adapterNames())+", where the name is none of them",
				"none", didYouMean(v.Adapter, adapterNames()))
		}
	}
	a, err := registry.Find(v.Adapter)
	if err != nil {
		return // a fault already
	}
	if !given("channels") {
		v.Channels = slices.Clone(a.Channels)
	}
	if !given("book_levels") && a.BookLevels > 0 {
		v.BookLevels = a.BookLevels
	}
	if a.BookLevelsMax > 0 && v.BookLevels > a.BookLevelsMax {
		r.fault(joinKey(path, "book_levels"), fmt.Sprintf("want at most %d with the adapter %s", a.BookLevelsMax, v.Adapter), fmt.Sprint(v.BookLevels), "the venue gives no more")
	}
	r.checkSelectors(joinKey(path, "instruments"), v, a)
	r.checkTickerFields(joinKey(path, "ticker_fields"), given, v)
	if v.Adapter == adapterSim {
		r.misplaced(path, given, "of venues that are connected to", "the sim runs inside this process", "websocket_url", "rest_url", "replay")
		v.Replay, v.WebSocketURL, v.RESTURL = nil, "", ""
		if v.Sim == nil {
			s := simSection.defaults()
			v.Sim = &s
		}
		return
	}
	r.misplaced(path, given, `with adapter = "sim"`, "", "sim")
	v.Sim = nil
	if !given("instruments") {
		r.missing(path, "instruments", "for a venue that is connected to", `["BTC-KRW"]`)
	}
	if v.Replay != nil {
		r.misplaced(path, given, "where there is no [venue.replay]", "the replay serves both itself", "websocket_url", "rest_url")
	}
}
