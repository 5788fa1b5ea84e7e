package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/order/portfolio"
	"github.com/maru-trading/maru/actors/order/risk"
)

// Risk is what an account is held to.
type Risk struct {
	risk.Limits
	Reporting string // the currency that limits are in; empty: the quote currency of the account's first instrument
	Rates     []portfolio.Rate
}

// The modes of an account.
const (
	ModePaper = "paper"
	ModeLive  = "live"
)

var riskSection = &section[Risk]{
	name: "account.risk",
	doc:  "What the account is held to, whatever a strategy asks for. Amounts are in the reporting currency. Open orders count as filled, those of unknown outcome too; what only reduces risk passes.",
	keys: []key[Risk]{
		field("reporting", word[string](currencyRule), func(r *Risk) *string { return &r.Reporting },
			"The currency of the amounts below, and of profit and loss.").otherwise("the quote currency of the account's first instrument", `"KRW"`),
		field("rates", list(rateKind(), 1, currenciesMax), func(r *Risk) *[]portfolio.Rate { return &r.Rates },
			"Fixed rates between currencies, for those that no instrument of the account connects.").otherwise("none", `["USDT/KRW 1400"]`),
		field("order_notional_max", amount("0"), func(r *Risk) *market.Amount { return &r.OrderNotionalMax },
			"Largest worth of one order.").otherwise("no limit", `"1000000"`),
		field("position_max", amount("0"), func(r *Risk) *market.Amount { return &r.PositionMax },
			"Largest worth of one instrument, long or short.").otherwise("no limit", `"5000000"`),
		field("gross_max", amount("0"), func(r *Risk) *market.Amount { return &r.GrossMax },
			"Largest worth of all instruments, long and short added up.").otherwise("no limit", `"10000000"`),
		field("net_max", amount("0"), func(r *Risk) *market.Amount { return &r.NetMax },
			"Largest worth of what is long less what is short.").otherwise("no limit", `"10000000"`),
		field("daily_loss_max", amount("0"), func(r *Risk) *market.Amount { return &r.DailyLossMax },
			"The account halts when it lost this much since midnight UTC, open positions and fees included.").otherwise("no limit", `"300000"`),
		field("drawdown_max", amount("0"), func(r *Risk) *market.Amount { return &r.DrawdownMax },
			"The account halts when it lost this much since it stood best.").otherwise("no limit", `"1000000"`),
		field("collar", fraction("0", "0.5"), func(r *Risk) *market.Decimal { return &r.Collar },
			"How much worse than the market's an order's price may be, as a fraction; \"0\" is no limit. A market order is held to it by the best price it would meet."),
		field("stale_after", duration(0, 24*time.Hour), func(r *Risk) *time.Duration { return &r.StaleAfter },
			"Orders on prices older than this are denied; \"0s\" is no limit."),
		field("order_rate", rateLimit(), func(r *Risk) *risk.Rate { return &r.Orders },
			"How many new orders in how long; \"0/1s\" is no limit."),
		field("cancel_rate", rateLimit(), func(r *Risk) *risk.Rate { return &r.Cancels },
			"How many cancels and amendments in how long before new orders are denied. Cancels always pass."),
		field("reject_rate", rateLimit(), func(r *Risk) *risk.Rate { return &r.Rejects },
			"The account halts when the venue refuses this many orders in this time."),
		field("repeat_window", duration(0, time.Hour), func(r *Risk) *time.Duration { return &r.RepeatWindow },
			"How long a strategy may not make the very same order again; \"0s\" is no limit."),
		field("self_trade", choiceBool("deny", "allow"), func(r *Risk) *bool { return &r.SelfTrade },
			"What becomes of an order that would meet one of the account's own."),
		field("clock_skew_max", duration(0, time.Minute), func(r *Risk) *time.Duration { return &r.ClockSkewMax },
			"The account halts when this machine's clock and the venue's differ by more; \"0s\" is no limit."),
		field("fee_reserve", fraction("0", "0.1"), func(r *Risk) *market.Decimal { return &r.FeeReserve },
			"What a purchase must leave for fees, as a fraction of its worth."),
	},
	defaults: func() Risk {
		return Risk{Limits: risk.Limits{Collar: market.MustDecimal("0.1"), StaleAfter: 5 * time.Minute,
			Orders: risk.Rate{Max: 100, Window: time.Second}, Cancels: risk.Rate{Max: 200, Window: time.Second},
			Rejects: risk.Rate{Max: 20, Window: time.Minute}, RepeatWindow: 100 * time.Millisecond, SelfTrade: true, ClockSkewMax: time.Second}}
	},
}

// currencyRule is the name of a currency.
var currencyRule = rule{
	want: "a currency of 1 to 20 letters A-Z and digits",
	hint: func(text string) (string, bool) {
		if isCurrency(text) {
			return "", true
		}
		if upper := strings.ToUpper(text); isCurrency(upper) {
			return "did you mean " + upper + "?", false
		}
		return "", false
	},
}

// choiceBool is a choice of two words; the first is true.
func choiceBool(yes, no string) kind[bool] {
	k := choice(yes, no)
	return kind[bool]{
		want: k.want,
		read: func(r *reader, path string, raw any) (bool, bool) {
			text, ok := k.read(r, path, raw)
			return text == yes, ok
		},
		format: func(b bool) string {
			if b {
				return quote(yes)
			}
			return quote(no)
		},
	}
}

// rateLimit is how many in how long: "20/1s".
func rateLimit() kind[risk.Rate] {
	const most = 100_000
	want := fmt.Sprintf("how many in how long, such as \"20/1s\": up to %d, in 1ms to 24h", most)
	return kind[risk.Rate]{
		want: want,
		read: func(r *reader, path string, raw any) (rate risk.Rate, ok bool) {
			text, isText := raw.(string)
			count, span, cut := strings.Cut(text, "/")
			n, err := strconv.Atoi(count)
			window, spanErr := parseDuration(span)
			if !isText || !cut || err != nil || n < 0 || n > most || spanErr != nil || window < time.Millisecond || window > 24*time.Hour {
				r.fault(path, "want "+want, describe(raw), "")
				return rate, false
			}
			return risk.Rate{Max: n, Window: window}, true
		},
		format: func(rate risk.Rate) string {
			return quote(fmt.Sprintf("%d/%s", rate.Max, formatDuration(max(rate.Window, time.Millisecond))))
		},
	}
}

// rateKind is a fixed rate between two currencies: "USDT/KRW 1400".
func rateKind() kind[portfolio.Rate] {
	const want = `a rate such as "USDT/KRW 1400": one USDT is worth 1400 KRW`
	return kind[portfolio.Rate]{
		want: want,
		read: func(r *reader, path string, raw any) (rate portfolio.Rate, ok bool) {
			text, _ := raw.(string)
			pair, value, _ := strings.Cut(text, " ")
			rate.From, rate.To, _ = strings.Cut(pair, "/")
			var err error
			rate.Value, err = market.ParseDecimal(value)
			if err != nil || !isCurrency(rate.From) || !isCurrency(rate.To) || rate.Validate() != nil {
				r.fault(path, "want "+want, describe(raw), "")
				return rate, false
			}
			return rate, true
		},
		format: func(rate portfolio.Rate) string { return quote(rate.From + "/" + rate.To + " " + rate.Value.String()) },
	}
}
