// Package risk says which orders an account may not make, and when it must stop.
//
// Risk is a pure machine beside the order gateway's core: it hears every event of the account in
// the journal's order, replayed ones included, so that no limit is waived by a restart; it hears
// prices; and it is asked about each order before that is created. An order of unknown outcome
// counts as if it had filled.
//
// Every limit is off at zero. What a limit is compared with is worst case: what is held, and all
// open orders of one side filled. A limit denies what would make a figure worse that is, or would
// be, beyond it; what brings the figure down always passes.
//
// The package imports market, message and portfolio.
package risk

import (
	"errors"
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order/portfolio"
)

// Limits are what a user sets for one account. Money is in the reporting currency.
type Limits struct {
	OrderNotionalMax market.Amount  // worth of one order
	PositionMax      market.Amount  // worth of one instrument, on either side
	GrossMax         market.Amount  // sum over instruments of their worth on the worse side
	NetMax           market.Amount  // worth of all bought less all sold short, on the worse side
	DailyLossMax     market.Amount  // loss since midnight UTC, fees and open positions included
	DrawdownMax      market.Amount  // loss since the account stood best
	Collar           market.Decimal // how far a price may be from the touch, as a fraction: 0.05
	StaleAfter       time.Duration  // how old the newest price may be

	Orders       Rate           // new orders
	Cancels      Rate           // cancels and amendments; beyond, new orders are denied, cancels never
	Rejects      Rate           // refusals by the venue; beyond, the account halts
	RepeatWindow time.Duration  // how long the same order may not be made again by the same strategy
	SelfTrade    bool           // orders that would meet our own are denied
	ClockSkewMax time.Duration  // how far the clocks may differ; beyond, the account halts
	FeeReserve   market.Decimal // what a purchase must leave for fees, as a fraction of its worth
}

// Rate bounds how many happen within a window.
type Rate struct {
	Max    int // 0: no bound; at most 100,000
	Window time.Duration
}

// Config says whose orders are judged.
type Config struct {
	Account   message.AccountName
	Listings  []market.Listing
	Limits    Limits
	Reporting string // the currency of Limits; empty: the quote currency of the first listing
	// Rates are fixed rates between currencies, for those that no instrument of the account
	// connects: {"USDT", "KRW", 1400}.
	Rates []portfolio.Rate
}

// ErrConfig is wrapped by every fault that Validate finds.
var ErrConfig = errors.New("invalid risk limits")

// Validate returns every fault of c at once, each saying which field, what was found and what is
// wanted.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("risk: "+format+": %w", append(args, ErrConfig)...))
	}
	l := c.Limits
	for _, a := range []struct {
		name  string
		value market.Decimal
	}{
		{"order_notional_max", l.OrderNotionalMax.Decimal}, {"position_max", l.PositionMax.Decimal}, {"gross_max", l.GrossMax.Decimal},
		{"net_max", l.NetMax.Decimal}, {"daily_loss_max", l.DailyLossMax.Decimal}, {"drawdown_max", l.DrawdownMax.Decimal},
		{"collar", l.Collar}, {"fee_reserve", l.FeeReserve},
	} {
		if a.value.Sign() < 0 {
			fault("%s %v: want zero (off) or more", a.name, a.value)
		}
	}
	for _, a := range []struct {
		name  string
		value market.Decimal
	}{{"collar", l.Collar}, {"fee_reserve", l.FeeReserve}} {
		if !a.value.Less(market.DecimalFromInt(1)) {
			fault("%s %v: want a fraction below 1", a.name, a.value)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"stale_after", l.StaleAfter}, {"repeat_window", l.RepeatWindow}, {"clock_skew_max", l.ClockSkewMax}} {
		if d.value < 0 || d.value > 24*time.Hour {
			fault("%s %v: want 0 (off) to 24h", d.name, d.value)
		}
	}
	for _, r := range []struct {
		name string
		rate Rate
	}{{"order_rate", l.Orders}, {"cancel_rate", l.Cancels}, {"reject_rate", l.Rejects}} {
		if r.rate.Max < 0 || r.rate.Max > rateMax || r.rate.Max > 0 && (r.rate.Window <= 0 || r.rate.Window > 24*time.Hour) {
			fault("%s %d in %v: want 0 (off) to %d in up to 24h", r.name, r.rate.Max, r.rate.Window, rateMax)
		}
	}
	for _, r := range c.Rates {
		if err := r.Validate(); err != nil {
			fault("%v", err)
		}
	}
	return errors.Join(faults...)
}

const rateMax = 100_000

// Order is what is asked about.
type Order struct {
	Time       market.Timestamp
	Strategy   message.StrategyName
	Instrument market.Instrument
	message.OrderTerms
	// Replaces is an open order that this one is to take the place of: what is open of it does
	// not count. Empty: none.
	Replaces message.ClientOrderID
	// Protects: the order is one that the runtime held for another (a stop, a bracket's end) and
	// now lets go. Repetition and rates do not stop it.
	Protects bool
}

