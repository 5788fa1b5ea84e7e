package upbittest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// Order is one order of the ledger.
type Order struct {
	UUID, Identifier string
	Market           string // KRW-BTC
	Side             string // bid or ask
	Type             string // limit, price, market, best
	TimeInForce      string // ioc, fok, post_only or empty
	State            string // wait, watch, done, cancel
	Price, Volume    market.Decimal
	Executed, Paid   market.Decimal
	Prevented        market.Decimal
	Created          time.Time
	Trades           []Trade
}

// Trade is one execution.
type Trade struct {
	UUID          string
	Price, Volume market.Decimal
	Fee           market.Decimal
	Maker         bool
	At            time.Time
}

// Balance is what the account has of a currency.
type Balance struct{ Free, Locked market.Decimal }

// refusal is an error as Upbit states it.
type refusal struct {
	status        int
	name, message string
}

func (r *refusal) Error() string { return r.name + ": " + r.message }

// ledger is what the venue knows. Its caller holds the server's lock.
type ledger struct {
	orders   []*Order
	used     map[string]int // identifiers, and how often an order was made with each
	balances map[string]Balance
	fee      map[bool]market.Decimal // by: the account was the maker
	now      func() time.Time
	ids      uint64
}

func (l *ledger) uuid(kind string) string {
	l.ids++
	return fmt.Sprintf("%s-0000-4000-8000-%012d", kind, l.ids)
}

// find returns the order of a uuid or an identifier.
func (l *ledger) find(uuid, identifier string) *Order {
	for _, o := range l.orders {
		if uuid != "" && o.UUID == uuid || uuid == "" && identifier != "" && o.Identifier == identifier {
			return o
		}
	}
	return nil
}

func currencies(code string) (quote, base string) {
	quote, base, _ = strings.Cut(code, "-")
	return quote, base
}

// place makes an order, or says why not.
func (l *ledger) place(p map[string]string) (*Order, error) {
	bad := func(name, format string, args ...any) error {
		return &refusal{400, name, fmt.Sprintf(format, args...)}
	}
	o := &Order{Identifier: p["identifier"], Market: p["market"], Side: p["side"], Type: p["ord_type"], TimeInForce: p["time_in_force"], State: "wait", Created: l.now()}
	if o.Identifier != "" {
		if l.used[o.Identifier] > 0 {
			return nil, bad("duplicated_identifier", "the identifier was used before")
		}
		l.used[o.Identifier]++ // also if the order is refused below: it cannot be used again
	}
	if o.Side != "bid" && o.Side != "ask" {
		return nil, bad("validation_error", "side is missing, side does not have a valid value")
	}
	var err error
	if p["price"] != "" {
		if o.Price, err = market.ParseDecimal(p["price"]); err != nil || o.Price.Sign() <= 0 {
			return nil, bad("validation_error", "price")
		}
	}
	if p["volume"] != "" {
		if o.Volume, err = market.ParseDecimal(p["volume"]); err != nil || o.Volume.Sign() <= 0 || o.Volume.Places() > 8 {
			return nil, bad("validation_error", "volume")
		}
	}
	postOnly := o.TimeInForce == "post_only"
	switch {
	case o.Type == "limit" && (o.Price.IsZero() || o.Volume.IsZero()),
		o.Type == "market" && (o.Side != "ask" || o.Volume.IsZero() || !o.Price.IsZero()),
		o.Type == "price" && (o.Side != "bid" || o.Price.IsZero() || !o.Volume.IsZero()):
		return nil, bad("create_"+o.Side+"_error", "the parameters do not make an order")
	case o.Type != "limit" && o.Type != "market" && o.Type != "price":
		return nil, bad("validation_error", "ord_type does not have a valid value")
	case postOnly && p["smp_type"] != "" && p["smp_type"] != "none":
		return nil, bad("validation_error", "post_only goes with no smp_type")
	case o.TimeInForce != "" && o.Type != "limit":
		return nil, bad("validation_error", "time_in_force does not have a valid value")
	}
	if o.Type == "limit" {
		if total := must(o.Price.Mul(o.Volume)); total.Less(market.DecimalFromInt(5000)) && strings.HasPrefix(o.Market, "KRW-") {
			return nil, bad("under_min_total_"+o.Side, "the least order has 5000 KRW")
		}
	}
	currency, amount := l.lockOf(o)
	b := l.balances[currency]
	if b.Free.Less(amount) {
		return nil, bad("insufficient_funds_"+o.Side, "there is not that much %s", currency)
	}
	l.balances[currency] = Balance{must(b.Free.Sub(amount)), must(b.Locked.Add(amount))}
	o.UUID = l.uuid("0rder000")
	l.orders = append(l.orders, o)
	return o, nil
}

// lockOf returns what an open order holds.
func (l *ledger) lockOf(o *Order) (currency string, amount market.Decimal) {
	quote, base := currencies(o.Market)
	left := must(must(o.Volume.Sub(o.Executed)).Sub(o.Prevented))
	switch {
	case o.Side == "ask":
		return base, left
	case o.Type == "price":
		spent := market.Decimal{}
		for _, t := range o.Trades {
			spent = must(spent.Add(must(t.Price.Mul(t.Volume))))
		}
		left = must(o.Price.Sub(spent))
	default:
		left = must(o.Price.Mul(left))
	}
	return quote, must(left.Add(must(left.MulRound(l.fee[false]))))
}

// execute fills a part of an order.
func (l *ledger) execute(o *Order, price, volume market.Decimal, maker bool) Trade {
	quote, base := currencies(o.Market)
	currency, before := l.lockOf(o)
	funds := must(price.Mul(volume))
	t := Trade{UUID: l.uuid("77ade000"), Price: price, Volume: volume, Fee: must(funds.MulRound(l.fee[maker])), Maker: maker, At: l.now()}
	o.Trades = append(o.Trades, t)
	o.Executed, o.Paid = must(o.Executed.Add(volume)), must(o.Paid.Add(t.Fee))
	_, after := l.lockOf(o)
	// What was locked for this part is free, and then paid.
	b := l.balances[currency]
	if o.State == "wait" {
		released := must(before.Sub(after))
		b = Balance{must(b.Free.Add(released)), must(b.Locked.Sub(released))}
	}
	l.balances[currency] = b
	q, a := l.balances[quote], l.balances[base]
	if o.Side == "bid" {
		q.Free = must(must(q.Free.Sub(funds)).Sub(t.Fee))
		a.Free = must(a.Free.Add(volume))
	} else {
		q.Free = must(must(q.Free.Add(funds)).Sub(t.Fee))
		a.Free = must(a.Free.Sub(volume))
	}
	l.balances[quote], l.balances[base] = q, a
	if o.State == "wait" && !o.Volume.IsZero() && o.Executed == o.Volume {
		o.State = "done"
	}
	return t
}

// cancel ends an order that is open.
func (l *ledger) cancel(o *Order) {
	currency, amount := l.lockOf(o)
	b := l.balances[currency]
	l.balances[currency] = Balance{must(b.Free.Add(amount)), must(b.Locked.Sub(amount))}
	o.State = "cancel"
}

// open reports whether the order has not ended.
func (o *Order) open() bool { return o.State == "wait" || o.State == "watch" }

func (o *Order) clone() Order {
	c := *o
	c.Trades = slices.Clone(o.Trades)
	return c
}

// must returns v; the ledger's numbers are small, so that an error is a fault of the test.
func must(v market.Decimal, err error) market.Decimal {
	if err != nil {
		panic(err)
	}
	return v
}
