package upbit

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
)

// The frames are written after the manual: the fields and their order are its, the values are ours.
const (
	orderAnswer = `{"market":"KRW-USDT","uuid":"3b67e543-8ad3-48d0-8451-0dad315cae73","side":"ask","ord_type":"limit","price":"1375","state":"cancel",` +
		`"created_at":"2026-08-09T16:44:00+09:00","volume":"10","remaining_volume":"4.622406","executed_volume":"5.377594","reserved_fee":"0",` +
		`"remaining_fee":"0","paid_fee":"3.697095875","locked":"0","time_in_force":"ioc","identifier":"main-1-1","smp_type":"cancel_taker",` +
		`"prevented_volume":"0","prevented_locked":"0","trades_count":1,"trades":[{"market":"KRW-USDT","uuid":"795dff29-bba6-49b2-baab-63473ab7931c",` +
		`"price":"1375","volume":"5.377594","funds":"7394.19175","trend":"down","created_at":"2026-08-09T16:44:00.597751+09:00","side":"ask"}]}`
	amountAnswer = `{"market":"KRW-BTC","uuid":"u-2","side":"bid","ord_type":"price","price":"100000","state":"wait","created_at":"2026-08-09T16:44:00+09:00",` +
		`"volume":null,"remaining_volume":null,"executed_volume":"0","paid_fee":"0","trades_count":0,"time_in_force":null}`
	tradeEvent = `{"type":"myOrder","code":"KRW-DOGE","uuid":"ac2dc2a3-fce9-40a2-a4f6-5987c25c438f","ask_bid":"BID","order_type":"limit","state":"trade",` +
		`"trade_uuid":"68315169-fba4-4175-ade3-aff14a616657","price":0.001453,"avg_price":0.00145372,"volume":30925891.29839369,"remaining_volume":29968038.09235948,` +
		`"executed_volume":30925891.29839369,"trades_count":1,"reserved_fee":44.23943970238218,"remaining_fee":21.77177967409916,"paid_fee":22.467660028283017,` +
		`"locked":43565.33112787242,"executed_funds":44935.32005656603,"time_in_force":null,"trade_fee":22.467660028283017,"is_maker":true,"identifier":"main-1-1",` +
		`"smp_type":"cancel_maker","prevented_volume":1.174291929,"prevented_locked":0.001706246173,"trade_timestamp":1795219200421,"order_timestamp":1795219200000,` +
		`"timestamp":1795219207500,"stream_type":"REALTIME"}`
	tradeSimple = `{"ty":"myOrder","cd":"KRW-DOGE","uid":"ac2dc2a3-fce9-40a2-a4f6-5987c25c438f","ab":"BID","ot":"limit","s":"trade",` +
		`"tuid":"68315169-fba4-4175-ade3-aff14a616657","p":1.453E-3,"ap":0.00145372,"v":3.092589129839369E7,"rv":29968038.09235948,"ev":30925891.29839369,"tc":1,` +
		`"rsf":44.2,"rmf":21.7,"pf":22.467660028283017,"l":43565.3,"ef":44935.3,"tif":null,"tf":22.467660028283017,"im":true,"id":"main-1-1","smpt":"cancel_maker",` +
		`"pv":1.174291929,"pl":0.001706246173,"ttms":1795219200421,"otms":1795219200000,"tms":1795219207500,"st":"REALTIME"}`
	assetEventFrame = `{"type":"myAsset","asset_uuid":"e635f223-1609-4969-8fb6-4376937baad6","assets":[{"currency":"KRW","balance":1386929.3722,"locked":10329.67},` +
		`{"currency":"BTC","balance":0.5,"locked":0}],"asset_timestamp":1795219200421,"timestamp":1795219200520,"stream_type":"REALTIME"}`
	assetSimple  = `{"ty":"myAsset","astuid":"e635f223","ast":[{"cu":"KRW","b":1386929.3722,"l":10329.67},{"cu":"BTC","b":0.5,"l":0}],"asttms":1795219200421,"tms":1795219200520,"st":"REALTIME"}`
	chanceAnswer = `{"bid_fee":"0.0005","ask_fee":"0.0005","maker_bid_fee":"0.0002","maker_ask_fee":"0.0003","market":{"id":"KRW-BTC","name":"BTC/KRW",` +
		`"order_types":["limit"],"bid_types":["best_fok","limit"],"order_sides":["ask","bid"],"bid":{"currency":"KRW","min_total":"5000"},"ask":{"currency":"BTC","min_total":"4000"},` +
		`"max_total":"1000000000","state":"active"},"bid_account":{"currency":"KRW","balance":"0"},"ask_account":{"currency":"BTC","balance":"0"}}`
	accountsAnswer = `[{"currency":"KRW","balance":"1000000.0","locked":"0.123456789012345678901","avg_buy_price":"0","avg_buy_price_modified":false,"unit_currency":"KRW"},` +
		`{"currency":"BTC","balance":"2.0","locked":"0.0","avg_buy_price":"140000000","avg_buy_price_modified":false,"unit_currency":"KRW"}]`
	keysAnswer    = `[{"access_key":"a7Xd","expire_at":"2027-06-24T13:56:53+09:00"},{"access_key":"b8","expire_at":"2027-01-01T00:00:00+09:00"}]`
	failureAnswer = `{"error":{"name":"insufficient_funds_bid","message":"주문가능한 금액(KRW)이 부족합니다."}}`
)

