package okx

import (
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

var candlePrefix = []byte("candle")

// candleUnits are the candles whose length is fixed and that begin at a multiple of it since
// 1970. Left out are those of 6 hours and more that begin at midnight of Hong Kong, and weeks and
// months (Candlesticks channel).
var candleUnits = map[string]time.Duration{
	"1s": time.Second, "1m": time.Minute, "3m": 3 * time.Minute, "5m": 5 * time.Minute, "15m": 15 * time.Minute,
	"30m": 30 * time.Minute, "1H": time.Hour, "2H": 2 * time.Hour, "4H": 4 * time.Hour,
	"6Hutc": 6 * time.Hour, "12Hutc": 12 * time.Hour, "1Dutc": 24 * time.Hour,
}

// The places of a candle's values; those from candleTurnover on came in 2022.
const (
	candleStart = iota
	candleOpen
	candleHigh
	candleLow
	candleClose
	candleVolume   // base, for derivatives contracts
	candleVolCcy   // the other: quote, for derivatives base
	candleTurnover // quote
	candleConfirm  // 1: no more trades will be counted
	candleValues
)

var candleNames = [candleValues]string{"data.ts", "data.o", "data.h", "data.l", "data.c", "data.vol", "data.volCcy", "data.volCcyQuote", "data.confirm"}

// bar reads and makes the message of a candle, an array.
func (p *Protocol) bar(d *scan.Decoder, received market.Timestamp) (message.Event, error) {
	unit := p.head.argChannel.Text[len(candlePrefix):]
	interval, ok := candleUnits[string(unit)]
	if !ok {
		return nil, venue.Refuse(venue.Unsupported, "arg.channel", "candles of %.20q, which begin at no multiple of their length in UTC", unit)
	}
	var values [candleValues]venue.Token
	n, err := readValues(d, values[:])
	if err != nil {
		return nil, err
	}
	if n <= candleVolCcy {
		return nil, venue.Refuse(venue.Schema, "data", "a candle of %d values", n)
	}
	p.f = fields{ts: values[candleStart]}
	o, _, err := p.origin(received)
	if err != nil {
		return nil, err
	}
	f := message.BarFields{Origin: o, Interval: interval, Start: o.VenueTime, Closed: string(values[candleConfirm].Text) == "1"}
	f.VenueTime = 0 // a candle says when it began, not when it was sent
	for n, to := range []*market.Price{&f.Open, &f.High, &f.Low, &f.Close} {
		at := candleOpen + n
		if *to, err = values[at].Price(candleNames[at]); err != nil {
			return nil, err
		}
	}
	if f.Volume.Decimal, err = values[candleVolume].Statistic(candleNames[candleVolume]); err != nil {
		return nil, err
	}
	turnover := candleTurnover
	if n <= candleTurnover && o.Instrument.IsSpot() {
		turnover = candleVolCcy
	}
	if values[turnover].Present() {
		if f.Turnover.Decimal, err = values[turnover].Statistic(candleNames[turnover]); err != nil {
			return nil, err
		}
	}
	return venue.Made(message.NewBar(f))
}

// readValues reads an array into values, as many as there is room for, and returns how many the
// array has.
func readValues(d *scan.Decoder, values []venue.Token) (n int, err error) {
	if kind := d.Next(); kind != scan.Array && kind != scan.Invalid {
		return 0, venue.Refuse(venue.Schema, "data", "want an array, got %v", kind)
	}
	array, err := d.ArrIter()
	if err != nil {
		return 0, err
	}
	for ; array.Next(); n++ {
		if n >= len(values) {
			err = d.Skip()
		} else {
			values[n], err = venue.ReadToken(d)
		}
		if err != nil {
			return n, err
		}
	}
	return n, array.Err()
}
