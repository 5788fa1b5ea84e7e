package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway/registry"
)

// finishFile checks what tables say of each other.
func finishFile(r *reader, path string, given func(string) bool, c *Config) {
	if !given("node") {
		finishNode(r, path, given, &c.Node)
	}
	if len(c.Venues) == 0 && !given("venue") {
		r.faultKey("venue", "want at least one [[venue]]", "none", "add [[venue]] with name = \"sim\", or run without a file")
	}
	c.checkNames(r)
	c.checkInstruments(r)
	c.checkStore(r)
	for i := range c.Engines {
		c.checkEngine(r, joinIndex("engine", i), &c.Engines[i])
	}
	c.checkWindows(r)
	for i := range c.Venues {
		c.checkKept(r, joinIndex("venue", i), &c.Venues[i])
	}
	for i := range c.Accounts {
		c.checkAccount(r, joinIndex("account", i), &c.Accounts[i])
	}
	for i := range c.Strategies {
		c.checkStrategy(r, joinIndex("strategy", i), &c.Strategies[i])
	}
}

// checkAccount gives the account its venue.
func (c *Config) checkAccount(r *reader, path string, a *Account) {
	venues := c.venueNames()
	switch {
	case a.Venue == "" && len(venues) == 1:
		a.Venue = c.Venues[0].Name
	case a.Venue == "" && len(venues) > 1:
		r.missing(path, "venue", "where there are several venues", quote(venues[0]))
	case a.Venue != "" && !slices.Contains(venues, string(a.Venue)):
		r.fault(joinKey(path, "venue"), "want the name of a [[venue]]"+among(venues), quote(string(a.Venue)), didYouMean(string(a.Venue), venues))
	}
	if a.Mode == ModeLive {
		c.checkLive(r, path, a)
	}
}

// checkLive holds an account that trades with real money to what that needs.
func (c *Config) checkLive(r *reader, path string, a *Account) {
	at := joinKey(path, "mode")
	for i := range c.Venues {
		v := &c.Venues[i]
		if v.Name != a.Venue {
			continue
		}
		if !registry.Has(v.Adapter) {
			r.fault(at, "want paper where the adapter cannot place orders", quote(ModeLive), fmt.Sprintf("live accounts are at %s", strings.Join(registry.Adapters(), ", ")))
		}
		if v.Replay != nil {
			r.fault(at, "want paper where the venue is a replay", quote(ModeLive), "a recorded session takes no orders")
		}
	}
	if a.APIKey.IsZero() {
		r.missing(path, "api_key_env", "in a live account", `"API_KEY"`)
	}
	if a.APISecret.IsZero() {
		r.missing(path, "api_secret_env", "in a live account", `"API_SECRET"`)
	}
	if len(a.Balance) > 0 {
		r.fault(joinKey(path, "balance"), "want none in a live account", "a balance", "the venue says what the account has")
	}
}

func (c *Config) venueNames() []string {
	names := make([]string, len(c.Venues))
	for i := range c.Venues {
		names[i] = string(c.Venues[i].Name)
	}
	return names
}

// checkNames reports names that stand twice.
func (c *Config) checkNames(r *reader) {
	unique(r, "venue", c.Venues, func(v *Venue) string { return string(v.Name) })
	unique(r, "engine", c.Engines, func(e *Engine) string { return string(e.Name) })
	unique(r, "strategy", c.Strategies, func(s *Strategy) string { return string(s.Name) })
	unique(r, "account", c.Accounts, func(a *Account) string { return string(a.Name) })
}

func unique[T any](r *reader, table string, items []T, name func(*T) string) {
	first := make(map[string]int)
	for i := range items {
		n := name(&items[i])
		if n == "" {
			continue // a fault already
		}
		if j, twice := first[n]; twice {
			line := r.at(joinKey(joinIndex(table, j), "name")).key.line
			r.fault(joinKey(joinIndex(table, i), "name"), "want each name once", quote(n)+" again", fmt.Sprintf("it is the name in line %d too", line))
			continue
		}
		first[n] = i
	}
}

// checkInstruments counts instruments against the node's limit.
func (c *Config) checkInstruments(r *reader) {
	n := 0
	for i := range c.Venues {
		v := &c.Venues[i]
		count := len(v.Instruments) // what patterns match is counted at start
		if v.Sim != nil && count == 0 && !v.byList() {
			count = v.Sim.Instruments
		}
		if n += count; n > c.Limits.InstrumentsMax {
			r.fault(joinKey(joinIndex("venue", i), "instruments"),
				fmt.Sprintf("want at most %d instruments in the node", c.Limits.InstrumentsMax), fmt.Sprint(n), "raise instruments_max in [limits]")
			return
		}
	}
}

