package upbit

import (
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// balance is what an account holds of a currency.
type balance struct {
	currency     string
	free, locked market.Amount
}

// decodeAccounts reads the answer to GET /v1/accounts. It fails with a *venue.DecodeError.
func decodeAccounts(body []byte) (all []balance, err error) {
	err = decode(body, func(d *scan.Decoder) error {
		return readList(d, "accounts", func() error {
			b, err := readBalance(d, "currency", "balance", "locked")
			all = append(all, b)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// readBalance reads one currency under the given names, or their short forms: cu, b and l.
func readBalance(d *scan.Decoder, currencyName, freeName, lockedName string) (b balance, err error) {
	var currency, free, locked venue.Token
	err = readObject(d, func(key []byte) *venue.Token {
		switch string(key) {
		case currencyName, "cu":
			return &currency
		case freeName, "b":
			return &free
		case lockedName, "l":
			return &locked
		}
		return nil
	}, nil)
	if err != nil {
		return balance{}, err
	}
	if b.currency, err = currencyOf(currency); err != nil {
		return balance{}, err
	}
	if b.free, err = amountOf(free, freeName); err != nil {
		return balance{}, err
	}
	b.locked, err = amountOf(locked, lockedName)
	return b, err
}

// currencyOf reads the code of a currency: 1 to 32 letters A-Z, digits and marks that an instrument's
// name may have.
func currencyOf(t venue.Token) (string, error) {
	const most = 32
	if !isText(t) || len(t.Text) == 0 || len(t.Text) > most {
		return "", venue.Refuse(venue.Schema, "currency", "want a code of 1 to %d letters", most)
	}
	for _, c := range t.Text {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' {
			return "", venue.Refuse(venue.Schema, "currency", "%.40q is no code of a currency", t.Text)
		}
	}
	return string(t.Text), nil
}

// Charges are what Upbit says of ordering one instrument on one side, with this account.
type Charges struct {
	TakerFee, MakerFee market.Decimal // rates: 0.0005 is 0.05 %
	MinTotal           market.Amount  // least price times quantity of an order, in the quote currency
	MaxTotal           market.Amount  // most; zero: not stated
}

// rates returns the two fee rates, the taker's first.
func (c Charges) rates() []market.Decimal { return []market.Decimal{c.TakerFee, c.MakerFee} }

// decodeChance reads the answer to GET /v1/orders/chance: what it takes to buy, and to sell. It fails with a
// *venue.DecodeError.
func decodeChance(body []byte) (buy, sell Charges, err error) {
	var bid, ask, makerBid, makerAsk, bidMin, askMin, maxTotal venue.Token
	err = decode(body, func(d *scan.Decoder) error {
		total := func(into *venue.Token) error {
			return readObject(d, func(key []byte) *venue.Token {
				if string(key) == "min_total" {
					return into
				}
				return nil
			}, nil)
		}
		pair := func() error {
			return readObject(d, func(key []byte) *venue.Token {
				if string(key) == "max_total" {
					return &maxTotal
				}
				return nil
			}, func(key []byte) (bool, error) {
				switch string(key) {
				case "bid":
					return true, total(&bidMin)
				case "ask":
					return true, total(&askMin)
				}
				return false, nil
			})
		}
		return readObject(d, func(key []byte) *venue.Token {
			switch string(key) {
			case "bid_fee":
				return &bid
			case "ask_fee":
				return &ask
			case "maker_bid_fee":
				return &makerBid
			case "maker_ask_fee":
				return &makerAsk
			}
			return nil
		}, func(key []byte) (bool, error) {
			if string(key) == "market" {
				return true, pair()
			}
			return false, nil
		})
	})
	for _, side := range []struct {
		into                    *Charges
		taker, maker, min       venue.Token
		takerN, makerN, minName string
	}{
		{&buy, bid, makerBid, bidMin, "bid_fee", "maker_bid_fee", "market.bid.min_total"},
		{&sell, ask, makerAsk, askMin, "ask_fee", "maker_ask_fee", "market.ask.min_total"},
	} {
		if err == nil {
			side.into.TakerFee, err = rateOf(side.taker, side.takerN)
		}
		if err == nil {
			side.into.MakerFee, err = rateOf(side.maker, side.makerN)
		}
		if err == nil {
			side.into.MinTotal, err = amountOf(side.min, side.minName)
		}
		if err == nil && maxTotal.Present() {
			side.into.MaxTotal, err = amountOf(maxTotal, "market.max_total")
		}
	}
	if err != nil {
		return Charges{}, Charges{}, venue.Refused(Name, err)
	}
	return buy, sell, nil
}

// rateOf reads a fee rate, 0 or more and below 1.
func rateOf(t venue.Token, field string) (market.Decimal, error) {
	q, err := t.Quantity(field)
	if err == nil && !q.Less(market.DecimalFromInt(1)) {
		err = venue.Refuse(venue.Number, field, "%v is no fee rate", q)
	}
	return q.Decimal, err
}

// apiKey is one of the account's keys. Upbit tells when a key ends, and nothing of what it may do.
type apiKey struct {
	access  string
	expires market.Timestamp
}

// decodeKeys reads the answer to GET /v1/api_keys. It fails with a *venue.DecodeError, which does not
// repeat a key.
func decodeKeys(body []byte) (keys []apiKey, err error) {
	err = decode(body, func(d *scan.Decoder) error {
		return readList(d, "api_keys", func() error {
			var access, expires venue.Token
			err := readObject(d, func(key []byte) *venue.Token {
				switch string(key) {
				case "access_key":
					return &access
				case "expire_at":
					return &expires
				}
				return nil
			}, nil)
			if err != nil {
				return err
			}
			if !isText(access) || !access.Present() {
				return venue.Refuse(venue.Schema, "access_key", "missing")
			}
			at, err := timeOf(expires, "expire_at")
			keys = append(keys, apiKey{string(access.Text), at})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// failure is an error as Upbit states it.
type failure struct{ name, words string }

// String is what goes into a report: name and words.
func (f failure) String() string {
	if f.words == "" {
		return f.name
	}
	return f.name + ": " + f.words
}

// decodeFailure reads {"error":{"name":…,"message":…}}, the form of every error of the REST API and of
// the stream. It fails with a *venue.DecodeError.
func decodeFailure(body []byte) (f failure, err error) {
	err = decode(body, func(d *scan.Decoder) error {
		found := false
		err := readObject(d, func([]byte) *venue.Token { return nil }, func(key []byte) (bool, error) {
			if string(key) != "error" {
				return false, nil
			}
			found = true
			var err error
			f, err = readFailure(d)
			return true, err
		})
		if err == nil && !found {
			err = venue.Refuse(venue.Schema, "error", "missing")
		}
		return err
	})
	if err != nil {
		return failure{}, err
	}
	return f, nil
}

// readFailure reads the inner object. The name is a word, and in some errors of Upbit's a number.
func readFailure(d *scan.Decoder) (failure, error) {
	var name, words venue.Token
	err := readObject(d, func(key []byte) *venue.Token {
		switch string(key) {
		case "name":
			return &name
		case "message":
			return &words
		}
		return nil
	}, nil)
	if err == nil && (!name.Present() || name.Kind != scan.String && name.Kind != scan.Number) {
		err = venue.Refuse(venue.Schema, "error.name", "missing")
	}
	if err != nil {
		return failure{}, err
	}
	return failure{venue.Word(name), venue.Words(words)}, nil
}
