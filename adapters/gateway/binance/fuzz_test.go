package binance

import (
	"testing"

	"github.com/maru-trading/maru/actors/message"
)

// fuzz feeds a decoder what it reads and what it does not; read returns the reports that come of it.
func fuzz(f *testing.F, read func(data []byte) ([]message.ExecutionReportFields, error), seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		given := string(data)
		reports, err := read(data)
		if err != nil && (!isDecodeError(err) || reports != nil) {
			t.Fatalf("%q: %v with %v", data, err, reports)
		}
		if string(data) != given {
			t.Fatal("the input was changed")
		}
		for _, r := range reports {
			made, err := message.NewExecutionReport(r)
			if err != nil {
				t.Fatalf("%q: %v", data, err)
			}
			if r.Action == message.ActionFill && (r.ExecID == "" || r.LastPrice.Sign() <= 0 || r.LastQuantity.Sign() <= 0) {
				t.Fatalf("%q: %v", data, made)
			}
			if r.OrderTerms != (message.OrderTerms{}) && r.Quantity.Sign() <= 0 {
				t.Fatalf("%q: terms without quantity: %v", data, r.OrderTerms)
			}
		}
	})
}

func FuzzOrder(f *testing.F) {
	fuzz(f, func(data []byte) ([]message.ExecutionReportFields, error) {
		o, err := decodeOrder(data)
		if err != nil {
			return nil, err
		}
		return o.reports(btc), nil
	}, placedFilled, placedNew, placedAck, placedExpire, canceled, queried)
}

func FuzzAmended(f *testing.F) {
	fuzz(f, func(data []byte) ([]message.ExecutionReportFields, error) {
		o, err := decodeAmended(data)
		if err != nil {
			return nil, err
		}
		return []message.ExecutionReportFields{o.state(btc)}, nil
	}, amended)
}

func FuzzFrame(f *testing.F) {
	fuzz(f, func(data []byte) ([]message.ExecutionReportFields, error) {
		frame, err := decodeFrame(data)
		if err != nil || frame.report == nil {
			return nil, err
		}
		return frame.report.reports(btc), nil
	}, eventNew, eventTrade, eventCanceled, eventPosition, eventBalance, eventLock, eventEnded, eventShutdown, eventList, replyOK, replyFault)
}

func FuzzLists(f *testing.F) {
	fuzz(f, func(data []byte) (all []message.ExecutionReportFields, err error) {
		for _, d := range []string{"account", "restrictions", "time", "fault"} {
			if err := decoders[d].read(data); err != nil && !isDecodeError(err) {
				return nil, err
			}
		}
		trades, err := decodeTrades(data)
		for _, t := range trades {
			all = append(all, t.report(order{symbol: t.symbol, id: t.orderID, client: "c"}, btc))
		}
		orders, ordersErr := decodeOrders(data)
		if err != nil && ordersErr != nil {
			return nil, err
		}
		for _, o := range orders {
			all = append(all, o.state(btc))
		}
		return all, nil
	}, myTrades, "["+queried+","+placedNew+"]", accountBody, restricted, `{"serverTime":1700000000123}`, `{"code":-1,"msg":""}`)
}
