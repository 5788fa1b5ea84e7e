package bybit

import (
	"fmt"
	"strings"

	"github.com/maru-trading/maru/adapters/venue"
)

// category is a kind of instruments. Bybit keeps each at an address of its own.
type category uint8

const (
	unknown   category = iota // told by the frames
	spot                      // pairs
	linear                    // contracts settled in USDT or USDC
	inverse                   // contracts settled in the base
	option                    // options
	contracts                 // any of those but spot: what frames can tell
)

var categories = map[string]category{"spot": spot, "linear": linear, "inverse": inverse, "option": option}

// categoryOf finds the category of a configuration: by the last part of the address, else by what
// is to be followed, else by the default address where anything is.
func categoryOf(c venue.Config) (category, error) {
	address := strings.TrimSuffix(c.WebSocketURL, "/")
	of := categories[address[strings.LastIndexByte(address, '/')+1:]]
	pairs, others := 0, 0
	for _, l := range c.Listings {
		if l.Instrument.IsSpot() {
			pairs++
		} else {
			others++
		}
	}
	if c.WebSocketURL == "" && len(c.Listings) > 0 && len(c.Channels) > 0 {
		of = spot
	}
	switch {
	case pairs > 0 && (of > spot || others > 0 && len(c.Channels) > 0), others > 0 && of == spot && len(c.Channels) > 0:
		return of, fmt.Errorf("listings: %d of spot and %d of contracts, want all of one category, and the address of that category (%s is the default; linear, inverse, option)",
			pairs, others, publicWebSocketURL)
	case of != unknown:
		return of, nil
	case pairs > 0 && others == 0 && len(c.Channels) > 0:
		return spot, nil
	case others > 0 && pairs == 0 && len(c.Channels) > 0:
		return contracts, nil
	}
	return unknown, nil
}

// symbolsOf returns the symbols of a category. What is not known to be a contract is taken for
// spot, but for symbols that say otherwise.
func (p *Protocol) symbolsOf(of category) *symbols {
	if of > spot {
		return &p.contract
	}
	return &p.spot
}

// told returns the category of a frame: that of the connection, where it is known; else what the
// frame itself tells; else what the frames before it told, since a connection carries one.
func (p *Protocol) told(by category) category {
	switch {
	case p.category != unknown:
		return p.category
	case by != unknown:
		return by
	}
	return p.heard
}
