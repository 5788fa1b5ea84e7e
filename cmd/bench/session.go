package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/binance"
	"github.com/maru-trading/maru/adapters/venue/capture"
	"github.com/maru-trading/maru/adapters/venue/sim"
)

// recorded is the session that the chain runs on, below the folder that MARU_DATA names.
const recorded = "binance/spot-btcusdt-20240808.frames.gz"

// session is recorded frames in memory, in the form in which a socket would bring them.
type session struct {
	name     string // for the table
	file     string
	frames   []frame
	bytes    int               // of the frames
	books    map[string][]byte // the recorded REST body of a symbol's book; "" for any symbol
	listings []market.Listing
}

type frame struct {
	at      market.Timestamp
	payload []byte
}

// load returns the session, reading it the first time.
func (r *runner) load() (*session, error) {
	if r.session != nil {
		return r.session, nil
	}
	s := &session{books: map[string][]byte{}}
	dir, found := dataDir()
	s.file = filepath.Join(dir, filepath.FromSlash(recorded))
	if _, err := os.Stat(s.file); !found || err != nil {
		if err := s.simulate(r); err != nil {
			return nil, err
		}
	} else {
		btc := market.MustInstrument(binance.Name, "BTC-USDT")
		s.name = recorded
		s.listings = []market.Listing{{Instrument: btc, Symbol: "BTCUSDT", Ticks: market.FixedTick(market.MustPrice("0.01")), LotSize: market.MustQuantity("0.00001")}}
	}
	if err := s.read(); err != nil {
		return nil, err
	}
	r.session = s
	return s, nil
}

// dataDir is where the recorded sessions lie: MARU_DATA, or ../shared/data from the checkout.
func dataDir() (dir string, found bool) {
	dir = os.Getenv("MARU_DATA")
	if dir == "" {
		root, err := moduleRoot()
		if err != nil {
			return "", false
		}
		dir = filepath.Join(root, "..", "shared", "data")
	}
	info, err := os.Stat(dir)
	return dir, err == nil && info.IsDir()
}

// moduleRoot is the folder at or above the working directory that holds go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("no go.mod here or above: run bench inside the checkout")
		}
		dir = filepath.Dir(dir)
	}
}

// simulate records a session from our own exchange where there is no recorded one.
func (s *session) simulate(r *runner) (err error) {
	cfg := sim.Config{Seed: 1, EventsPerSecond: 500}
	length := pick(r, 80*time.Second, 4*time.Second)
	s.name = fmt.Sprintf("%v of our own simulated exchange, because %s was not found (set MARU_DATA)", length, recorded)
	r.note("%s is not there: recording %v of our own exchange instead", recorded, length)
	s.file = filepath.Join(r.dir, "sim.frames.gz")
	w, err := capture.Create(s.file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := sim.Record(w, cfg, length); err != nil {
		return err
	}
	x, err := sim.NewExchange(cfg)
	if err != nil {
		return err
	}
	for _, l := range x.Listings() {
		if l.Instrument, err = market.NewInstrument(binance.Name, l.Instrument.Name()); err != nil {
			return err
		}
		s.listings = append(s.listings, l)
	}
	return nil
}

// read takes the frames and the books out of the file. A book that a recorder stored among the
// frames came over REST, too.
func (s *session) read() error {
	f, err := capture.Open(s.file)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		row, err := f.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		body := append([]byte(nil), row.Payload...)
		_, query, depth := strings.Cut(row.Meta, "/depth?symbol=")
		symbol, _, _ := strings.Cut(query, "&")
		switch {
		case row.Kind == capture.KindHTTP && depth:
			if s.books[symbol] == nil {
				s.books[symbol] = body
			}
		case row.Kind != capture.KindReceived:
		case strings.HasPrefix(string(body[:min(len(body), 16)]), `{"lastUpdateId"`):
			s.books[""] = body
		default:
			s.frames = append(s.frames, frame{row.At, body})
			s.bytes += len(body)
		}
	}
	if len(s.frames) == 0 {
		return fmt.Errorf("%s holds no frames", s.file)
	}
	return nil
}

// book returns the recorded book of a symbol, nil if there is none.
func (s *session) book(symbol string) []byte {
	if body := s.books[symbol]; body != nil {
		return body
	}
	return s.books[""]
}

// channels are those of the session.
var channels = []market.Channel{market.ChannelTicker, market.ChannelBBO, market.ChannelBook, market.ChannelTrade}

// protocol returns how the venue speaks; websocket and rest may be empty where nothing is dialed.
func (s *session) protocol(websocket, rest string) (*binance.Protocol, error) {
	all, err := binance.New(venue.Config{Listings: s.listings, Channels: channels, WebSocketURL: websocket, RESTURL: rest})
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("the session needs %d connections: want one", len(all))
	}
	return all[0], nil
}
