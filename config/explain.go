package config

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
)

// Placement says what a configuration amounts to: what runs where, what it connects to, and
// what bounds it. It is what maru check prints; its JSON form is stable.
type Placement struct {
	File     string      `json:"file,omitempty"`
	Node     string      `json:"node"`
	DataDir  string      `json:"data_dir"`
	HTTP     string      `json:"http"`
	Roles    []Role      `json:"roles"`
	Venues   []VenuePlan `json:"venues"`
	Windows  []string    `json:"windows"`  // rolling windows that the engines read
	Features []string    `json:"features"` // figures that the engines read
	Limits   []Bound     `json:"limits"`
	Warnings []string    `json:"warnings"` // what is allowed, and perhaps not meant
}

// Role is an actor, or several of a kind.
type Role struct {
	Role    string `json:"role"`              // feeder, state, classifier, strategy, order
	Name    string `json:"name"`              // of the venue, strategy or account; empty where there is one for all
	Count   int    `json:"count"`             // actors
	Where   string `json:"where"`             // "this process"
	Mailbox int    `json:"mailbox,omitempty"` // messages that may wait for each
	Does    string `json:"does"`
}

// Bound is a limit and what it bounds.
type Bound struct {
	Name  string `json:"name"` // the key: limits.mailbox_state
	Value string `json:"value"`
}

const thisProcess = "this process"

// Explain returns what a checked configuration amounts to. It looks for the files and the
// environment variables that the configuration names, to warn of those that are not there.
func Explain(c *Config) Placement { return ExplainListed(c, nil) }

// ExplainListed is Explain where it is known what venues list: their patterns are resolved from
// that, and names that are not listed are warned of.
func ExplainListed(c *Config, listed map[market.Venue][]market.Listing) Placement {
	p := Placement{File: c.File, Node: c.Node.Name, DataDir: c.Node.DataDir, HTTP: c.HTTP.Listen,
		Roles: []Role{}, Venues: []VenuePlan{}, Windows: []string{}, Features: []string{}, Warnings: []string{}}
	for i := range c.Venues {
		v, err := planVenue(&c.Venues[i], listed[c.Venues[i].Name])
		if err != nil {
			p.Warnings = append(p.Warnings, err.Error())
		}
		p.Venues = append(p.Venues, v)
		follows := plural(v.Instruments, "instrument")
		if !v.Known {
			follows = strings.Join(v.Patterns, " ") + " (known at start)"
		}
		p.Roles = append(p.Roles, Role{"feeder", v.Name, v.Connections, thisProcess, 0,
			fmt.Sprintf("%s, %s: %s", v.Source, follows, strings.Join(v.Channels, " "))})
	}
	bars := make([]string, len(c.State.Bars))
	for i, d := range c.State.Bars {
		bars[i] = formatDuration(d)
	}
	p.Roles = append(p.Roles, Role{"state", "", c.Node.Partitions, thisProcess, c.Limits.MailboxState, "books, windows, bars " + strings.Join(bars, " ")})
	if len(c.Engines) > 0 {
		engines := make([]string, len(c.Engines))
		for i := range c.Engines {
			engines[i] = fmt.Sprintf("%s (%s)", c.Engines[i].Name, c.Engines[i].explain())
		}
		p.Roles = append(p.Roles, Role{"classifier", "", 1, thisProcess, c.Limits.MailboxClassifier, strings.Join(engines, "; ")})
	}
	for i := range c.Strategies {
		s := &c.Strategies[i]
		if s.Program != nil {
			p.Roles = append(p.Roles, Role{"strategy", string(s.Name), 1, "a process of its own", c.Limits.MailboxStrategy,
				fmt.Sprintf("%s, told %s, orders to %s", s.Program.Command[0], strings.Join(append(s.Program.Feeds, "its orders"), ", "), s.Account)})
			continue
		}
		p.Roles = append(p.Roles, Role{"strategy", string(s.Name), 1, thisProcess, c.Limits.MailboxStrategy,
			fmt.Sprintf("%s on %s, orders to %s", plural(len(s.Rules), "rule"), s.Engine, s.Account)})
	}
	for i := range c.Accounts {
		a := &c.Accounts[i]
		p.Roles = append(p.Roles, Role{"order", string(a.Name), 1, thisProcess, c.Limits.MailboxOrder,
			fmt.Sprintf("%s orders at %s, journal in %s", a.Mode, a.Venue, c.Node.DataDir)})
	}
	for _, d := range c.Windows() {
		p.Windows = append(p.Windows, formatDuration(d))
	}
	for _, f := range c.Features() {
		p.Features = append(p.Features, f.String())
	}
	p.Limits = c.bounds()
	p.Warnings = append(p.Warnings, c.warnings()...)
	return p
}

