package upbittest

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/maru-trading/maru/actors/market"
)

// korea is the offset of the times in answers.
var korea = time.FixedZone("KST", 9*60*60)

// number is a number as the REST API states it: exact, as text.
func number(d market.Decimal) string { return d.String() }

// double is a number as the stream states it: through a float64, printed as Upbit prints: with an exponent
// where it is large or small.
type double float64

// MarshalJSON writes the number.
func (d double) MarshalJSON() ([]byte, error) {
	f := float64(d)
	if f != 0 && (math.Abs(f) >= 1e7 || math.Abs(f) < 1e-3) {
		return []byte(strconv.FormatFloat(f, 'E', -1, 64)), nil
	}
	return []byte(strconv.FormatFloat(f, 'f', -1, 64)), nil
}

func doubleOf(d market.Decimal) double { return double(d.Float64()) }

// restOrder is an order as the REST API states it.
type restOrder struct {
	Market          string      `json:"market"`
	UUID            string      `json:"uuid"`
	Side            string      `json:"side"`
	OrdType         string      `json:"ord_type"`
	Price           *string     `json:"price"`
	State           string      `json:"state"`
	CreatedAt       string      `json:"created_at"`
	Volume          *string     `json:"volume"`
	RemainingVolume *string     `json:"remaining_volume"`
	ExecutedVolume  string      `json:"executed_volume"`
	ReservedFee     string      `json:"reserved_fee"`
	RemainingFee    string      `json:"remaining_fee"`
	PaidFee         string      `json:"paid_fee"`
	Locked          string      `json:"locked"`
	PreventedVolume string      `json:"prevented_volume"`
	PreventedLocked string      `json:"prevented_locked"`
	TimeInForce     string      `json:"time_in_force,omitempty"`
	Identifier      string      `json:"identifier,omitempty"`
	SmpType         string      `json:"smp_type"`
	TradesCount     int         `json:"trades_count"`
	Trades          []restTrade `json:"trades,omitempty"`
}

type restTrade struct {
	Market    string `json:"market"`
	UUID      string `json:"uuid"`
	Price     string `json:"price"`
	Volume    string `json:"volume"`
	Funds     string `json:"funds"`
	Trend     string `json:"trend"`
	CreatedAt string `json:"created_at"`
	Side      string `json:"side"`
}

// restOf states an order, with its executions where an order is asked for alone.
func (l *ledger) restOf(o *Order, trades bool) restOrder {
	r := restOrder{
		Market: o.Market, UUID: o.UUID, Side: o.Side, OrdType: o.Type, State: o.State,
		CreatedAt: o.Created.In(korea).Format(time.RFC3339), ExecutedVolume: number(o.Executed),
		ReservedFee: "0", RemainingFee: "0", PaidFee: number(o.Paid), Locked: "0",
		PreventedVolume: number(o.Prevented), PreventedLocked: "0",
		TimeInForce: o.TimeInForce, Identifier: o.Identifier, SmpType: "cancel_taker", TradesCount: len(o.Trades),
	}
	if !o.Price.IsZero() {
		text := number(o.Price)
		r.Price = &text
	}
	if !o.Volume.IsZero() {
		text, left := number(o.Volume), number(must(must(o.Volume.Sub(o.Executed)).Sub(o.Prevented)))
		r.Volume, r.RemainingVolume = &text, &left
	}
	if o.open() {
		_, locked := l.lockOf(o)
		r.Locked = number(locked)
	}
	if !trades {
		return r
	}
	r.Trades = []restTrade{}
	for i := range o.Trades { // the latest first
		t := o.Trades[len(o.Trades)-1-i]
		r.Trades = append(r.Trades, restTrade{
			Market: o.Market, UUID: t.UUID, Price: number(t.Price), Volume: number(t.Volume), Funds: number(must(t.Price.Mul(t.Volume))),
			Trend: "up", CreatedAt: t.At.In(korea).Format("2006-01-02T15:04:05.000000Z07:00"), Side: o.Side,
		})
	}
	return r
}

// streamOrder is a change of an order as the stream states it.
type streamOrder struct {
	Type            string  `json:"type"`
	Code            string  `json:"code"`
	UUID            string  `json:"uuid"`
	AskBid          string  `json:"ask_bid"`
	OrderType       string  `json:"order_type"`
	State           string  `json:"state"`
	TradeUUID       *string `json:"trade_uuid"`
	Price           *double `json:"price"`
	AvgPrice        double  `json:"avg_price"`
	Volume          *double `json:"volume"`
	RemainingVolume double  `json:"remaining_volume"`
	ExecutedVolume  double  `json:"executed_volume"`
	TradesCount     int     `json:"trades_count"`
	PaidFee         double  `json:"paid_fee"`
	TimeInForce     *string `json:"time_in_force"`
	TradeFee        *double `json:"trade_fee"`
	IsMaker         *bool   `json:"is_maker"`
	Identifier      *string `json:"identifier"`
	SmpType         string  `json:"smp_type"`
	PreventedVolume double  `json:"prevented_volume"`
	TradeTimestamp  *int64  `json:"trade_timestamp"`
	OrderTimestamp  int64   `json:"order_timestamp"`
	Timestamp       int64   `json:"timestamp"`
	StreamType      string  `json:"stream_type"`
}

// streamOf states a change of an order; t is the execution, nil where it is none.
func streamOf(o *Order, state string, t *Trade, now time.Time) []byte {
	e := streamOrder{
		Type: "myOrder", Code: o.Market, UUID: o.UUID, AskBid: map[string]string{"bid": "BID", "ask": "ASK"}[o.Side], OrderType: o.Type,
		State: state, RemainingVolume: doubleOf(must(o.Volume.Sub(o.Executed))), ExecutedVolume: doubleOf(o.Executed),
		TradesCount: len(o.Trades), PaidFee: doubleOf(o.Paid), SmpType: "cancel_taker", PreventedVolume: doubleOf(o.Prevented),
		OrderTimestamp: o.Created.UnixMilli(), Timestamp: now.UnixMilli(), StreamType: "REALTIME",
	}
	if o.TimeInForce != "" {
		e.TimeInForce = &o.TimeInForce
	}
	if o.Identifier != "" {
		e.Identifier = &o.Identifier
	}
	price, volume := doubleOf(o.Price), doubleOf(o.Volume)
	if t != nil {
		price, volume = doubleOf(t.Price), doubleOf(t.Volume)
		rate := t.Fee.Float64() / (t.Price.Float64() * t.Volume.Float64())
		rate = math.Round(rate*1e7) / 1e7
		fee := double(t.Price.Float64() * t.Volume.Float64() * rate) // as floating point has it
		at := t.At.UnixMilli()
		e.TradeUUID, e.TradeFee, e.IsMaker, e.TradeTimestamp = &t.UUID, &fee, &t.Maker, &at
	}
	if price != 0 {
		e.Price = &price
	}
	if volume != 0 {
		e.Volume = &volume
	}
	return encode(e)
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