func clockAt(text string) func() market.Timestamp {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return func() market.Timestamp { return market.TimestampOf(at) }
}

func TestDecodeOrder(t *testing.T) {
	o, err := decodeOrder([]byte(orderAnswer))
	if err != nil {
		t.Fatal(err)
	}
	usdt := market.MustInstrument(Name, "USDT-KRW")
	if o.id != "3b67e543-8ad3-48d0-8451-0dad315cae73" || o.client != "main-1-1" || o.instrument != usdt || o.side != market.Sell || o.form != formLimit ||
		o.condition != conditionIOC || o.state != stateCancel || o.price != market.MustPrice("1375") || o.volume != market.MustQuantity("10") ||
		o.executed != market.MustQuantity("5.377594") || o.paid.Decimal != market.MustDecimal("3.697095875") || o.count != 1 ||
		o.created != clockAt("2026-08-09T07:44:00Z")() {
		t.Errorf("%+v", o)
	}
	want := trade{id: "795dff29-bba6-49b2-baab-63473ab7931c", price: market.MustPrice("1375"), volume: market.MustQuantity("5.377594"), at: clockAt("2026-08-09T07:44:00.597751Z")()}
	if len(o.trades) != 1 || o.trades[0] != want {
		t.Errorf("%+v, want %+v", o.trades, want)
	}
	if o, err = decodeOrder([]byte(amountAnswer)); err != nil || o.form != formAmount || !o.volume.IsZero() || o.hasTrades {
		t.Errorf("%+v %v", o, err)
	}
	if _, ok := o.terms(); ok {
		t.Error("an amount of money has terms")
	}
	list, err := decodeOrders([]byte("[" + orderAnswer + "," + amountAnswer + "]"))
	if err != nil || len(list) != 2 || list[1].id != "u-2" {
		t.Errorf("%+v %v", list, err)
	}
}

