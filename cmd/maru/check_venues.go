package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/cmd/internal/venues"
	"github.com/maru-trading/maru/config"
)

// followedTable says what is followed where.
func followedTable(plans []config.VenuePlan) table.Writer {
	t := newTable("venue", "region", "adapter", "source", "instruments", "channels", "ticker fields")
	for _, v := range plans {
		fields := "all"
		if len(v.TickerFields) > 0 {
			fields = strings.Join(v.TickerFields, " ")
		}
		t.AppendRow(table.Row{v.Name, orDash(v.Region), v.Adapter, v.Source, known(v, v.Instruments), strings.Join(v.Channels, " "), fields})
	}
	return t
}

// splitTable says how subscriptions are split over connections, and why so.
func splitTable(plans []config.VenuePlan) table.Writer {
	t := newTable("venue", "limits", "connections", "instruments each", "subscriptions", "frames to subscribe", "pace", "takes")
	for _, v := range plans {
		frames := 0
		for _, c := range v.Split {
			frames += c.Frames
		}
		takes := "at start"
		if v.Known {
			takes = spellSeconds(v.SubscribeSeconds)
		}
		t.AppendRow(table.Row{v.Name, limitsOf(v.Limits), known(v, v.Connections), orDash(each(v.Split)), known(v, v.Subscriptions), known(v, frames), paceOf(v.Limits), takes})
	}
	return t
}

// known is a count, or that it is not known yet.
func known(v config.VenuePlan, n int) string {
	if !v.Known {
		return "at start"
	}
	return fmt.Sprint(n)
}

// each says how many instruments the connections have: "151, 150" or "48 × 100, 2 × 99".
func each(split []config.ConnectionPlan) string {
	var parts []string
	for i := 0; i < len(split); {
		same := i
		for same < len(split) && split[same].Instruments == split[i].Instruments {
			same++
		}
		if n := same - i; n > 1 {
			parts = append(parts, fmt.Sprintf("%d × %d", n, split[i].Instruments))
		} else {
			parts = append(parts, fmt.Sprint(split[i].Instruments))
		}
		i = same
	}
	const most = 4
	if len(parts) > most {
		parts = append(parts[:most], "…")
	}
	return strings.Join(parts, ", ")
}

// limitsOf are the limits of a venue on one connection.
func limitsOf(l config.VenueLimits) string {
	var parts []string
	if l.SubscriptionsPerConnection > 0 {
		parts = append(parts, count(l.SubscriptionsPerConnection, "subscription"))
	}
	if l.InstrumentsPerConnection > 0 {
		parts = append(parts, count(l.InstrumentsPerConnection, "instrument"))
	}
	if len(parts) > 0 {
		parts[len(parts)-1] += " a connection"
	}
	if l.NamesPerFrame > 0 {
		parts = append(parts, count(l.NamesPerFrame, "name")+" a frame")
	}
	return orDash(strings.Join(parts, ", "))
}

// paceOf are the distances that a venue wants between frames and between connections.
func paceOf(l config.VenueLimits) string {
	var parts []string
	if l.SendEverySeconds > 0 {
		parts = append(parts, "a frame every "+spellSeconds(l.SendEverySeconds))
	}
	if l.ConnectEverySeconds > 0 {
		parts = append(parts, "a connection every "+spellSeconds(l.ConnectEverySeconds))
	}
	return orDash(strings.Join(parts, ", "))
}

func spellSeconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond).String()
}

// onlineFault says why the list of a venue is not known, or does not hold what is wanted.
type onlineFault struct {
	Venue  string `json:"venue"`
	Reason string `json:"reason"`
}

// askVenues asks all venues at once for what they list. A replay is asked only where patterns need
// it. Faults stand in the order of the configuration.
func askVenues(ctx context.Context, c *config.Config) (map[market.Venue][]market.Listing, []onlineFault) {
	ctx, cancel := context.WithTimeout(ctx, venues.FetchTimeout)
	defer cancel()
	answers, errs := make([][]market.Listing, len(c.Venues)), make([]error, len(c.Venues))
	desk, done, err := venues.OpenDesk(c.Venues, "check")
	if err != nil {
		return nil, []onlineFault{{Reason: err.Error()}}
	}
	defer done()
	var asked sync.WaitGroup
	for i, v := range c.Venues {
		if v.Replay != nil && len(v.Patterns) == 0 {
			continue
		}
		asked.Go(func() {
			if answers[i], errs[i] = venues.Listed(ctx, desk, v); errs[i] == nil {
				_, errs[i] = v.Select(answers[i])
			}
		})
	}
	asked.Wait()
	listed := map[market.Venue][]market.Listing{}
	var faults []onlineFault
	total := 0
	for i, v := range c.Venues {
		if errs[i] != nil {
			faults = append(faults, onlineFault{string(v.Name), errs[i].Error()})
			continue
		}
		n := len(v.Instruments)
		if answers[i] != nil {
			listed[v.Name] = answers[i]
			chosen, _ := v.Select(answers[i]) // it was taken once
			n = len(chosen)
		}
		if total += n; total > c.Limits.InstrumentsMax && total-n <= c.Limits.InstrumentsMax {
			faults = append(faults, onlineFault{string(v.Name), fmt.Sprintf("%d instruments, with those before %d: more than instruments_max in [limits], %d", n, total, c.Limits.InstrumentsMax)})
		}
	}
	return listed, faults
}
