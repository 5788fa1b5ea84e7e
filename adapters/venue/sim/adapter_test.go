package sim_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/binance"
	"github.com/maru-trading/maru/adapters/venue/capture"
	"github.com/maru-trading/maru/adapters/venue/replay"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// session records half a minute of the exchange.
func session(t *testing.T) (path string, rows []byte) {
	t.Helper()
	var b bytes.Buffer
	w := capture.NewWriter(&b)
	if err := sim.Record(w, sim.Config{Seed: 42}, 30*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "sim.frames.gz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, b.Bytes()
}

func protocol(t *testing.T, c venue.Config) *binance.Protocol {
	t.Helper()
	c.Venue = sim.Venue
	all, err := binance.New(c)
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	return all[0]
}

// The Binance adapter reads everything that the exchange says, and the books that it builds from
// a snapshot and differences are never crossed.
func TestBinanceAdapterReadsARecording(t *testing.T) {
	_, zipped := session(t)
	r, err := capture.NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	var (
		p        *binance.Protocol
		listings = map[market.Instrument]market.Listing{}
		counts   = map[message.Kind]int{}
		lastID   = map[market.Instrument]uint64{}
		books    = map[market.Instrument]*[2]map[market.Price]market.Quantity{}
		joined   = map[market.Instrument]bool{}
	)
	for {
		row, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch row.Kind {
		case capture.KindHTTP:
			u, err := url.Parse(row.Meta)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(u.Path, "exchangeInfo") {
				all, err := binance.ParseListings(sim.Venue, row.Payload)
				if err != nil || len(all) != 24 {
					t.Fatal(len(all), err)
				}
				for _, l := range all {
					listings[l.Instrument] = l
				}
				p = protocol(t, venue.Config{Listings: all, Channels: []market.Channel{market.ChannelTrade}})
				continue
			}
			for i, l := range listings {
				if l.Symbol != u.Query().Get("symbol") || joined[i] {
					continue
				}
				snapshot, err := p.DecodeSnapshot(i, row.Payload, row.At)
				if err != nil {
					t.Fatal(err)
				}
				joined[i] = true
				if f := snapshot.Fields(); lastID[i] > f.LastID || !f.Snapshot {
					t.Fatalf("%v: snapshot at %d, differences to %d", i, f.LastID, lastID[i])
				}
				b := &[2]map[market.Price]market.Quantity{{}, {}}
				for l := range snapshot.Bids() {
					b[0][l.Price] = l.Quantity
				}
				for l := range snapshot.Asks() {
					b[1][l.Price] = l.Quantity
				}
				books[i] = b
			}
		case capture.KindReceived:
			events, err := p.Decode(nil, row.Payload, row.At)
			if err != nil || len(events) != 1 {
				t.Fatalf("%v: %s", err, row.Payload)
			}
			e := events[0]
			counts[e.Kind()]++
			i := e.Origin().Instrument
			if _, ok := listings[i]; !ok {
				t.Fatalf("unlisted %v", i)
			}
			book, ok := e.(message.Book)
			if !ok {
				continue
			}
			f := book.Fields()
			if lastID[i] != 0 && f.FirstID != lastID[i]+1 {
				t.Fatalf("%v: %d to %d behind %d", i, f.FirstID, f.LastID, lastID[i])
			}
			lastID[i] = f.LastID
			if !joined[i] {
				continue
			}
			var best [2]market.Price
			for side, levels := range []func(func(message.Level) bool){book.Bids(), book.Asks()} {
				for l := range levels {
					if books[i][side][l.Price] = l.Quantity; l.Quantity.IsZero() {
						delete(books[i][side], l.Price)
					}
				}
				for price := range books[i][side] {
					if best[side].IsZero() || side == 0 && best[0].Less(price.Decimal) || side == 1 && price.Less(best[1].Decimal) {
						best[side] = price
					}
				}
			}
			if !best[0].Less(best[1].Decimal) {
				t.Fatalf("%v is crossed: %v and %v", i, best[0], best[1])
			}
		}
	}
	if len(joined) != 24 {
		t.Errorf("%d books have a snapshot", len(joined))
	}
	for _, kind := range []message.Kind{message.KindTrade, message.KindBBO, message.KindBook, message.KindTicker} {
		if counts[kind] < 300 {
			t.Errorf("%d of %v", counts[kind], kind)
		}
	}
}

// A recording of the exchange plays back whole, with its REST bodies.
func TestRecordingReplays(t *testing.T) {
	path, zipped := session(t)
	s, err := replay.New(replay.Config{Venue: sim.Venue, Files: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := capture.NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	open, err := r.Next()
	if err != nil || open.Kind != capture.KindOpen {
		t.Fatal(open, err)
	}
	u, err := url.Parse(open.Meta)
	if err != nil {
		t.Fatal(err)
	}
	conn, resp, err := websocket.DefaultDialer.Dial(s.URL()+u.RequestURI(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	defer conn.Close()
	for {
		row, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if row.Kind != capture.KindReceived {
			continue
		}
		if _, got, err := conn.ReadMessage(); err != nil || !bytes.Equal(got, row.Payload) {
			t.Fatalf("%v: got %.100s, want %.100s", err, got, row.Payload)
		}
	}
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Error(err)
	}
	for _, path := range []string{"/api/v3/exchangeInfo", "/api/v3/depth?symbol=BTCUSDT&limit=1000", "/api/v3/depth?symbol=005930KRW&limit=100"} {
		resp, err := http.Get(s.RESTURL() + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.Header.Get(replay.HeaderRecorded) == "" {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

// The adapter's own subscription works against the running exchange.
func TestBinanceAdapterFollowsTheServer(t *testing.T) {
	s, err := sim.Start(t.Context(), sim.Config{EventsPerSecond: 5000, Tick: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p := protocol(t, venue.Config{
		WebSocketURL: s.URL() + "/stream", RESTURL: s.RESTURL(), Listings: s.Listings()[:3],
		Channels: []market.Channel{market.ChannelTicker, market.ChannelBBO, market.ChannelBook, market.ChannelTrade},
	})
	conn, resp, err := websocket.DefaultDialer.Dial(p.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for _, request := range p.Subscribe() {
		if err := conn.WriteMessage(websocket.TextMessage, request); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for len(seen) < 3*4 {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err, seen)
		}
		events, err := p.Decode(nil, frame, market.Seconds(1))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if k := e.Kind(); k != message.KindNotice {
				seen[fmt.Sprint(e.Origin().Instrument, k)] = true
			}
		}
	}
}