// TestRefusedOrders holds the reason and the field of what is no good.
func TestRefusedOrders(t *testing.T) {
	in := func(old, with string) string {
		t.Helper()
		if !strings.Contains(orderAnswer, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(orderAnswer, old, with, 1)
	}
	for name, tc := range map[string]struct {
		body   string
		reason venue.Reason
		field  string
	}{
		"nothing":                {"", venue.Syntax, ""},
		"cut off":                {orderAnswer[:200], venue.Syntax, ""},
		"something behind":       {orderAnswer + "x", venue.Syntax, ""},
		"no UTF-8":               {in("main-1-1", "\xff"), venue.Encoding, ""},
		"a list":                 {"[]", venue.Schema, ""},
		"no uuid":                {in(`"uuid":"3b67e543-8ad3-48d0-8451-0dad315cae73",`, ""), venue.Schema, "uuid"},
		"uuid twice":             {in(`"side":"ask"`, `"side":"ask","uuid":"other"`), venue.Schema, "uuid"},
		"uuid with a space":      {in("3b67e543-", "3b67e543 "), venue.Schema, "uuid"},
		"uuid as a number":       {in(`"3b67e543-8ad3-48d0-8451-0dad315cae73"`, "7"), venue.Schema, "uuid"},
		"uuid too long":          {in("3b67e543", strings.Repeat("a", 300)), venue.Schema, "uuid"},
		"no market":              {in(`"market":"KRW-USDT",`, ""), venue.Instrument, "market"},
		"market of three":        {in("KRW-USDT", "KRW-USDT-PERP"), venue.Instrument, "market"},
		"side in capitals":       {in(`"side":"ask"`, `"side":"ASK"`), venue.Schema, "side"},
		"unknown kind":           {in(`"limit"`, `"iceberg"`), venue.Schema, "ord_type"},
		"unknown condition":      {in(`"ioc"`, `"day"`), venue.Schema, "time_in_force"},
		"unknown state":          {in(`"cancel"`, `"lost"`), venue.Schema, "state"},
		"state of an event":      {in(`"cancel"`, `"trade"`), venue.Schema, "state"},
		"no time":                {in(`"created_at":"2026-08-09T16:44:00+09:00",`, ""), venue.Schema, "created_at"},
		"time without an offset": {in("16:44:00+09:00", "16:44:00"), venue.Schema, "created_at"},
		"price below zero":       {in(`"price":"1375","state"`, `"price":"-1","state"`), venue.Number, "price"},
		"a limit order without":  {in(`"price":"1375","state"`, `"price":null,"state"`), venue.Schema, "price"},
		"executed beyond":        {in(`"volume":"10"`, `"volume":"5"`), venue.Schema, "executed_volume"},
		"no executed":            {in(`"executed_volume":"5.377594",`, ""), venue.Schema, "executed_volume"},
		"no fee":                 {in(`"paid_fee":"3.697095875",`, ""), venue.Schema, "paid_fee"},
		"fee below zero":         {in(`"paid_fee":"3`, `"paid_fee":"-3`), venue.Number, "paid_fee"},
		"count as a fraction":    {in(`"trades_count":1`, `"trades_count":1.5`), venue.Number, "trades_count"},
		"trades as an object":    {in(`"trades":[`, `"x":[`)[:len(in(`"trades":[`, `"x":[`))-1] + `,"trades":{}}`, venue.Schema, "trades"},
		"trades twice":           {orderAnswer[:len(orderAnswer)-1] + `,"trades":[]}`, venue.Schema, "trades"},
		"a trade without an id":  {in(`"uuid":"795dff29-bba6-49b2-baab-63473ab7931c",`, ""), venue.Schema, "trades.uuid"},
		"a trade of nothing":     {in(`"volume":"5.377594","funds"`, `"volume":"0","funds"`), venue.Schema, "trades"},
		"a trade without a time": {in(`"created_at":"2026-08-09T16:44:00.597751+09:00",`, ""), venue.Schema, "trades.created_at"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decodeOrder([]byte(tc.body))
			var e *venue.DecodeError
			if !errors.As(err, &e) || e.Reason != tc.reason || e.Field != tc.field || e.Venue != Name {
				t.Errorf("%v, want %s of %q", err, tc.reason, tc.field)
			}
		})
	}
}

func TestDecodeEvents(t *testing.T) {
	doge := market.MustInstrument(Name, "DOGE-KRW")
	want := orderEvent{
		id: "ac2dc2a3-fce9-40a2-a4f6-5987c25c438f", client: "main-1-1", instrument: doge, side: market.Buy, form: formLimit, state: stateTrade,
		exec: "68315169-fba4-4175-ade3-aff14a616657", price: market.MustPrice("0.001453"), volume: market.MustQuantity("30925891.29839369"),
		executed: market.MustQuantity("30925891.29839369"), count: 1, fee: market.Amount{Decimal: market.MustDecimal("22.467660028283017")}, maker: true,
		prevented: market.MustQuantity("1.174291929"), at: market.Milliseconds(1795219200421),
	}
	for name, frame := range map[string]string{"default": tradeEvent, "simple": tradeSimple, "list": "[" + tradeEvent + "]"} {
		events, err := decodeEvents([]byte(frame))
		if err != nil || len(events) != 1 || events[0].order == nil || *events[0].order != want {
			t.Errorf("%s: %+v %v", name, events, err)
		}
	}
	for name, frame := range map[string]string{"default": assetEventFrame, "simple": assetSimple} {
		events, err := decodeEvents([]byte(frame))
		if err != nil || len(events) != 1 || events[0].assets == nil {
			t.Fatalf("%s: %+v %v", name, events, err)
		}
		a := events[0].assets
		if a.at != market.Milliseconds(1795219200421) || len(a.balances) != 2 || a.balances[0].currency != "KRW" || a.balances[0].locked.Decimal != market.MustDecimal("10329.67") {
			t.Errorf("%s: %+v", name, a)
		}
	}
	events, err := decodeEvents([]byte(`[{"status":"UP"},{"type":"announcement","title":"점검"},{"error":{"name":"NO_TICKET","message":"m"}}]`))
	if err != nil || len(events) != 2 || events[0].status != "UP" || events[1].fault == nil || events[1].fault.String() != "NO_TICKET: m" {
		t.Errorf("%+v %v", events, err)
	}
}