func (e *Engine) explain() string {
	if e.Type == engineRange {
		return fmt.Sprintf("%s below, inside or above %s to %s", e.Feature, e.Low, e.High)
	}
	if e.Model != nil {
		return e.Model.explain(e.Default)
	}
	names := make([]string, 0, len(e.Classes)+1)
	for _, class := range e.Classes {
		names = append(names, string(class.Name))
	}
	if !slices.Contains(names, string(e.Default)) {
		names = append(names, string(e.Default))
	}
	return strings.Join(names, ", ")
}

func (c *Config) bounds() []Bound {
	w := &writer{seen: make(map[string]bool)}
	writeValues(w, limitsSection, &c.Limits, false)
	var bounds []Bound
	for line := range strings.Lines(w.b.String()) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " = "); ok {
			bounds = append(bounds, Bound{"limits." + name, strings.Trim(value, `"`)})
		}
	}
	return bounds
}

// warnings are what is allowed, and perhaps not meant.
func (c *Config) warnings() []string {
	var all []string
	warn := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for i := range c.Venues {
		if v := &c.Venues[i]; v.Replay != nil {
			for _, path := range v.Replay.Files {
				if _, err := os.Stat(path); err != nil {
					warn("venue %s: the file to replay cannot be read: %v", v.Name, err)
				}
			}
		}
	}
	for i := range c.Engines {
		if m := c.Engines[i].Model; m != nil && m.File != "" {
			if _, err := os.Stat(m.File); err != nil {
				warn("engine %s: the model cannot be read: %v", c.Engines[i].Name, err)
			}
		}
		if name := c.Engines[i].Name; !c.followed(func(s *Strategy) bool { return s.Engine == name }) {
			warn("engine %s: no strategy follows it", name)
		}
	}
	for i := range c.Strategies {
		for j, rule := range c.Strategies[i].Rules {
			if c.Strategies[i].OnlyTrusted && rule.To == ClassUntrusted {
				warn("strategy %s: rule[%d] never orders: only_trusted leaves changes to untrusted alone", c.Strategies[i].Name, j)
			}
		}
	}
	for i := range c.Accounts {
		a := &c.Accounts[i]
		if !c.followed(func(s *Strategy) bool { return s.Account == a.Name }) {
			warn("account %s: no strategy trades on it", a.Name)
		}
		if a.Mode != ModeLive && (!a.APIKey.IsZero() || !a.APISecret.IsZero()) {
			warn("account %s: keys are named, and a paper account uses none", a.Name)
		}
		if a.Mode == ModeLive {
			warn("account %s: LIVE: its orders go to %s with real money", a.Name, a.Venue)
			if a.Risk.OrderNotionalMax.IsZero() || a.Risk.DailyLossMax.IsZero() {
				warn("account %s: a live account without order_notional_max and daily_loss_max in [account.risk] can lose all it has", a.Name)
			}
		}
	}
	return all
}

func (c *Config) followed(by func(*Strategy) bool) bool {
	for i := range c.Strategies {
		if by(&c.Strategies[i]) {
			return true
		}
	}
	return false
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
