package config

import (
	"maps"
	"slices"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/binance"
	"github.com/maru-trading/maru/adapters/venue/upbit"
)

// adapterSim is the embedded exchange.
const adapterSim = "sim"

// adapter is what a configuration must know of a venue's adapter.
type adapter struct {
	channels      []market.Channel // what is subscribed to where the file does not say
	spotOnly      bool
	bookLevelsMax int // 0: no limit of the venue's own
	limits        func() venue.Limits
}

var allChannels = []market.Channel{market.ChannelTicker, market.ChannelBBO, market.ChannelBook, market.ChannelTrade}

var adapters = map[string]adapter{
	"upbit": {
		channels: []market.Channel{market.ChannelTicker, market.ChannelBook, market.ChannelTrade},
		spotOnly: true, limits: upbit.Limits,
	},
	// A depth snapshot over REST has at most 5,000 levels a side.
	"binance":  {channels: allChannels, spotOnly: true, bookLevelsMax: 5000, limits: binance.Limits},
	adapterSim: {channels: allChannels, spotOnly: true, limits: func() venue.Limits { return venue.Limits{} }},
}

func adapterNames() []string { return slices.Sorted(maps.Keys(adapters)) }

// barIntervals are the bars that there are.
var barIntervals = []time.Duration{time.Second, time.Minute, 5 * time.Minute, time.Hour, day}

// follows is the part of an adapter's configuration that decides how many connections it takes
// to follow that many instruments.
func (v *Venue) follows(instruments int) venue.Config {
	return venue.Config{Channels: v.Channels, Listings: make([]market.Listing, instruments)}
}
