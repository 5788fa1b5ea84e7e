package risk

import (
	"fmt"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// losses keeps the account's profit against its marks. The marks are journaled: the profit at the
// beginning of a day, which depends on prices that no event has, and the best there was.
type losses struct {
	day     market.Timestamp // midnight UTC; zero: no mark yet
	start   market.Decimal   // profit when the day began
	best    market.Decimal
	marked  market.Decimal // the best as journaled
	hasBest bool
	profit  market.Decimal // now
}

const (
	dayMark  = "day " // and the day: "day 2026-11-20"
	bestMark = "best" // profit stood never higher
	lossDay  = 24 * time.Hour
	// bestSteps says in how many steps up to the limit a new best is journaled: a restart forgets
	// less than one of them.
	bestSteps = 100
)

// recall takes in a journaled mark.
func (l *losses) recall(f message.OrderEventFields) {
	switch {
	case strings.HasPrefix(f.Reason, dayMark):
		l.day, l.start = f.Time.Truncate(lossDay), f.Amount.Decimal
	case f.Reason == bestMark:
		l.marked = f.Amount.Decimal
		if !l.hasBest || l.best.Less(l.marked) {
			l.best, l.hasBest = l.marked, true
		}
	}
}

// lossTick works out the profit, halts where too much is lost, and returns new marks.
func (r *Risk) lossTick() (halt string, marks []Mark) {
	l := &r.losses
	if r.now.IsZero() || r.cfg.Limits.DailyLossMax.IsZero() && r.cfg.Limits.DrawdownMax.IsZero() {
		return "", nil
	}
	profit, code, _ := r.profit()
	if code != "" {
		return "", nil // lost says so to whoever wants more risk
	}
	l.profit = profit
	mark := func(amount market.Decimal, reason string) {
		marks = append(marks, Mark{Currency: r.cfg.Reporting, Amount: market.Amount{Decimal: amount}, Reason: reason})
	}
	if day := r.now.Truncate(lossDay); day > l.day {
		l.day, l.start = day, profit
		mark(profit, dayMark+day.Time().Format(time.DateOnly))
	}
	if !l.hasBest || l.best.Less(profit) {
		first := !l.hasBest
		l.best, l.hasBest = profit, true
		if first || r.step(profit) {
			l.marked = profit
			mark(profit, bestMark)
		}
	}
	_, halt = r.beyond()
	return halt, marks
}

// step reports whether a best is far enough above the journaled one to be journaled too.
func (r *Risk) step(best market.Decimal) bool {
	if r.cfg.Limits.DrawdownMax.IsZero() {
		return false
	}
	gain, err := best.Sub(r.losses.marked)
	if err == nil {
		gain, err = gain.Mul(market.DecimalFromInt(bestSteps))
	}
	return err != nil || !gain.Less(r.cfg.Limits.DrawdownMax.Decimal)
}

// beyond returns which limit on losses is passed, and words for it.
func (r *Risk) beyond() (Code, string) {
	l := &r.losses
	for _, c := range []struct {
		code  Code
		limit market.Amount
		from  market.Decimal
		since string
	}{
		{DailyLoss, r.cfg.Limits.DailyLossMax, l.start, "today"},
		{Drawdown, r.cfg.Limits.DrawdownMax, l.best, "since it stood best"},
	} {
		if c.limit.IsZero() {
			continue
		}
		lost, err := c.from.Sub(l.profit)
		if err != nil || !lost.Less(c.limit.Decimal) {
			return c.code, fmt.Sprintf("%s: the account lost %v %s %s, the limit is %v", c.code, lost, r.cfg.Reporting, c.since, c.limit)
		}
	}
	return "", ""
}

// lost denies more risk while too much is lost, or while that cannot be known.
func (r *Risk) lost() (Code, string) {
	if r.cfg.Limits.DailyLossMax.IsZero() && r.cfg.Limits.DrawdownMax.IsZero() {
		return "", ""
	}
	profit, code, why := r.profit()
	if code != "" {
		return code, why
	}
	if r.losses.day.IsZero() {
		return Valuation, "the day's first mark has not been made yet"
	}
	r.losses.profit = profit
	return r.beyond()
}

// profit returns what the account made, fees and open positions at their marks included, in the
// reporting currency.
func (r *Risk) profit() (sum market.Decimal, code Code, why string) {
	for _, p := range r.books.Positions() {
		f := p.Fields()
		if !f.Quantity.IsZero() && f.Mark.IsZero() {
			return sum, Valuation, fmt.Sprintf("no price of %v is known, of which %v are held", f.Instrument, f.Quantity)
		}
		made, err := f.Realized.Add(f.Unrealized.Decimal)
		if err == nil {
			made, err = made.Sub(f.Fees.Decimal)
		}
		if err != nil {
			return sum, Range, err.Error()
		}
		value, ok := r.rates.Convert(made, f.Instrument.Quote(), r.cfg.Reporting)
		if !ok && !made.IsZero() {
			return sum, Valuation, fmt.Sprintf("no rate from %s to %s is known", f.Instrument.Quote(), r.cfg.Reporting)
		}
		if sum, err = sum.Add(value); err != nil {
			return sum, Range, err.Error()
		}
	}
	for currency, paid := range r.books.OtherFees() {
		value, ok := r.rates.Convert(paid.Decimal, currency, r.cfg.Reporting)
		if !ok {
			return sum, Valuation, fmt.Sprintf("no rate from %s to %s is known, in which fees were paid", currency, r.cfg.Reporting)
		}
		var err error
		if sum, err = sum.Sub(value); err != nil {
			return sum, Range, err.Error()
		}
	}
	return sum, "", ""
}
