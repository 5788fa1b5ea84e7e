package binance

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// Every decoder here reads a whole body or refuses it with a *venue.DecodeError; an answer to an order
// that cannot be read is no answer.

// decodeFault reads an error (errors.md). status is that of the HTTP answer.
func decodeFault(body []byte, status int) (fault, error) {
	f := object{names: []string{"code", "msg"}}
	if err := decode(body, func(d *scan.Decoder) error { return f.read(d, nil) }); err != nil {
		return fault{}, err
	}
	return faultOf(f, status)
}

func faultOf(f object, status int) (fault, error) {
	out := fault{status: status, msg: venue.Words(f.get("msg"))}
	var err error
	if out.code, err = f.get("code").Int("code"); err != nil {
		return fault{}, decodeError(err)
	}
	if f.get("msg").Kind != scan.String {
		return fault{}, decodeError(venue.Refuse(venue.Schema, "msg", "want a text, got %v", f.get("msg").Kind))
	}
	return out, nil
}

// decodeOrder reads the answer to New, Cancel or Query order.
func decodeOrder(body []byte) (o order, err error) {
	err = decode(body, func(d *scan.Decoder) error {
		o, err = readOrder(d)
		return err
	})
	if err != nil {
		return order{}, err
	}
	return o, nil
}

// decodeAmended reads the answer to an amendment.
func decodeAmended(body []byte) (o order, err error) {
	f, found := object{names: []string{"transactTime"}}, false
	err = decode(body, func(d *scan.Decoder) error {
		if err := f.read(d, func(key []byte) (bool, error) {
			if string(key) != "amendedOrder" {
				return false, nil
			}
			if found {
				return true, venue.Refuse(venue.Schema, "amendedOrder", "given twice")
			}
			found = true
			o, err = readOrder(d)
			return true, err
		}); err != nil {
			return err
		}
		if !found || o.status == "" {
			return venue.Refuse(venue.Schema, "amendedOrder", "missing, or without its status")
		}
		o.at, err = f.get("transactTime").Time("transactTime")
		return err
	})
	if err != nil {
		return order{}, err
	}
	return o, nil
}

// decodeOrders reads a list of orders.
func decodeOrders(body []byte) (all []order, err error) {
	err = decode(body, func(d *scan.Decoder) error {
		return each(d, ordersMost, func() error {
			o, err := readOrder(d)
			if err == nil && o.status == "" {
				err = venue.Refuse(venue.Schema, "status", "missing")
			}
			all = append(all, o)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

var tradeFields = []string{"symbol", "id", "orderId", "price", "qty", "commission", "commissionAsset", "time", "isMaker"}

// decodeTrades reads a list of the account's trades.
func decodeTrades(body []byte) (all []trade, err error) {
	err = decode(body, func(d *scan.Decoder) error {
		return each(d, tradesMost, func() error {
			t, err := readTrade(d)
			all = append(all, t)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func readTrade(d *scan.Decoder) (t trade, err error) {
	f := object{names: tradeFields}
	if err = f.read(d, nil); err != nil {
		return trade{}, err
	}
	if t.symbol, err = f.word("symbol", true); err != nil {
		return trade{}, err
	}
	if t.id, err = f.get("id").Int("id"); err != nil {
		return trade{}, err
	}
	if t.orderID, err = f.get("orderId").Int("orderId"); err != nil {
		return trade{}, err
	}
	if t.at, err = f.get("time").Time("time"); err != nil {
		return trade{}, err
	}
	if t.maker, err = f.truth("isMaker"); err != nil {
		return trade{}, err
	}
	return t, t.read(f)
}

// balance is what an account holds of a currency.
type balance struct {
	currency     string
	free, locked market.Amount
}

// holdings is what an account holds.
type holdings struct {
	at       market.Timestamp // when they last changed; zero: not said
	canTrade bool
	balances []balance
}

// decodeAccount reads the answer to Account information.
func decodeAccount(body []byte) (h holdings, err error) {
	f, found := object{names: []string{"updateTime", "canTrade"}}, false
	err = decode(body, func(d *scan.Decoder) error {
		if err := f.read(d, func(key []byte) (bool, error) {
			if string(key) != "balances" {
				return false, nil
			}
			if found {
				return true, venue.Refuse(venue.Schema, "balances", "given twice")
			}
			found = true
			h.balances, err = readBalances(d, "asset", "free", "locked")
			return true, err
		}); err != nil {
			return err
		}
		if !found {
			return venue.Refuse(venue.Schema, "balances", "missing")
		}
		if h.canTrade, err = f.truth("canTrade"); err != nil {
			return err
		}
		h.at, err = f.get("updateTime").TimeOrNone("updateTime")
		return err
	})
	if err != nil {
		return holdings{}, err
	}
	return h, nil
}

func readBalances(d *scan.Decoder, asset, free, locked string) (all []balance, err error) {
	f := object{names: []string{asset, free, locked}}
	err = each(d, balancesMost, func() error {
		if err := f.read(d, nil); err != nil {
			return err
		}
		var b balance
		if b.currency, err = f.word(asset, true); err != nil {
			return err
		}
		if b.free, err = f.balance(free); err != nil {
			return err
		}
		if b.locked, err = f.balance(locked); err != nil {
			return err
		}
		all = append(all, b)
		return nil
	})
	return all, err
}

// decodeTime reads the answer to Check server time.
func decodeTime(body []byte) (at market.Timestamp, err error) {
	f := object{names: []string{"serverTime"}}
	err = decode(body, func(d *scan.Decoder) error {
		if err := f.read(d, nil); err != nil {
			return err
		}
		if at, err = f.get("serverTime").Time("serverTime"); err == nil && at == 0 {
			err = venue.Refuse(venue.Schema, "serverTime", "zero")
		}
		return err
	})
	return at, err
}

// permissions is what a key may do.
type permissions struct {
	withdraw, trade bool
	// transfer: it may move funds to other accounts of the same owner; restricted: it works from
	// known addresses only. False where it is not said.
	transfer, restricted bool
}

// decodeRestrictions reads the answer to Get API Key Permission.
func decodeRestrictions(body []byte) (p permissions, err error) {
	f := object{names: []string{"enableWithdrawals", "enableSpotAndMarginTrading", "enableInternalTransfer", "permitsUniversalTransfer", "ipRestrict"}}
	err = decode(body, func(d *scan.Decoder) error {
		if err := f.read(d, nil); err != nil {
			return err
		}
		if p.withdraw, err = f.truth("enableWithdrawals"); err != nil {
			return err
		}
		p.trade, err = f.truth("enableSpotAndMarginTrading")
		return err
	})
	if err != nil {
		return permissions{}, err
	}
	p.transfer = f.get("enableInternalTransfer").IsTrue() || f.get("permitsUniversalTransfer").IsTrue()
	p.restricted = f.get("ipRestrict").IsTrue()
	return p, nil
}
