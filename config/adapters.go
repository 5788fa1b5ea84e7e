package config

import (
	"fmt"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/registry"
)

// adapterSim is the embedded exchange.
const adapterSim = "sim"

var allChannels = []market.Channel{market.ChannelTicker, market.ChannelBBO, market.ChannelBook, market.ChannelTrade}

func adapterNames() []string { return registry.Names() }

// bookLevelsDefault is how many levels a side are kept where neither the file nor the adapter says.
const bookLevelsDefault = 5000

// bookLevelsWords says how deep books are kept by default.
func bookLevelsWords() string {
	words := fmt.Sprint(bookLevelsDefault)
	for _, name := range adapterNames() {
		if a, err := registry.Find(name); err == nil && a.BookLevels > 0 {
			words += fmt.Sprintf("; with %s %d", name, a.BookLevels)
		}
	}
	return words
}

// barIntervals are the bars that there are.
var barIntervals = []time.Duration{time.Second, time.Minute, 5 * time.Minute, time.Hour, day}
