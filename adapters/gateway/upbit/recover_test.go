package upbit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/gateway/upbit/upbittest"
)

// TestRecoverAfterRestart: a gateway that knows nothing tells of every order that it is asked about: its
// executions, then how it stands.
func TestRecoverAfterRestart(t *testing.T) {
	w := newWorld(t, nil)
	resting, restingID := w.place(nil)
	parted, partedID := w.place(nil)
	filled, filledID := w.place(nil)
	canceled, canceledID := w.place(nil)
	for _, id := range []message.ClientOrderID{restingID, partedID, filledID, canceledID} {
		w.heard.awaits(t, id, message.ActionAccept)
	}
	w.gateway.Close()
	w.execute(partedID, "139000000", "0.001")
	w.execute(partedID, "139500000", "0.002")
	w.execute(filledID, "140000000", "0.01")
	w.execute(canceledID, "140000000", "0.005")
	if err := w.server.Finish(w.uuid(canceledID)); err != nil {
		t.Fatal(err)
	}
	never := w.order(nil)

	w.start()
	before := w.cfg.Now()
	if err := w.recovers(resting, parted, filled, canceled, never); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[message.ClientOrderID][]string{
		restingID: {"accept"}, partedID: {"fill", "fill", "accept"}, filledID: {"fill"}, canceledID: {"fill", "cancel"},
		never.Fields().ClientOrderID: {"absent"},
	} {
		if got := actions(w.heard.of(id)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	for _, id := range []message.ClientOrderID{restingID, partedID, canceledID, never.Fields().ClientOrderID} {
		if got := w.heard.of(id); got[len(got)-1].Time < before {
			t.Errorf("%s: how it stands is told as of %v, before it was asked", id, got[len(got)-1].Time)
		}
	}
	if got := w.heard.of(partedID); got[2].CumQuantity != market.MustQuantity("0.003") || got[0].LastPrice != market.MustPrice("139000000") {
		t.Errorf("%s", lines(got))
	}
	w.agrees()
	// From here on the stream tells, and nothing twice.
	w.execute(partedID, "139500000", "0.007")
	w.heard.until(t, "the last execution", func() bool { return len(w.heard.unlockedOf(partedID)) == 4 })
	w.agrees()
	// Asked again, all is told again: who counted it knows it by its ids.
	if err := w.recovers(parted); err != nil {
		t.Fatal(err)
	}
	if got := actions(w.heard.of(partedID)[4:]); !slices.Equal(got, []string{"fill", "fill", "fill"}) {
		t.Errorf("%q", got)
	}
}

// TestRecoverNotInTime: without a stream there is no answer but an error; the account is asked about again
// when it is back.
func TestRecoverNotInTime(t *testing.T) {
	w := newWorld(t, func(_ *upbittest.Config, c *Config) { c.RecoverWithin = 200 * time.Millisecond })
	w.server.RefuseStream(true)
	w.server.Cut()
	w.heard.until(t, "disconnected", func() bool { return len(w.heard.disconnected) == 1 })
	if err := w.recovers(); err == nil || !strings.Contains(err.Error(), "stream is not up") {
		t.Fatal(err)
	}
	w.server.RefuseStream(false)
	w.heard.until(t, "told that it is back", func() bool { return len(w.heard.disconnected) == 2 })
	if err := w.recovers(); err != nil {
		t.Fatal(err)
	}
}

// TestRecoverWaitsForStream: a Recover that is asked for while the stream is down is answered when it is up.
func TestRecoverWaitsForStream(t *testing.T) {
	w := newWorld(t, nil)
	w.server.RefuseStream(true)
	w.server.Cut()
	w.heard.until(t, "disconnected", func() bool { return len(w.heard.disconnected) == 1 })
	e, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionAccept)
	w.gateway.Recover([]message.OrderEvent{e})
	poll(t, "it waits", func() bool {
		w.gateway.link.mu.Lock()
		defer w.gateway.link.mu.Unlock()
		return w.gateway.link.waiting == 1
	})
	w.server.RefuseStream(false)
	w.heard.until(t, "recovered", func() bool { return len(w.heard.recovered) == 2 })
	if err := w.heard.recovered[1]; err != nil {
		t.Error(err)
	}
	if n := w.heard.lost(); n != 1 {
		t.Errorf("disconnected %d times", n)
	}
}

// TestRecoverCutMeanwhile: what was found while the stream was cut is no answer.
func TestRecoverCutMeanwhile(t *testing.T) {
	w := newWorld(t, nil)
	w.server.Inject(upbittest.Fault{Kind: upbittest.SlowAck, On: "GET /v1/accounts"})
	before := w.server.Requests("GET /v1/accounts")
	w.gateway.Recover(nil)
	poll(t, "it asks for balances", func() bool { return w.server.Requests("GET /v1/accounts") > before })
	w.server.Cut()
	w.heard.until(t, "disconnected", func() bool { return len(w.heard.disconnected) > 0 })
	w.server.Release()
	w.heard.until(t, "recovered", func() bool { return len(w.heard.recovered) == 2 })
	if err := w.heard.recovered[1]; err == nil || !strings.Contains(err.Error(), "cut meanwhile") {
		t.Error(err)
	}
}

// TestManyOpenOrders reads pages of orders that nobody here placed.
func TestManyOpenOrders(t *testing.T) {
	w := newWorld(t, nil)
	const n = 2*openLimit + 50
	for range n {
		if _, err := w.server.PlaceByHand(map[string]string{"market": "KRW-BTC", "side": "bid", "ord_type": "limit", "price": "1000000", "volume": "0.01"}); err != nil {
			t.Fatal(err)
		}
	}
	accepted := func() int {
		seen := map[message.VenueOrderID]bool{}
		for _, f := range w.heard.reports {
			if f.Action == message.ActionAccept && f.Instrument == btc && f.Price == market.MustPrice("1000000") {
				seen[f.VenueOrderID] = true
			}
		}
		return len(seen)
	}
	w.heard.until(t, "the stream told of all", func() bool { return accepted() == n })
	w.gateway.Close()
	w.start()
	if err := w.recovers(); err != nil {
		t.Fatal(err)
	}
	if got := accepted(); got != n {
		t.Errorf("%d of %d", got, n)
	}
}

// TestAdoption: an order placed by hand is told with its terms first, then its executions, then how it stands;
// after a restart likewise, since whoever counted them knows them by their ids.
func TestAdoption(t *testing.T) {
	w := newWorld(t, nil)
	w.gateway.Close()
	o, err := w.server.PlaceByHand(map[string]string{"market": "KRW-BTC", "side": "ask", "ord_type": "limit", "price": "150000000", "volume": "1"})
	if err != nil {
		t.Fatal(err)
	}
	execute := func(volume string) {
		t.Helper()
		if err := w.server.Execute(o.UUID, "150000000", volume, true); err != nil {
			t.Fatal(err)
		}
	}
	byHand := func() (out []message.ExecutionReportFields) {
		for _, f := range w.heard.reports {
			if f.VenueOrderID == message.VenueOrderID(o.UUID) {
				out = append(out, f)
			}
		}
		return out
	}
	execute("0.1")
	execute("0.2")
	w.start()
	if err := w.recovers(); err != nil {
		t.Fatal(err)
	}
	got := byHand()
	want := message.OrderTerms{Side: market.Sell, Type: market.Limit, TimeInForce: market.GTC, Price: market.MustPrice("150000000"), Quantity: market.MustQuantity("1")}
	if !slices.Equal(actions(got), []string{"accept", "fill", "fill", "accept"}) || got[0].OrderTerms != want || !got[0].CumQuantity.IsZero() ||
		got[3].OrderTerms != want || got[3].CumQuantity != market.MustQuantity("0.3") || got[0].Instrument != btc || got[0].ClientOrderID != "" {
		t.Fatalf("%s", lines(got))
	}
	execute("0.05")
	w.heard.until(t, "an execution", func() bool { return len(byHand()) == 5 })
	w.idle()
	if got := byHand(); len(got) != 5 || got[4].Action != message.ActionFill || got[4].LastQuantity != market.MustQuantity("0.05") {
		t.Fatalf("%s", lines(got))
	}

	w.gateway.Close()
	execute("0.07")
	adopted := w.event(message.OrderEventFields{
		Account: account, Strategy: message.StrategyManual, IntentSeq: 1, Time: w.cfg.Now(),
		VenueOrderID: message.VenueOrderID(o.UUID), Instrument: btc, OrderTerms: want, CumQuantity: market.MustQuantity("0.35"),
		Action: message.ActionFill, Status: message.OrderPartiallyFilled, ExecID: "x", LastPrice: want.Price, LastQuantity: market.MustQuantity("0.05"),
	})
	w.start()
	if err := w.recovers(adopted); err != nil {
		t.Fatal(err)
	}
	if got := byHand(); !slices.Equal(actions(got), []string{"fill", "fill", "fill", "fill", "accept"}) || got[4].CumQuantity != market.MustQuantity("0.42") {
		t.Fatalf("%s", lines(got))
	}
	// Who does not know it any more is told of it from the beginning.
	if err := w.recovers(); err != nil {
		t.Fatal(err)
	}
	if got := byHand()[5:]; !slices.Equal(actions(got), []string{"accept", "fill", "fill", "fill", "fill", "accept"}) {
		t.Fatalf("%s", lines(got))
	}
	execute("0.58")
	w.heard.until(t, "the rest", func() bool { return len(byHand()) == 12 })
}

// TestBoughtForAnAmount: an order by hand that has no quantity is no order for us; that it was is said.
func TestBoughtForAnAmount(t *testing.T) {
	w := newWorld(t, nil)
	o, err := w.server.PlaceByHand(map[string]string{"market": "KRW-BTC", "side": "bid", "ord_type": "price", "price": "100000"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.server.Execute(o.UUID, "140000000", "0.0007", false); err != nil {
		t.Fatal(err)
	}
	if err := w.server.Finish(o.UUID); err != nil {
		t.Fatal(err)
	}
	w.heard.until(t, "said", func() bool { return len(w.heard.disconnected) == 1 })
	if why := w.heard.disconnected[0]; !strings.Contains(why, "amount of money") {
		t.Error(why)
	}
	if len(w.heard.reports) > 0 {
		t.Errorf("%s", lines(w.heard.reports))
	}
}

// TestBalancesOfNothing: Upbit leaves out what the account has nothing of; it is told as zero.
func TestBalancesOfNothing(t *testing.T) {
	w := newWorld(t, nil)
	_, id := w.place(func(f *message.OrderEventFields) {
		f.Side, f.Type, f.Price, f.Quantity = market.Sell, market.Limit, market.MustPrice("140000000"), market.MustQuantity("10")
	})
	w.heard.awaits(t, id, message.ActionAccept)
	w.execute(id, "140000000", "10")
	w.heard.awaits(t, id, message.ActionFill)
	eth := w.order(func(f *message.OrderEventFields) { f.Instrument = market.MustInstrument(Name, "ETH-KRW") })
	if err := w.recovers(eth); err != nil {
		t.Fatal(err)
	}
	w.heard.mu.Lock()
	defer w.heard.mu.Unlock()
	for _, currency := range []string{"BTC", "ETH"} {
		if b, ok := w.heard.balances[currency]; !ok || !b.Free.IsZero() || !b.Locked.IsZero() || b.Time == 0 {
			t.Errorf("%s: %v %+v", currency, ok, b)
		}
	}
}

// TestBalancesOfOneMoment: an execution that happens while balances are asked for is in them when they are told.
func TestBalancesOfOneMoment(t *testing.T) {
	w := newWorld(t, nil)
	e, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionAccept)
	w.server.Inject(upbittest.Fault{Kind: upbittest.SlowAck, On: "GET /v1/accounts"})
	before := w.server.Requests("GET /v1/accounts")
	w.gateway.Recover([]message.OrderEvent{e})
	poll(t, "it asks for balances", func() bool { return w.server.Requests("GET /v1/accounts") > before })
	w.execute(id, "140000000", "0.004")
	w.heard.awaits(t, id, message.ActionFill)
	w.server.Release()
	w.heard.until(t, "recovered", func() bool { return len(w.heard.recovered) == 2 })
	w.heard.mu.Lock()
	defer w.heard.mu.Unlock()
	for _, currency := range []string{"KRW", "BTC"} {
		if b, want := w.heard.balances[currency], w.server.Balance(currency); b.Free.Decimal != want.Free || b.Locked.Decimal != want.Locked {
			t.Errorf("balance of %s %+v, the ledger has %v", currency, b, want)
		}
	}
}

// TestBalancesUnasked: balances are told after they changed, exactly, though the stream's numbers are doubles.
func TestBalancesUnasked(t *testing.T) {
	w, _ := bare(t, upbittest.Config{Access: testAccess, Secret: testSecret, Balances: map[string]string{"KRW": "1000000000.123456789"}}, func(c *Config) { c.RecoverWithin = 0 })
	w.gateway.settle = time.Millisecond
	if err := w.gateway.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.listening()
	_, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionAccept)
	w.execute(id, "140000000", "0.00123457")
	w.heard.until(t, "balances", func() bool {
		b, ok := w.heard.balances["BTC"]
		return ok && b.Free.Decimal == market.MustDecimal("0.00123457")
	})
	w.heard.until(t, "money", func() bool {
		want := w.server.Balance("KRW")
		b := w.heard.balances["KRW"]
		return b.Free.Decimal == want.Free && b.Locked.Decimal == want.Locked
	})
}

// TestCharges: fees and limits of an instrument, as the account has them.
func TestCharges(t *testing.T) {
	w := newWorld(t, func(s *upbittest.Config, _ *Config) { s.MakerFee = "0.0002" })
	buy, sell, err := w.gateway.Charges(t.Context(), btc)
	if err != nil || buy != sell || buy.TakerFee != market.MustDecimal("0.0005") || buy.MakerFee != market.MustDecimal("0.0002") ||
		buy.MinTotal.Decimal != market.DecimalFromInt(5000) || buy.MaxTotal.Decimal != market.DecimalFromInt(1_000_000_000) {
		t.Errorf("%+v %+v %v", buy, sell, err)
	}
	if _, _, err := w.gateway.Charges(t.Context(), market.MustInstrument("binance", "BTC-USDT")); err == nil {
		t.Error("of another venue")
	}
	w.server.Inject(upbittest.Fault{Kind: upbittest.ServerError})
	if _, _, err := w.gateway.Charges(t.Context(), btc); err == nil {
		t.Error("of no answer")
	}
}

// TestLostDigits: of a coin that costs less than a won, the stream's quantities have lost digits: they are
// asked for, and told exactly.
func TestLostDigits(t *testing.T) {
	w := newWorld(t, nil)
	shib := market.MustInstrument(Name, "SHIB-KRW")
	_, id := w.place(func(f *message.OrderEventFields) {
		f.Instrument, f.Side, f.Price, f.Quantity = shib, market.Sell, market.MustPrice("0.0071"), market.MustQuantity("23456789012.12345678")
	})
	w.heard.awaits(t, id, message.ActionAccept)
	before := w.server.Requests("GET /v1/order")
	w.execute(id, "0.0071", "23456789011.12345677")
	fill := w.heard.awaits(t, id, message.ActionFill)
	if fill.LastQuantity != market.MustQuantity("23456789011.12345677") {
		t.Errorf("%v", fill.LastQuantity)
	}
	w.execute(id, "0.0071", "1.00000001")
	w.heard.until(t, "all", func() bool {
		q, _ := w.heard.unlockedExecuted(id)
		return q == market.MustDecimal("23456789012.12345678")
	})
	if w.server.Requests("GET /v1/order") == before {
		t.Error("not asked")
	}
	w.agrees()
}

// TestTwoRates: an order that pays as a taker first and then as a maker; its executions are told exactly by
// the stream, and the same when they are asked for, after a restart, with the sum alone.
func TestTwoRates(t *testing.T) {
	w := newWorld(t, func(s *upbittest.Config, _ *Config) {
		s.TakerFee, s.MakerFee = "0.0005", "0.0002"
		s.OnPlace = func(s *upbittest.Server, o upbittest.Order) {
			if err := s.Execute(o.UUID, "139999000", "0.0031", false); err != nil {
				t.Error(err)
			}
		}
	})
	e, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionFill)
	w.execute(id, "140000000", "0.0011")
	w.execute(id, "140000000", "0.0007")
	told := func() map[message.ExecID]market.Amount {
		fees := map[message.ExecID]market.Amount{}
		for _, f := range w.heard.unlockedOf(id) {
			if f.Action == message.ActionFill {
				fees[f.ExecID] = f.Fee
			}
		}
		return fees
	}
	w.heard.until(t, "three executions", func() bool { return len(told()) == 3 })
	streamed := told()
	w.agrees()
	w.gateway.Close()
	w.start()
	if err := w.recovers(e); err != nil {
		t.Fatal(err)
	}
	asked := told()
	if len(asked) != 3 {
		t.Fatalf("%v", asked)
	}
	for exec, fee := range streamed {
		if asked[exec] != fee {
			t.Errorf("%s: the stream has %v, the answer %v", exec, fee, asked[exec])
		}
	}
	w.agrees()
}

