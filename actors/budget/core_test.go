package budget

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

func ask(c *Core, venue market.Venue, use message.Use, holder string, id uint64) {
	r, err := message.NewPermitRequest(message.PermitRequestFields{Venue: venue, Use: use, Holder: holder, ID: id})
	if err != nil {
		panic(err)
	}
	c.Ask(r)
}

func ban(c *Core, venue market.Venue, until market.Timestamp) {
	p, err := message.NewPenalty(message.PenaltyFields{Venue: venue, Until: until, Reason: "429"})
	if err != nil {
		panic(err)
	}
	c.Ban(p)
}

// granted lists who gets a permit at a time, and when to look again.
func granted(c *Core, at market.Timestamp) string {
	permits, again := c.Grant(at)
	var names []string
	for _, p := range permits {
		f := p.Fields()
		names = append(names, fmt.Sprintf("%s#%d", f.Holder, f.ID))
	}
	return fmt.Sprintf("%s again %d", strings.Join(names, " "), again/market.Seconds(1))
}

func TestPermitsAreSpacedAndInOrder(t *testing.T) {
	c := New(Config{Every: map[Key]time.Duration{{"x", message.UseREST}: 2 * time.Second}})
	for id := range uint64(3) {
		ask(c, "x", message.UseREST, "a", id)
	}
	ask(c, "x", message.UseREST, "b", 9)
	ask(c, "x", message.UseREST, "b", 9) // asked again: still one
	ask(c, "x", message.UseConnect, "a", 7)
	ask(c, "y", message.UseREST, "c", 1)
	for at, want := range []string{100: "a#7 a#0 c#1 again 102", 101: " again 102", 102: "a#1 again 104", 104: "a#2 again 106", 107: "b#9 again 0", 108: " again 0"} {
		if want == "" {
			continue
		}
		if got := granted(c, market.Seconds(int64(at))); got != want {
			t.Errorf("at %d: %q, want %q", at, got, want)
		}
	}
	ask(c, "x", message.UseREST, "b", 10)
	if got := granted(c, market.Seconds(108)); got != " again 109" {
		t.Errorf("the last permit was given at 107: %q", got)
	}
}

func TestABannedVenueGetsNothing(t *testing.T) {
	c := New(Config{})
	ban(c, "x", market.Seconds(50))
	ban(c, "x", market.Seconds(20)) // an earlier end changes nothing
	ask(c, "x", message.UseConnect, "a", 1)
	ask(c, "y", message.UseConnect, "b", 1)
	if got := granted(c, market.Seconds(10)); got != "b#1 again 50" {
		t.Errorf("while banned: %q", got)
	}
	if got := granted(c, market.Seconds(50)); got != "a#1 again 0" {
		t.Errorf("after it: %q", got)
	}
	if c.Banned("x") != market.Seconds(50) || c.Waiting() != 0 {
		t.Errorf("banned until %v, %d waiting", c.Banned("x"), c.Waiting())
	}
}

func TestWaitingIsBounded(t *testing.T) {
	c := New(Config{})
	ban(c, "x", market.Seconds(50))
	for id := range uint64(WaitingMax + 5) {
		ask(c, "x", message.UseREST, "a", id)
	}
	if c.Waiting() != WaitingMax || c.Refused != 5 {
		t.Fatalf("%d waiting, %d refused", c.Waiting(), c.Refused)
	}
	permits, _ := c.Grant(market.Seconds(50))
	ids := make([]uint64, len(permits))
	for i, p := range permits {
		ids[i] = p.Fields().ID
	}
	if len(ids) != WaitingMax || !slices.IsSorted(ids) {
		t.Fatalf("%d permits", len(ids))
	}
}

func TestConfigIsChecked(t *testing.T) {
	if err := (Config{Every: map[Key]time.Duration{{"x", message.UseREST}: -1}}).Validate(); err == nil {
		t.Error("a negative time passed")
	}
	if err := (Config{Every: map[Key]time.Duration{{"x", message.UseREST}: time.Second}}).Validate(); err != nil {
		t.Error(err)
	}
}