// TestRefusedEvents: a frame with anything wrong in it is refused whole.
func TestRefusedEvents(t *testing.T) {
	in := func(old, with string) string { return strings.Replace(tradeEvent, old, with, 1) }
	for name, tc := range map[string]struct{ frame, field string }{
		"no type":                  {in(`"type":"myOrder",`, ""), "type"},
		"no uuid":                  {in(`"uuid":"ac2dc2a3-fce9-40a2-a4f6-5987c25c438f",`, ""), "uuid"},
		"no code":                  {in(`"code":"KRW-DOGE",`, ""), "market"},
		"side in lower case":       {in("BID", "bid"), "ask_bid"},
		"unknown state":            {in(`"trade",`, `"reborn",`), "state"},
		"no execution id":          {in(`"68315169-fba4-4175-ade3-aff14a616657"`, "null"), "trade_uuid"},
		"no fee":                   {in(`"trade_fee":22.467660028283017`, `"trade_fee":null`), "trade_fee"},
		"no time":                  {in(`"trade_timestamp":1795219200421`, `"trade_timestamp":null`), "trade_timestamp"},
		"no price":                 {in(`"price":0.001453`, `"price":null`), "price"},
		"no count":                 {in(`"trades_count":1,`, ""), "trades_count"},
		"both names of a field":    {in(`"state":"trade"`, `"state":"trade","s":"done"`), "s"},
		"one good, one bad":        {"[" + tradeEvent + "," + in("BID", "bid") + "]", "ask_bid"},
		"assets that are none":     {strings.Replace(assetEventFrame, `"assets":[`, `"x":[`, 1), "assets"},
		"a currency in lower case": {strings.Replace(assetEventFrame, `"KRW"`, `"krw"`, 1), "currency"},
		"an error in a word":       {`{"error":"NO_TICKET"}`, ""},
	} {
		events, err := decodeEvents([]byte(tc.frame))
		var e *venue.DecodeError
		if !errors.As(err, &e) || e.Field != tc.field || events != nil {
			t.Errorf("%s: %v %v, want %q", name, events, err, tc.field)
		}
	}
}