// Risk judges the orders of one account. It is not for concurrent use.
type Risk struct {
	cfg   Config
	lines map[market.Instrument]*line
	order []market.Instrument // of lines, as they are listed: reasons must not depend on chance
	books *portfolio.Portfolio
	rates *portfolio.Rates
	now   market.Timestamp

	totals map[string]market.Decimal // what the venue said beyond our own flows, by currency
	known  bool                      // the venue has said what the account has
	// reserved is what open orders may take, by currency: kept as they change, so that a check does not
	// walk through all of them.
	reserved map[string]reserved

	orders, cancels, rejects window
	recent                   []repeat // orders within RepeatWindow, oldest first

	losses losses
	skew   time.Duration
}

// New returns the judge of an account without history. The portfolio is the gateway's own; it is
// brought up to date by it before Apply hears of an execution. It fails as Config.Validate does.
func New(cfg Config, books *portfolio.Portfolio) (*Risk, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Reporting == "" && len(cfg.Listings) > 0 {
		cfg.Reporting = cfg.Listings[0].Instrument.Quote()
	}
	r := &Risk{cfg: cfg, books: books, rates: portfolio.NewRates(cfg.Rates), lines: make(map[market.Instrument]*line, len(cfg.Listings)),
		totals: make(map[string]market.Decimal), reserved: make(map[string]reserved),
		orders:  window{rate: cfg.Limits.Orders},
		cancels: window{rate: cfg.Limits.Cancels},
		rejects: window{rate: cfg.Limits.Rejects},
	}
	for _, l := range cfg.Listings {
		r.lines[l.Instrument] = &line{listing: l, open: make(map[message.ClientOrderID]*resting)}
		r.order = append(r.order, l.Instrument)
		r.rates.Connect(l.Instrument)
	}
	r.cfg.Listings = nil
	return r, nil
}

// Reporting returns the currency that limits are in.
func (r *Risk) Reporting() string { return r.cfg.Reporting }

// View takes in prices and trust of an instrument; those that are not listed are ignored.
func (r *Risk) View(v message.View) {
	l, ok := r.lines[v.Instrument]
	if !ok {
		return
	}
	at := v.Time()
	r.now = max(r.now, at)
	l.quote, l.trusted, l.seen = v.Quote, v.Trusted, at
	if v.Trusted {
		r.rates.Mark(v.Instrument, v.Last)
	}
}

// Apply takes in an event of the account.
func (r *Risk) Apply(e message.OrderEvent) {
	f := e.Fields()
	if ourTime(f.Action) {
		r.now = max(r.now, f.Time)
	}
	switch f.Action {
	case message.ActionBalance:
		r.known = true
		r.totals[f.Currency], _ = r.totals[f.Currency].Add(f.Amount.Decimal) // out of range: the venue's own figure is
		return
	case message.ActionReconcile:
		r.known = true
		return
	case message.ActionEquity:
		r.losses.recall(f)
		return
	}
	if f.OfAccount() {
		return
	}
	switch f.Action {
	case message.ActionCreate:
		r.orders.add(r.now) // not f.Time, which is the decision's: that may be long ago
		r.remember(f)
	case message.ActionRelease:
		r.orders.add(r.now) // it goes out whatever the rate, and others have that much less
	case message.ActionRequestCancel, message.ActionRequestAmend:
		r.cancels.add(r.now)
	case message.ActionReject:
		r.rejects.add(r.now)
	}
	if l, ok := r.lines[f.Instrument]; ok {
		r.apply(l, f)
	}
}

// ourTime reports whether an event's time is by our clock. The others have the venue's, which may be
// ahead: were it taken for ours, every window would end too early.
func ourTime(a message.OrderAction) bool {
	switch a {
	case message.ActionCreate, message.ActionDeny, message.ActionHold, message.ActionRelease, message.ActionSend,
		message.ActionRequestCancel, message.ActionRequestAmend, message.ActionResolve:
		return true
	}
	return a.OfAccount()
}

// Clock takes in how far the venue's clock is ahead of ours and returns why the account must halt;
// empty: it need not.
func (r *Risk) Clock(ahead time.Duration) string {
	r.skew = ahead
	if most := r.cfg.Limits.ClockSkewMax; most > 0 && ahead.Abs() > most {
		return fmt.Sprintf("%s: the venue's clock differs by %v from ours, more than %v: set this machine's clock (NTP)", ClockSkew, ahead, most)
	}
	return ""
}

// Mark is a figure to be journaled as an equity event, so that a restart does not lose it.
type Mark struct {
	Currency string
	Amount   market.Amount
	Reason   string
}

// Tick moves time forward. It returns why the account must halt, empty if it need not, and what is
// to be journaled.
func (r *Risk) Tick(now market.Timestamp) (halt string, marks []Mark) {
	r.now = max(r.now, now)
	if halt = r.rejects.full(r.now); halt != "" {
		return fmt.Sprintf("%s: the venue refused %s", Rejects, halt), nil
	}
	return r.lossTick()
}
