package replay

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/capture"
)

// ErrNotRecorded says that the sessions hold no answer to a request.
var ErrNotRecorded = errors.New("not recorded")

// Recorded returns the first answer to a request that sessions hold, as a server that plays them
// would give it: the version of the endpoint and what changes only the form of an answer do not
// count. It fails with ErrNotRecorded, or if a file cannot be read.
func Recorded(v market.Venue, files []string, address string) ([]byte, error) {
	d := dialectOf(v)
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	for _, path := range files {
		body, err := recordedIn(d, path, d.restKey(u))
		if err != nil || body != nil {
			return body, err
		}
	}
	return nil, fmt.Errorf("replay: %s in %d files: %w", u.Path, len(files), ErrNotRecorded)
}

// recordedIn returns nil where the file holds no such answer.
func recordedIn(d dialect, path, key string) ([]byte, error) {
	r, err := capture.Open(path)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	defer r.Close()
	for {
		row, err := r.Next()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, capture.ErrTruncated):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("replay: %w", err)
		case row.Kind != capture.KindHTTP:
			continue
		}
		if u, err := url.Parse(row.Meta); err == nil && d.restKey(u) == key {
			return slices.Clone(row.Payload), nil
		}
	}
}