func TestDecodeAnswers(t *testing.T) {
	buy, sell, err := decodeChance([]byte(chanceAnswer))
	if err != nil || sell.MakerFee != market.MustDecimal("0.0003") || buy.TakerFee != market.MustDecimal("0.0005") || buy.MakerFee != market.MustDecimal("0.0002") ||
		sell.MinTotal.Decimal != market.MustDecimal("4000") || buy.MaxTotal.Decimal != market.MustDecimal("1000000000") {
		t.Errorf("%+v %+v %v", buy, sell, err)
	}
	b, err := decodeAccounts([]byte(accountsAnswer))
	if err != nil || len(b) != 2 || b[0].locked.Decimal != market.MustDecimal("0.123456789012345678") || b[1].currency != "BTC" {
		t.Errorf("%+v %v", b, err)
	}
	k, err := decodeKeys([]byte(keysAnswer))
	if err != nil || len(k) != 2 || k[0].access != "a7Xd" || k[0].expires != clockAt("2027-06-24T04:56:53Z")() {
		t.Errorf("%+v %v", k, err)
	}
	f, err := decodeFailure([]byte(failureAnswer))
	if err != nil || f.name != "insufficient_funds_bid" {
		t.Errorf("%+v %v", f, err)
	}
	if f, err = decodeFailure([]byte(`{"error":{"name":404,"message":"Code not found"}}`)); err != nil || f.String() != "404: Code not found" {
		t.Errorf("%+v %v", f, err)
	}
	for name, refused := range map[string]error{
		"a rate of 1":          third(decodeChance([]byte(strings.Replace(chanceAnswer, `"0.0005"`, `"1"`, 1)))),
		"no maker's rate":      third(decodeChance([]byte(strings.Replace(chanceAnswer, `"maker_ask_fee":"0.0003",`, "", 1)))),
		"no least order":       third(decodeChance([]byte(strings.Replace(chanceAnswer, `"min_total":"4000"`, `"x":1`, 1)))),
		"balance below zero":   second(decodeAccounts([]byte(strings.Replace(accountsAnswer, `"2.0"`, `"-2.0"`, 1)))),
		"balance in words":     second(decodeAccounts([]byte(strings.Replace(accountsAnswer, `"2.0"`, `"much"`, 1)))),
		"no key":               second(decodeKeys([]byte(strings.Replace(keysAnswer, `"access_key":"a7Xd",`, "", 1)))),
		"a key without an end": second(decodeKeys([]byte(strings.Replace(keysAnswer, `"expire_at"`, `"x"`, 1)))),
		"no error":             second(decodeFailure([]byte(`{}`))),
		"an error of no name":  second(decodeFailure([]byte(`{"error":{"message":"x"}}`))),
		"too many":             second(decodeAccounts([]byte("[" + strings.Repeat(`{"currency":"A","balance":1,"locked":0},`, listMax) + `{"currency":"A","balance":1,"locked":0}]`))),
	} {
		var e *venue.DecodeError
		if !errors.As(refused, &e) || e.Venue != Name {
			t.Errorf("%s: %v", name, refused)
		}
	}
}

func second[T any](_ T, err error) error   { return err }
func third[T any](_, _ T, err error) error { return err }

func FuzzDecodeOrder(f *testing.F) {
	f.Add([]byte(orderAnswer))
	f.Add([]byte(amountAnswer))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := decodeOrder(body)
		checkRefusal(t, err)
		if err != nil {
			return
		}
		// What was read can be asked for, told and followed.
		if o.id == "" || o.instrument.IsZero() || o.state == 0 || o.form == 0 || o.executed.Sign() < 0 || o.paid.Sign() < 0 {
			t.Errorf("%+v", o)
		}
		tr := newTracker()
		for i := range 3 {
			told, _, err := tr.answer(o, nil, telling(i%3))
			if err != nil {
				return
			}
			for _, r := range told.reports {
				if _, err := message.NewExecutionReport(r); err != nil {
					t.Errorf("%+v: %v", r, err)
				}
			}
		}
	})
}

func FuzzDecodeOrders(f *testing.F) {
	f.Add([]byte("[" + orderAnswer + "," + amountAnswer + "]"))
	f.Fuzz(func(t *testing.T, body []byte) { checkRefusal(t, second(decodeOrders(body))) })
}

func FuzzDecodeEvents(f *testing.F) {
	for _, frame := range []string{tradeEvent, tradeSimple, assetEventFrame, assetSimple, `{"status":"UP"}`, failureAnswer, "[" + tradeEvent + "]"} {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		events, err := decodeEvents(frame)
		checkRefusal(t, err)
		tr := newTracker()
		for _, e := range events {
			if e.order == nil {
				continue
			}
			for range 2 {
				for _, r := range tr.event(e.order).reports {
					if _, err := message.NewExecutionReport(r); err != nil {
						t.Errorf("%+v: %v", r, err)
					}
				}
			}
		}
	})
}

func FuzzDecodeAnswers(f *testing.F) {
	for _, body := range []string{chanceAnswer, accountsAnswer, keysAnswer, failureAnswer} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		checkRefusal(t, third(decodeChance(body)))
		checkRefusal(t, second(decodeAccounts(body)))
		checkRefusal(t, second(decodeKeys(body)))
		checkRefusal(t, second(decodeFailure(body)))
	})
}

// checkRefusal holds every error of a decoder to be one that says what and where, and is short.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	var e *venue.DecodeError
	if err != nil && (!errors.As(err, &e) || e.Venue != Name || e.Reason == "" || len(err.Error()) > 600) {
		t.Errorf("%v", err)
	}
}
