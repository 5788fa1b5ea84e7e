package venues

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/replay"
	"github.com/maru-trading/maru/adapters/venue/sim"
	"github.com/maru-trading/maru/config"
)

const (
	// FetchTimeout bounds one request for a venue's list.
	FetchTimeout = 15 * time.Second
	// fetchBytesMax bounds the answer: Binance's list has about 15 MB.
	fetchBytesMax = 64 << 20
)

// StatusError is an answer other than 200.
type StatusError struct {
	URL    string
	Status string        // "429 Too Many Requests"
	Body   string        // the beginning
	After  time.Duration // that the venue asks to wait for; zero: it does not say
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("get %s: %s: %.200q", e.URL, e.Status, e.Body)
}

// Fetch gets what is at url, within FetchTimeout. It fails with a *StatusError if the answer is
// not 200.
func Fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, FetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, fetchBytesMax+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > fetchBytesMax:
		return nil, fmt.Errorf("get %s: more than %d bytes", url, fetchBytesMax)
	case response.StatusCode != http.StatusOK:
		e := &StatusError{URL: url, Status: response.Status, Body: string(body[:min(len(body), 1000)])}
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
			e.After = min(time.Duration(seconds)*time.Second, retryAfterMax)
		}
		return nil, e
	}
	return body, nil
}

// retryAfterMax is the longest wait that a venue is believed: bans end within three days.
const retryAfterMax = 72 * time.Hour

// Listed returns what a venue of the configuration lists: what it answers now, what the embedded
// exchange will list, or what was recorded with the session that is played.
func Listed(ctx context.Context, v config.Venue) ([]market.Listing, error) {
	a, err := Find(v.Adapter)
	if err != nil {
		return nil, err
	}
	switch {
	case v.Sim != nil:
		exchange, err := sim.NewExchange(sim.Config{Seed: v.Sim.Seed, Instruments: v.Sim.Instruments})
		if err != nil {
			return nil, err
		}
		return Renamed(exchange.Listings(), v.Name)
	case v.Replay != nil:
		return Recorded(a, v)
	}
	body, err := Fetch(ctx, a.ListingsURL(v.RESTURL))
	if err != nil {
		return nil, err
	}
	return a.ParseListings(v.Name, body)
}

// Recorded returns what the venue listed when the session that is played was recorded. It fails,
// saying what to do, if the session does not hold the list.
func Recorded(a Adapter, v config.Venue) ([]market.Listing, error) {
	body, err := replay.Recorded(market.Venue(v.Adapter), v.Replay.Files, a.ListingsURL(""))
	if errors.Is(err, replay.ErrNotRecorded) {
		what := ""
		if len(v.Patterns) > 0 {
			what = fmt.Sprintf(", from which %q is resolved", string(v.Patterns[0]))
		}
		return nil, fmt.Errorf("the recorded session does not hold the venue's list%s: name the instruments, or add a recording of the list to files", what)
	}
	if err != nil {
		return nil, err
	}
	return a.ParseListings(v.Name, body)
}

// Renamed returns listings under the name that a configuration gives their venue.
func Renamed(listed []market.Listing, name market.Venue) ([]market.Listing, error) {
	all := make([]market.Listing, len(listed))
	for n, l := range listed {
		i, err := market.NewInstrument(name, l.Instrument.Name())
		if err != nil {
			return nil, err
		}
		l.Instrument = i
		all[n] = l
	}
	return all, nil
}