// checkStore holds the stored bars to those that are built.
func (c *Config) checkStore(r *reader) {
	if c.Store.Bars == nil {
		c.Store.Bars = storedBars(c.State.Bars)
	}
	for i, d := range c.Store.Bars {
		if d != 0 && !slices.Contains(c.State.Bars, d) {
			r.fault(joinIndex("store.bars", i), "want an interval that [state] bars has", quote(formatDuration(d)), "add it there, or leave it out here")
		}
	}
}

// names of the classes that an engine knows; untrusted is always one.
func (e *Engine) classNames() []message.ClassName {
	names := []message.ClassName{ClassUntrusted}
	if e.Type == engineRange {
		return append(names, rangeClasses...)
	}
	if e.Model != nil {
		return append(names, e.Model.classNames(e.Default)...)
	}
	names = append(names, e.Default)
	for _, class := range e.Classes {
		names = append(names, class.Name)
	}
	return names
}

func (c *Config) checkStrategy(r *reader, path string, s *Strategy) {
	var engine *Engine
	engines := make([]string, len(c.Engines))
	for i := range c.Engines {
		engines[i] = string(c.Engines[i].Name)
		if c.Engines[i].Name == s.Engine {
			engine = &c.Engines[i]
		}
	}
	if s.Engine != "" && engine == nil {
		r.fault(joinKey(path, "engine"), "want the name of an [[engine]]"+among(engines), quote(string(s.Engine)), didYouMean(string(s.Engine), engines))
	}
	c.checkProgramEnv(r, path, s)
	var account *Account
	accounts := make([]string, len(c.Accounts))
	for i := range c.Accounts {
		accounts[i] = string(c.Accounts[i].Name)
		if c.Accounts[i].Name == s.Account {
			account = &c.Accounts[i]
		}
	}
	if s.Account != "" && account == nil {
		r.fault(joinKey(path, "account"), "want the name of an [[account]]"+among(accounts), quote(string(s.Account)), didYouMean(string(s.Account), accounts))
	}
	for i, inst := range s.Instruments {
		if inst.IsZero() {
			continue // a fault already
		}
		at := joinIndex(joinKey(path, "instruments"), i)
		if hint, ok := c.trades(inst); !ok {
			r.fault(at, "want an instrument that a [[venue]] follows", quote(inst.String()), hint)
		} else if account != nil && account.Venue != "" && inst.Venue() != account.Venue {
			r.fault(at, fmt.Sprintf("want an instrument of %s, where the account %s is", account.Venue, account.Name), quote(inst.String()),
				"a strategy trades at one venue: add another account and strategy for the others")
		}
	}
	if engine == nil || engine.Type == "" {
		return
	}
	for i, rule := range s.Rules {
		at := joinIndex(joinKey(path, "rule"), i)
		r.checkClass(joinKey(at, "from"), engine, rule.From)
		r.checkClass(joinKey(at, "to"), engine, rule.To)
	}
}

func (r *reader) checkClass(path string, e *Engine, class message.ClassName) {
	names := e.classNames()
	if class == "" || slices.Contains(names, class) {
		return
	}
	words := make([]string, 0, len(names))
	for _, n := range names {
		if n != "" {
			words = append(words, string(n))
		}
	}
	r.fault(path, fmt.Sprintf("want a class of the engine %s: %s", e.Name, oneOf(words)), quote(string(class)), didYouMean(string(class), words))
}

// trades reports whether a venue follows the instrument, or says what is wrong.
func (c *Config) trades(inst market.Instrument) (hint string, ok bool) {
	venues := c.venueNames()
	for i := range c.Venues {
		v := &c.Venues[i]
		if v.Name != inst.Venue() {
			continue
		}
		if v.Follows(inst) {
			return "", true
		}
		for _, p := range v.Patterns {
			if p.Excludes() && p.Matches(inst) {
				return quote(string(p)) + " takes it out there", false
			}
		}
		return "add " + quote(inst.Name()) + " to the instruments of that venue", false
	}
	if hint := didYouMean(string(inst.Venue()), venues); hint != "" {
		return hint, false
	}
	return "no [[venue]] has that name" + among(venues), false
}

// among lists what there is, for a hint.
func among(words []string) string {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" })
	const most = 10
	switch {
	case len(words) == 0:
		return " (there is none)"
	case len(words) > most:
		return fmt.Sprintf(" (there are %d)", len(words))
	}
	return " (there is " + oneOf(words) + ")"
}
