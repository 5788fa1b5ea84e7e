package spotserver

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// A venue is a function of its configuration and of what comes in. So its state is the list of what
// came in: a first line that names the configuration, then a line for each input with the time at
// which it came. Reading it back is doing everything again.

// header is the first line.
type header struct {
	Format      int              `json:"maru_venue"`
	Seed        uint64           `json:"seed"`
	Instruments int              `json:"instruments"`
	Events      float64          `json:"events_per_second"`
	Start       market.Timestamp `json:"start"`
	// Accounts is a digest of accounts, keys and limits: a secret is not in it, a change of it is.
	Accounts string `json:"accounts"`
}

const stateFormat = 1

func headerOf(c spot.Config) header {
	h := sha256.New()
	for _, a := range c.Accounts {
		balances, err := json.Marshal(a.Balances) // sorted by asset
		if err != nil {
			panic("spotserver: " + err.Error()) // text and numbers
		}
		fmt.Fprintf(h, "%q %s %s %s\n", a.Name, a.Maker, a.Taker, balances)
		for _, k := range a.Keys {
			fmt.Fprintf(h, "%q %x %x %t %t\n", k.ID, sha256.Sum256([]byte(k.Secret)), k.Public, k.ReadOnly, k.Withdraw)
		}
	}
	fmt.Fprintf(h, "%+v", c.Limits)
	return header{stateFormat, c.Market.Seed, c.Market.Instruments, c.Market.EventsPerSecond, c.Market.Start, hex.EncodeToString(h.Sum(nil))}
}

// input is one line: a time, and at most one of the rest; a line of time alone says how far time went.
type input struct {
	At      market.Timestamp `json:"t"`
	Do      *spot.Request    `json:"do,omitempty"`
	Open    *opening         `json:"open,omitempty"`
	Receive *message         `json:"receive,omitempty"`
	Close   spot.SessionID   `json:"close,omitempty"`
	Inject  *spot.Fault      `json:"inject,omitempty"`
	Revoke  int              `json:"revoke,omitempty"`
	Skip    market.Timestamp `json:"skip,omitempty"`
	Restart bool             `json:"restart,omitempty"`
}

type opening struct{ Path, Query, Remote string }

type message struct {
	Session spot.SessionID
	Text    []byte
}

// markEvery is how often time is written where nothing comes in.
const markEvery = time.Second

// lineMax bounds a line: a request with the longest body and URL.
const lineMax = 2 << 20

// state is an open state file. The nil state is none.
type state struct {
	file     *os.File
	path     string
	resumed  bool // there was something to go on from
	marked   market.Timestamp
	restarts uint64 // of the venue, at the last replay
}

// openState opens or begins a state file and returns the venue that it describes. The time at the
// beginning is the file's, if there is one.
func openState(path string, c *spot.Config) (*spot.Venue, *state, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("spotserver: state: %w", err)
	}
	st := &state{file: file, path: path}
	v, err := st.begin(c)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("spotserver: state %s: %w", path, err), file.Close())
	}
	st.marked, st.restarts = v.Now(), v.Restarts()
	return v, st, nil
}

func (st *state) begin(c *spot.Config) (*spot.Venue, error) {
	info, err := st.file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > 0 {
		st.resumed = true
		return st.replay(c)
	}
	first, err := json.Marshal(headerOf(*c))
	if err != nil {
		return nil, err
	}
	if _, err := st.file.Write(append(first, '\n')); err != nil {
		return nil, err
	}
	return spot.New(*c)
}

// replay does everything in the file again. A last line that is torn is cut off.
func (st *state) replay(c *spot.Config) (*spot.Venue, error) {
	if _, err := st.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	lines := bufio.NewReaderSize(st.file, 1<<16)
	first, err := lines.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("line 1: %w: remove the file to begin anew", err)
	}
	var had header
	if err := json.Unmarshal(first, &had); err != nil || had.Format != stateFormat {
		return nil, errors.New("line 1: not the state of a maru venue: name another file")
	}
	c.Market.Start = had.Start
	if want := headerOf(*c); had != want {
		return nil, fmt.Errorf("it is that of another configuration (%s): start with the same seed, instruments, accounts and keys, or name another file", differs(had, want))
	}
	v, err := spot.New(*c)
	if err != nil {
		return nil, err
	}
	end := int64(len(first))
	for n := 2; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what stands before is a torn line
		}
		if err != nil {
			return nil, err
		}
		var in input
		if err := json.Unmarshal(line, &in); err != nil || len(line) > lineMax {
			return nil, fmt.Errorf("line %d: %w", n, orTooLong(err))
		}
		apply(v, in)
		v.Take()
		end += int64(len(line))
	}
	if err := st.file.Truncate(end); err != nil {
		return nil, err
	}
	_, err = st.file.Seek(end, io.SeekStart)
	return v, err
}

func orTooLong(err error) error {
	if err == nil {
		return bufio.ErrTooLong
	}
	return err
}

func differs(a, b header) string {
	switch {
	case a.Seed != b.Seed:
		return fmt.Sprintf("seed %d, not %d", a.Seed, b.Seed)
	case a.Instruments != b.Instruments:
		return fmt.Sprintf("%d instruments, not %d", a.Instruments, b.Instruments)
	case a.Events != b.Events:
		return fmt.Sprintf("%v events a second, not %v", a.Events, b.Events)
	}
	return "other accounts, keys or limits"
}

// apply does what a line says.
func apply(v *spot.Venue, in input) {
	v.Advance(in.At)
	switch {
	case in.Do != nil:
		v.Do(*in.Do)
	case in.Open != nil:
		v.Open(in.Open.Path, in.Open.Query, in.Open.Remote)
	case in.Receive != nil:
		v.Receive(in.Receive.Session, in.Receive.Text)
	case in.Close != 0:
		v.Close(in.Close)
	case in.Inject != nil:
		_, _ = v.Inject(*in.Inject) // a refusal was one before, too
	case in.Revoke != 0:
		v.Revoke(in.Revoke)
	case in.Skip != 0:
		v.Skip(in.Skip)
	case in.Restart:
		v.Restart(0)
	}
}

// write appends a line.
func (st *state) write(at market.Timestamp, in input) error {
	in.At, st.marked = at, at
	line, err := json.Marshal(in)
	if err != nil {
		return err
	}
	_, err = st.file.Write(append(bytes.TrimRight(line, "\n"), '\n'))
	return err
}

func (st *state) close() error {
	if st == nil {
		return nil
	}
	return st.file.Close()
}
