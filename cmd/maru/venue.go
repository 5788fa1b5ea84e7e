package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
	"github.com/maru-trading/maru/adapters/venue/sim/spotserver"
)

// venueGuide is the section of docs/venues.md about the command.
//
//go:embed venue_guide.md
var venueGuide string

// venueFlags is what maru venue is asked for.
type venueFlags struct {
	addr         string
	seed         uint64
	instruments  int
	events       float64
	key          string
	secretFile   string
	keysFile     string
	withdraw     bool
	balances     []string
	maker, taker string
	state        string
	speed        float64
	json         bool
}

func newVenueCommand() *cobra.Command {
	var f venueFlags
	cmd := &cobra.Command{
		Use:   "venue [--addr HOST:PORT]",
		Short: "Serve the embedded exchange: Binance's spot REST and WebSocket protocol, with faults on command",
		Long: `Opens an exchange with order queues, seeded traders and accounts, and serves it as Binance serves its
spot market: REST under /api/v3, the WebSocket API with its user data stream under /ws-api/v3, market
streams under /ws and /stream. A client of Binance needs another base URL and a key, nothing else.
It is for trying and testing: the money is made up, and a list of faults can be ordered from it.

Keys are made up at the first start and kept in a file that only you can read; --key and --secret-file
bring your own. Nothing here is secret from other programs of the same user.
POST /maru/v1/faults orders faults, GET /maru/v1/ledger shows what the venue really did; both answer
programs on this machine only. docs/venues.md describes them.`,
		Example: `  maru venue                                     serve on http://127.0.0.1:8900, keys in maru-venue-keys.json
  maru venue --addr 127.0.0.1:0 --json           on a free port; prints where, as JSON
  maru venue --seed 7 --state venue.state        go on after a restart where it ended
  maru venue --key mykey --secret-file secret    with a key of your own
  curl http://127.0.0.1:8900/api/v3/ticker/price?symbol=BTCUSDT

  curl -H 'Content-Type: application/json' http://127.0.0.1:8900/maru/v1/faults \
    -d '{"kind":"accept_timeout","symbol":"BTCUSDT"}'      the next order on BTCUSDT is placed, and never answered

  python-binance   Client(key, secret); client.API_URL = 'http://127.0.0.1:8900/api'
  ccxt             examples/ccxt/trade.mjs
  maru             [[venue]] name = "binance", websocket_url = "ws://127.0.0.1:8900/stream", rest_url = "http://127.0.0.1:8900"`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.config()
			if err != nil {
				return misuse(cmd, err)
			}
			return serveVenue(cmd.Context(), cmd.OutOrStdout(), c, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:8900", "where to listen")
	flags.Uint64Var(&f.seed, "seed", 1, "of the market and of chance; the same seed is the same market")
	flags.IntVar(&f.instruments, "instruments", 24, "how many are listed, 20 or more")
	flags.Float64Var(&f.events, "events", 200, "what the seeded traders do a second, over all instruments")
	flags.StringVar(&f.key, "key", "", "API key, instead of made-up ones; with --secret-file")
	flags.StringVar(&f.secretFile, "secret-file", "", "file with the HMAC secret of --key, readable by you alone")
	flags.StringVar(&f.keysFile, "keys", "maru-venue-keys.json", "file of the made-up keys; written if it is not there")
	flags.BoolVar(&f.withdraw, "withdraw", false, "say that the keys may withdraw, for clients that must refuse them")
	flags.StringSliceVar(&f.balances, "balance", nil, "what each account has, such as USDT=10000,BTC=0.5; default some of everything")
	flags.StringVar(&f.maker, "maker", "0.001", "commission of a resting order; 0.001 is 0.1 %")
	flags.StringVar(&f.taker, "taker", "0.001", "commission of an order that takes")
	flags.StringVar(&f.state, "state", "", "file that keeps everything across restarts; without it memory does")
	flags.Float64Var(&f.speed, "speed", 1, "how fast the venue's time runs; other than 1, clients must take the time from it")
	flags.BoolVar(&f.json, "json", false, "say where it serves as JSON")
	return cmd
}

// config turns the flags into a configuration without accounts. What it finds wrong is a misuse.
func (f *venueFlags) config() (spotserver.Config, error) {
	c := spotserver.Config{
		Addr: f.addr, State: f.state, Speed: f.speed,
		Venue: spot.Config{Market: sim.Config{Seed: f.seed, Instruments: f.instruments, EventsPerSecond: f.events}},
	}
	if _, _, err := net.SplitHostPort(f.addr); err != nil {
		return c, fmt.Errorf("--addr %q: want host:port", f.addr)
	}
	if f.speed <= 0 || math.IsNaN(f.speed) {
		return c, fmt.Errorf("--speed %v: want more than zero", f.speed)
	}
	if (f.key == "") != (f.secretFile == "") {
		return c, errors.New("--key and --secret-file: want both or neither")
	}
	return c, c.Validate()
}

// account returns an account without keys, as the flags have it.
func (f *venueFlags) account(name string) (spot.Account, error) {
	a := spot.Account{Name: name, Balances: map[string]market.Decimal{}}
	var err error
	for _, rate := range []struct {
		name, text string
		to         *market.Decimal
	}{{"--maker", f.maker, &a.Maker}, {"--taker", f.taker, &a.Taker}} {
		if *rate.to, err = market.ParseDecimal(rate.text); err != nil {
			return a, fmt.Errorf("%s %q: want a share such as 0.001", rate.name, rate.text)
		}
	}
	balances := f.balances
	if len(balances) == 0 {
		balances = []string{"USDT=100000", "KRW=200000000", "BTC=2", "ETH=20", "XRP=10000", "SOL=100", "DOGE=50000", "ADA=20000", "LINK=500",
			"SHIB=100000000", "PEPE=100000000", "005930=500", "000660=200"}
	}
	for _, text := range balances {
		asset, amount, ok := strings.Cut(text, "=")
		d, err := market.ParseDecimal(amount)
		if !ok || err != nil {
			return a, fmt.Errorf("--balance %q: want ASSET=AMOUNT, such as USDT=10000", text)
		}
		a.Balances[asset] = d
	}
	return a, nil
}

// venueWhere says where a venue serves.
type venueWhere struct {
	REST      string   `json:"rest"`     // in front of /api/v3
	Streams   string   `json:"streams"`  // in front of /ws and /stream
	API       string   `json:"ws_api"`   // the WebSocket API
	Keys      string   `json:"keys"`     // the file they are in
	Accounts  []string `json:"accounts"` // by name
	Seed      uint64   `json:"seed"`
	StateFile string   `json:"state,omitempty"`
	Symbols   []string `json:"symbols"`
}

// serveVenue serves until ctx ends.
func serveVenue(ctx context.Context, stdout io.Writer, c spotserver.Config, f venueFlags) error {
	accounts, keys, err := f.accounts()
	if err != nil {
		return err
	}
	c.Venue.Accounts = accounts
	s, err := spotserver.Start(ctx, c)
	if err != nil {
		return err
	}
	where := venueWhere{REST: s.URL(), Streams: s.StreamURL(), API: s.StreamURL() + spot.WebSocketPath, Keys: keys, Seed: f.seed, StateFile: f.state}
	s.Do(func(v *spot.Venue) {
		for _, l := range v.Listings() {
			where.Symbols = append(where.Symbols, l.Symbol)
		}
	})
	for _, a := range accounts {
		where.Accounts = append(where.Accounts, a.Name)
	}
	if f.json {
		err = json.NewEncoder(stdout).Encode(where)
	} else {
		err = where.print(stdout)
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	<-ctx.Done()
	return errors.Join(s.Close(), s.Err())
}

func (v venueWhere) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, `maru: the venue answers on %s
  WebSocket API %s, market streams %s/ws
  keys of %s in %s
  %d symbols, %s and others; seed %d; Ctrl-C ends it
`, v.REST, v.API, v.Streams, strings.Join(v.Accounts, ", "), v.Keys, len(v.Symbols), strings.Join(v.Symbols[:3], ", "), v.Seed)
	return err
}
