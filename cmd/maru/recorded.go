package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/capture"
	"github.com/maru-trading/maru/cmd/internal/venues"
)

// recordedVenue is what recorded files say of one venue.
type recordedVenue struct {
	name        market.Venue
	adapter     string
	files       []string
	channels    []market.Channel    // whose messages occur
	instruments []market.Instrument // that occur, sorted
	left        int                 // instruments that no listing of spot can name
}

// recordedFiles returns the sessions that paths name: files as they are, and all those below
// directories, sorted.
func recordedFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		found := len(files)
		err = filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() && (strings.HasSuffix(p, ".frames.gz") || strings.HasSuffix(p, ".frames")) {
				files = append(files, p)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(files) == found {
			return nil, fmt.Errorf("%s: no recorded sessions in it (files that end in .frames.gz)", path)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// recordedVenues looks through every file and says what there is of each venue.
func recordedVenues(ctx context.Context, files []string, tell func(done int)) ([]recordedVenue, error) {
	by := map[market.Venue]*survey{}
	var names []market.Venue
	for n, path := range files {
		tell(n)
		name, adapter, err := identify(path)
		if err != nil {
			return nil, err
		}
		s := by[name]
		if s == nil {
			s = &survey{adapter: adapter, channels: map[market.Channel]bool{}, instruments: map[market.Instrument]bool{}}
			by[name] = s
			names = append(names, name)
		}
		if s.adapter != adapter {
			return nil, fmt.Errorf("%s is of %s, other files of the venue %s are of %s: replay them one by one", path, adapter, name, s.adapter)
		}
		s.files = append(s.files, path)
		if err := s.read(ctx, name, path); err != nil {
			return nil, err
		}
	}
	var all []recordedVenue
	for _, name := range names {
		all = append(all, by[name].result(name))
	}
	return all, nil
}

// survey gathers what the files of a venue hold.
type survey struct {
	adapter     string
	files       []string
	channels    map[market.Channel]bool
	instruments map[market.Instrument]bool
}

// read decodes a whole file. Frames that cannot be decoded are for the replay to complain about.
func (s *survey) read(ctx context.Context, name market.Venue, path string) error {
	d, err := decodeOnly(s.adapter, name)
	if err != nil {
		return err
	}
	n := 0
	return eachFrame(path, func(row capture.Row) error {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return d(row, func(e message.Event) {
			if channel := channelOf(e); channel != 0 {
				s.channels[channel] = true
				s.instruments[e.Origin().Instrument] = true
			}
		})
	})
}

func (s *survey) result(name market.Venue) recordedVenue {
	v := recordedVenue{name: name, adapter: s.adapter, files: s.files}
	for c := range s.channels {
		v.channels = append(v.channels, c)
	}
	slices.Sort(v.channels)
	for i := range s.instruments {
		// The rule for symbols is one for spot; others are decoded under their own names all the
		// same, where the replay sends everything.
		if !i.IsSpot() {
			v.left++
			continue
		}
		v.instruments = append(v.instruments, i)
	}
	slices.SortFunc(v.instruments, market.Instrument.Compare)
	return v
}

func channelOf(e message.Event) market.Channel {
	switch e.(type) {
	case message.Ticker:
		return market.ChannelTicker
	case message.BBO:
		return market.ChannelBBO
	case message.Book:
		return market.ChannelBook
	case message.Trade:
		return market.ChannelTrade
	}
	return 0
}

// decodeOnly returns a function that decodes a frame and tells of its events.
func decodeOnly(adapter string, name market.Venue) (func(capture.Row, func(message.Event)) error, error) {
	a, err := venues.Find(adapter)
	if err != nil {
		return nil, err
	}
	all, err := a.New(venue.Config{Venue: name})
	if err != nil {
		return nil, err
	}
	var events []message.Event
	return func(row capture.Row, tell func(message.Event)) error {
		decoded, err := all[0].Decode(events[:0], row.Payload, row.At)
		if err != nil {
			return nil //nolint:nilerr // a frame that is refused says nothing of what there is
		}
		events = decoded
		for i, e := range decoded {
			tell(e)
			decoded[i] = nil
		}
		return nil
	}, nil
}

var errEnough = errors.New("enough")

// eachFrame gives fn the frames from the venue that a session holds, and the rows that open it. A
// session that breaks off ends there. fn ends it with errEnough.
func eachFrame(path string, fn func(capture.Row) error) error {
	r, err := capture.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // opened for reading: nothing can be lost
	for {
		row, err := r.Next()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, capture.ErrTruncated):
			return nil
		case err != nil:
			return err
		}
		if row.Kind != capture.KindReceived && row.Kind != capture.KindOpen {
			continue
		}
		if err := fn(row); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// identifyFrames is how many frames are decoded to find out whose they are.
const identifyFrames = 500

// identify says of which venue a session is, and which adapter reads it. What the recorder knew
// stands in the path (raw/<venue>/…) and in the address of the connection; frames that the
// adapter does not understand overrule both.
func identify(path string) (market.Venue, string, error) {
	rows, opened, err := sample(path)
	if err != nil {
		return "", "", err
	}
	dir := filepath.Base(filepath.Dir(path))
	ours := filepath.Base(filepath.Dir(filepath.Dir(path))) == "raw"
	// What the path and the address say decides among those that understand the frames equally well:
	// some venues speak alike.
	hinted := func(name string) int {
		switch {
		case name == dir:
			return 3
		case strings.HasPrefix(filepath.Base(path), name+"-"):
			return 2
		case opened != "" && hostOf(name) == opened:
			return 1
		}
		return 0
	}
	best, most, hint := "", 0, 0
	var equal []string
	for _, name := range venues.Names() {
		n, h := understood(name, rows), hinted(name)
		switch {
		case n == 0 || n < most || n == most && h < hint:
		case n > most || h > hint:
			best, most, hint, equal = name, n, h, []string{name}
		case name != "sim": // it speaks as another does, and records under its own name
			equal = append(equal, name)
		}
	}
	if best == "" {
		return "", "", fmt.Errorf("%s: no adapter understands its frames (there are %s)", path, strings.Join(venues.Names(), ", "))
	}
	if len(equal) > 1 {
		return "", "", fmt.Errorf("%s: its frames may be of %s: put it into a directory with the venue's name", path, strings.Join(equal, " or of "))
	}
	name := market.Venue(best)
	if ours {
		if _, err := market.NewInstrument(market.Venue(dir), "A-B"); err == nil {
			name = market.Venue(dir)
		}
	}
	return name, best, nil
}

// sample reads the first frames of a session, and the host that it was recorded from.
func sample(path string) (rows []capture.Row, host string, err error) {
	err = eachFrame(path, func(row capture.Row) error {
		if row.Kind == capture.KindOpen {
			if u, err := url.Parse(row.Meta); err == nil && host == "" {
				host = u.Host
			}
			return nil
		}
		row.Payload = slices.Clone(row.Payload)
		if rows = append(rows, row); len(rows) >= identifyFrames {
			return errEnough
		}
		return nil
	})
	return rows, host, err
}

// hostOf is where the adapter's venue is reached.
func hostOf(adapter string) string {
	a, err := venues.Find(adapter)
	if err != nil {
		return ""
	}
	all, err := a.New(venue.Config{Venue: market.Venue(adapter)})
	if err != nil {
		return ""
	}
	u, err := url.Parse(all[0].URL())
	if err != nil {
		return ""
	}
	return u.Host
}

// understood counts the frames in which an adapter finds market data.
func understood(adapter string, rows []capture.Row) (n int) {
	d, err := decodeOnly(adapter, market.Venue(adapter))
	if err != nil {
		return 0
	}
	for _, row := range rows {
		found := false
		_ = d(row, func(e message.Event) { found = found || channelOf(e) != 0 }) // never fails
		if found {
			n++
		}
	}
	return n
}
