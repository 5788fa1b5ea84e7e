package venues

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/maru-trading/maru/actors/budget"
	"github.com/maru-trading/maru/actors/feeder"
	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/adapters/venue/replay"
	"github.com/maru-trading/maru/adapters/venue/sim"
	"github.com/maru-trading/maru/config"
)

const (
	// FetchTimeout bounds one request for a venue's list.
	FetchTimeout = 15 * time.Second
	// ListBytesMax bounds a venue's list: Binance's has about 15 MB.
	ListBytesMax = 64 << 20
)

// StatusError is an answer other than 200.
type StatusError struct {
	URL    string
	Status string        // "429 Too Many Requests"
	Body   string        // the beginning
	After  time.Duration // for how long the venue wants to be left alone; zero: it does not say
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("get %s: %s: %.200q", e.URL, e.Status, e.Body)
	if e.After > 0 {
		text += fmt.Sprintf("; the venue wants no requests for %v", e.After.Round(time.Second))
	}
	return text
}

// Fetch gets what is at url of a venue, at most so many bytes, once the budget permits it and then
// within FetchTimeout. It fails with a *StatusError if the answer is not 200; the budget hears of one
// that tells us to stay away.
func Fetch(ctx context.Context, desk *budget.Desk, v market.Venue, url string, bytesMax int64) ([]byte, error) {
	if err := desk.Wait(ctx, v, message.UseREST); err != nil {
		return nil, fmt.Errorf("get %s: wait for leave to ask: %w", url, err)
	}
	body, err := get(ctx, url, bytesMax)
	var refused *StatusError
	if errors.As(err, &refused) && refused.After > 0 {
		desk.Penalize(v, refused.After, "HTTP "+refused.Status)
	}
	return body, err
}

func get(ctx context.Context, url string, bytesMax int64) ([]byte, error) {
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
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(response.Body, refusalBytes)) // what there is of it
		return nil, &StatusError{URL: url, Status: response.Status, Body: string(body), After: feeder.StayAway(response, body)}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, bytesMax+1))
	if err == nil && int64(len(body)) > bytesMax {
		err = fmt.Errorf("get %s: more than %d bytes", url, bytesMax)
	}
	if err != nil {
		return nil, err
	}
	return body, nil
}

// refusalBytes is how much is kept of an answer that is an error.
const refusalBytes = 1000

// Listed returns what a venue of the configuration lists: what it answers now, what the embedded
// exchange will list, or what was recorded with the session that is played.
func Listed(ctx context.Context, desk *budget.Desk, v config.Venue) ([]market.Listing, error) {
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
	body, err := Fetch(ctx, desk, v.Name, a.ListingsURL(v.RESTURL), ListBytesMax)
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