// TestSelfMatchPrevention: what the venue took off an order does not leave it open for ever.
func TestSelfMatchPrevention(t *testing.T) {
	w := newWorld(t, nil)
	e, id := w.place(nil)
	w.heard.awaits(t, id, message.ActionAccept)
	w.execute(id, "140000000", "0.004")
	if err := w.server.Prevent(w.uuid(id), "0.006"); err != nil {
		t.Fatal(err)
	}
	if f := w.heard.awaits(t, id, message.ActionCancel); !strings.HasPrefix(f.Reason, "self_match_prevention") {
		t.Errorf("%q", f.Reason)
	}
	// Of another only a part is taken: its terms are others now.
	parted, partedID := w.place(nil)
	w.heard.awaits(t, partedID, message.ActionAccept)
	if err := w.server.Prevent(w.uuid(partedID), "0.006"); err != nil {
		t.Fatal(err)
	}
	if f := w.heard.awaits(t, partedID, message.ActionAmend); f.Quantity != market.MustQuantity("0.004") || f.Price != parted.Fields().Price {
		t.Errorf("%v", f.OrderTerms)
	}
	w.gateway.Close()
	w.start()
	if err := w.recovers(e, parted); err != nil {
		t.Fatal(err)
	}
	if got := actions(w.heard.of(id)); !slices.Equal(got, []string{"fill", "cancel"}) {
		t.Errorf("%q", got)
	}
	if f := w.heard.awaits(t, partedID, message.ActionAccept); f.Quantity != market.MustQuantity("0.004") {
		t.Errorf("%v", f.OrderTerms)
	}
}

