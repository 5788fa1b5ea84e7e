package adaptertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// subscribes: what the adapter asks for is every channel of every instrument, once, in frames that
// the venue understands, and nothing else.
func subscribes(t *testing.T, v Venue) {
	w := start(t, v, setup{})
	c := w.subscribed(1)
	w.server.with(func([]*client) {
		var asked []Topic
		for _, r := range c.requests {
			if r.Kind != Subscribe {
				t.Errorf("request of kind %d", r.Kind)
			}
			asked = append(asked, r.Topics...)
		}
		if slices.SortFunc(asked, compareTopics); !slices.Equal(asked, w.topics()) {
			t.Errorf("asked for %v, want %v", asked, w.topics())
		}
	})
	w.noDeadLetters()
}

// many are enough instruments to fill frames and connections.
func many(n int) []string {
	bases := make([]string, n)
	for i := range bases {
		bases[i] = fmt.Sprintf("T%03d", i)
	}
	return bases
}

// coversAll: however the adapter splits many instruments over connections, each is on one of
// them, and each connection asks for its own alone.
func coversAll(t *testing.T, v Venue) {
	s := newServer(t, v)
	bases := many(700)
	seen := map[market.Instrument]int{}
	for n, p := range v.protocols(t, s, bases) {
		var want, asked []Topic
		for _, i := range p.Instruments() {
			seen[i]++
			for _, c := range v.channels() {
				want = append(want, Topic{c, v.Symbol(i.Base())})
			}
		}
		for _, frame := range p.Subscribe() {
			if s, ok := p.(feeder.Stamper); ok {
				frame = s.Stamp(frame, market.TimestampOf(time.Now()))
			}
			r, err := v.Read(string(frame))
			if err != nil {
				t.Fatalf("connection %d: %v: %s", n, err, frame)
			}
			asked = append(asked, r.Topics...)
		}
		slices.SortFunc(want, compareTopics)
		if slices.SortFunc(asked, compareTopics); !slices.Equal(asked, want) {
			t.Errorf("connection %d asks for %d topics, want the %d of its %d instruments", n, len(asked), len(want), len(p.Instruments()))
		}
		// What a person would check in the manual: that the rules of one connection fit together.
		frame, every := p.Ping()
		switch {
		case p.Silence() <= 0 || every < 0 || p.SendEvery() < 0 || p.Lifetime() < 0:
			t.Errorf("silence %v, ping %v, send %v, lifetime %v", p.Silence(), every, p.SendEvery(), p.Lifetime())
		case v.ClientPings == NoPing && every != 0, v.ClientPings != NoPing && every == 0:
			t.Errorf("pings every %v; kind %d", every, v.ClientPings)
		case every > 0 && 2*every > p.Silence():
			t.Errorf("a ping every %v and %v of silence: one lost answer ends the connection", every, p.Silence())
		case (v.ClientPings == TextPing) != (frame != nil):
			t.Errorf("ping frame %q; kind %d", frame, v.ClientPings)
		}
	}
	for _, base := range bases {
		if i := market.MustInstrument(v.Name, base+"-"+v.Quote); seen[i] != 1 {
			t.Errorf("%v is on %d connections", i, seen[i])
		}
	}
}

// paces: frames leave with the venue's distance between them.
func paces(t *testing.T, v Venue) {
	const distance = 5 * time.Millisecond
	w := start(t, v, setup{bases: many(40), times: times{send: distance}})
	c := w.subscribed(1)
	w.server.with(func([]*client) {
		// A frame may be heard late, and never early.
		n := len(c.requests)
		if took, least := c.heardAt[n-1].Sub(w.began), time.Duration(n-1)*distance; took < least {
			t.Errorf("%d frames within %v, want %v or more", n, took, least)
		}
	})
}

// acknowledges: what the venue answers is read.
func acknowledges(t *testing.T, v Venue) {
	w := start(t, v, setup{})
	c := w.subscribed(1)
	if v.Ack == nil {
		w.tick(btc, "50001") // it says nothing, and data comes
		w.noDeadLetters()
		return
	}
	want := 0
	w.server.with(func([]*client) {
		for _, r := range c.requests {
			want += len(v.Ack(r))
		}
	})
	w.until(fmt.Sprint(want, " acknowledgements"), func() bool { return len(w.protocol.told(message.NoticeAck)) >= want })
	if n := len(w.protocol.told(message.NoticeError)); n != 0 {
		t.Errorf("%d acknowledgements are taken for refusals", n)
	}
	w.noDeadLetters()
}

// tellsRefusals: a refusal becomes a notice with the venue's code, a person can read it in the
// log, and what was refused is not trusted.
func tellsRefusals(t *testing.T, v Venue) {
	w := start(t, v, setup{prepare: func(s *server) { s.refusing = true }})
	w.until("a notice of the refusal", func() bool { return len(w.protocol.told(message.NoticeError)) > 0 })
	f := w.protocol.told(message.NoticeError)[0]
	if f.Venue != v.Name || f.Code != v.RefusalCode || f.Code == "" && f.Detail == "" {
		t.Errorf("%+v, want code %q", f, v.RefusalCode)
	}
	w.until("a line in the log", func() bool {
		return w.log.has("WARN", "venue="+string(v.Name), "type=error", "code="+v.RefusalCode)
	})
	if w.rec.trusted(w.instruments[btc]) {
		t.Error("trusted without data")
	}
	w.noDeadLetters()
	if v.RefusalCloses {
		w.server.with(func([]*client) { w.server.refusing = false })
		w.ready(2) // and once the cause is mended, it works
	}
}