// TestRest: how the end of an order that cannot rest is told.
func TestRest(t *testing.T) {
	w := newWorld(t, func(s *upbittest.Config, _ *Config) {
		s.OnPlace = func(s *upbittest.Server, o upbittest.Order) {
			if o.TimeInForce == "ioc" {
				if err := s.Execute(o.UUID, "140000000", "0.004", false); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for tif, quantity := range map[market.TimeInForce]string{market.IOC: "0.004", market.FOK: "0"} {
		_, id := w.place(func(f *message.OrderEventFields) { f.TimeInForce = tif })
		f := w.heard.awaits(t, id, message.ActionExpire)
		if f.CumQuantity != market.MustQuantity(quantity) || !strings.HasPrefix(f.Reason, tif.String()) {
			t.Errorf("%v: %v %q", tif, f.CumQuantity, f.Reason)
		}
	}
	w.agrees()
}

// TestForeignIdentifier: an order of another program, with an identifier of its own, is told with it.
func TestForeignIdentifier(t *testing.T) {
	w := newWorld(t, nil)
	for n, identifier := range []string{"other-7", "main-0-1", "한글"} {
		o, err := w.server.PlaceByHand(map[string]string{"market": "KRW-BTC", "side": "bid", "ord_type": "limit", "price": "1000000", "volume": "0.01", "identifier": identifier})
		if err != nil {
			t.Fatal(err)
		}
		w.heard.until(t, identifier, func() bool { return len(w.heard.reports) == n+1 })
		f := w.heard.reports[n]
		want := message.ClientOrderID(identifier)
		if identifier == "한글" {
			want = "" // no id of anything that could be asked for with it
		}
		if f.ClientOrderID != want || f.VenueOrderID != message.VenueOrderID(o.UUID) {
			t.Errorf("%s", lines(w.heard.reports[n:]))
		}
	}
}

// TestAbsentFar: an order made longer ago than the lists of closed orders reach still has evidence: they are
// asked for from when it was made.
func TestAbsentFar(t *testing.T) {
	w := newWorld(t, nil)
	long := w.order(func(f *message.OrderEventFields) {
		f.Time = f.Time.Add(-30 * 24 * time.Hour)
		f.DecidedAt = f.Time
	})
	if err := w.recovers(long); err != nil {
		t.Fatal(err)
	}
	f := w.heard.awaits(t, long.Fields().ClientOrderID, message.ActionAbsent)
	if f.Evidence != message.EvidenceAll {
		t.Errorf("%v", f.Evidence)
	}
	unknown := w.order(func(f *message.OrderEventFields) { f.Time, f.DecidedAt = 0, 0 })
	if err := w.recovers(unknown); err != nil {
		t.Fatal(err)
	}
	f = w.heard.awaits(t, unknown.Fields().ClientOrderID, message.ActionAbsent)
	if f.Evidence != message.EvidenceByID|message.EvidenceOpen {
		t.Errorf("%v: nobody knows when it was made", f.Evidence)
	}
}

// TestManyAsks: a burst of orders that all have to be asked for.
func TestManyAsks(t *testing.T) {
	w := newWorld(t, nil)
	const n = 60
	for range n {
		w.server.Inject(upbittest.Fault{Kind: upbittest.DropEvent, On: "trade"})
	}
	var ids []message.ClientOrderID
	for range n {
		_, id := w.place(nil)
		ids = append(ids, id)
	}
	for _, id := range ids {
		w.heard.awaits(t, id, message.ActionAccept)
		w.execute(id, "140000000", "0.01")
	}
	for _, id := range ids {
		w.heard.awaits(t, id, message.ActionFill)
	}
	w.agrees()
	if n := w.heard.lost(); n > 0 {
		t.Error(fmt.Sprint("disconnected ", n))
	}
}
