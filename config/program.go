package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/strategy"
)

// The types of a strategy.
const (
	StrategyRules   = "rules"
	StrategyProgram = "program"
)

func hasRules(s *Strategy) bool   { return s.Type == StrategyRules }
func hasProgram(s *Strategy) bool { return s.Type == StrategyProgram }

// argumentsMax bounds a command.
const argumentsMax = 256

func feedNames() (names []string) {
	for _, f := range strategy.Feeds() {
		names = append(names, string(f))
	}
	return names
}

var programSection = &section[Program]{
	name: "strategy.program",
	doc:  "The process that decides in the place of rules. It talks in lines of JSON over its standard input and output; its orders pass the same checks as all others.",
	keys: []key[Program]{
		field("command", arguments(), func(p *Program) *[]string { return &p.Command },
			"The program and its arguments; no shell reads them. A program without a slash is looked for in PATH, one with a slash is relative to dir.").otherwise("", `["python3", "momentum.py"]`).need(),
		field("dir", file("the path of a directory"), func(p *Program) *string { return &p.Dir },
			"Where it runs. Relative to this file.").orElse("the directory of this file", `"strategies"`),
		field("env", list(word[string](variable), 1, 64), func(p *Program) *[]string { return &p.Env },
			"Environment variables that are passed on besides PATH, HOME, USER, LANG, LC_*, TZ and TMPDIR; all others are kept from it.").otherwise("none", `["PYTHONPATH"]`),
		field("feeds", list(choice(feedNames()...), 0, len(strategy.Feeds())), func(p *Program) *[]string { return &p.Feeds },
			"What it is told of the market: classes of engine, quotes (best prices and the last), bars that close. What became of its orders it is always told."),
		field("memory_max", size(0, 1e12), func(p *Program) *Size { return &p.Memory },
			"Address space of each of its processes (RLIMIT_AS); 0 is no limit. Only on Linux."),
		field("rate_max", whole(1, 100_000, "lines a second"), func(p *Program) *int { return &p.Rate },
			"Lines that it may say in a second. One that says more is ended and started again."),
		field("heartbeat", duration(100*time.Millisecond, time.Hour), func(p *Program) *time.Duration { return &p.Heartbeat },
			"How often it is asked whether it lives."),
		field("deadline", duration(200*time.Millisecond, 2*time.Hour), func(p *Program) *time.Duration { return &p.Deadline },
			"How long it may take to say hello, and to answer a heartbeat; longer than heartbeat. Then it is ended and started again."),
		field("restarts", whole(0, 1000, "failures"), func(p *Program) *int { return &p.Restarts },
			"Failures within window that are answered by a new start, after a wait that doubles from 1s to 1m. The next one gives it up: /readyz says so."),
		field("window", duration(time.Second, 24*time.Hour), func(p *Program) *time.Duration { return &p.Window },
			"How long a failure counts."),
		field("on_give_up", choice(string(strategy.KeepOrders), string(strategy.CancelOrders)), func(p *Program) *string { return &p.OnGiveUp },
			"What becomes of its open orders when it is given up: keep leaves them, and with them what protects a position; cancel cancels all of them, stops too."),
	},
	defaults: func() Program {
		d := strategy.DefaultExternalConfig()
		return Program{Feeds: []string{string(strategy.FeedClasses)}, Memory: 4e9, Rate: 1000, Heartbeat: d.Heartbeat, Deadline: d.HeartbeatDeadline,
			Restarts: d.Restarts, Window: d.Window, OnGiveUp: string(d.OnGiveUp)}
	},
	finish: finishProgram,
}

func finishProgram(r *reader, path string, given func(string) bool, p *Program) {
	if !given("dir") {
		p.Dir = r.dir
	}
	if p.Deadline <= p.Heartbeat {
		r.faultKey(joinKey(path, "deadline"), fmt.Sprintf("want more than heartbeat, %s", formatDuration(p.Heartbeat)), formatDuration(p.Deadline), "")
	}
}

// finishProgramStrategy holds a strategy of type program to what that needs.
func finishProgramStrategy(r *reader, path string, given func(string) bool, s *Strategy) {
	why := `with type = "rules"`
	r.misplaced(path, given, why, "the program decides", "rule", "cooldown", "position_max_notional", "position_max_quantity", "only_trusted")
	s.Rules = nil
	if s.Program == nil {
		r.missing(path, "program", `with type = "program"`, `a table [strategy.program] with command`)
		return
	}
	if slices.Contains(s.Program.Feeds, string(strategy.FeedClasses)) && !given("engine") {
		r.missing(path, "engine", "for the feed classes", `"momentum", or leave classes out of feeds`)
	}
}

// checkProgramEnv keeps the keys of accounts from programs.
func (c *Config) checkProgramEnv(r *reader, path string, s *Strategy) {
	if s.Program == nil {
		return
	}
	for i, name := range s.Program.Env {
		for _, a := range c.Accounts {
			if name != "" && (a.APIKey.Env == name || a.APISecret.Env == name) {
				r.fault(joinIndex(joinKey(joinKey(path, "program"), "env"), i), "want no variable that holds a key of an account", quote(name),
					"a program never needs the keys: the account sends its orders")
			}
		}
	}
}

// External returns what the actor of a strategy of type program is made of.
func (s *Strategy) External() strategy.ExternalConfig {
	c, p := strategy.DefaultExternalConfig(), s.Program
	c.Name, c.Engine, c.Account, c.Feeds = s.Name, s.Engine, s.Account, nil
	for _, f := range p.Feeds {
		c.Feeds = append(c.Feeds, strategy.Feed(f))
	}
	c.Heartbeat, c.HeartbeatDeadline = p.Heartbeat, p.Deadline
	c.Restarts, c.Window, c.OnGiveUp = p.Restarts, p.Window, strategy.OnGiveUp(p.OnGiveUp)
	return c
}

// arguments is a command: a program and what it is given.
func arguments() kind[[]string] {
	want := fmt.Sprintf("a list of 1 to %d texts, the first the program", argumentsMax)
	return kind[[]string]{
		want: want,
		read: func(r *reader, path string, raw any) ([]string, bool) {
			items, ok := raw.([]any)
			if !ok || len(items) < 1 || len(items) > argumentsMax {
				hint := ""
				if _, isText := raw.(string); isText {
					hint = "no shell reads it: write each word on its own, in brackets"
				}
				r.fault(path, "want "+want, describe(raw), hint)
				return nil, false
			}
			words := make([]string, len(items))
			for i, item := range items {
				text, isText := item.(string)
				if !isText || len(text) > 4096 || strings.ContainsRune(text, 0) || i == 0 && text == "" {
					r.fault(joinIndex(path, i), "want text of at most 4096 bytes", describe(item), "")
					return nil, false
				}
				words[i] = text
			}
			return words, true
		},
		format: func(words []string) string {
			if len(words) == 0 {
				return ""
			}
			texts := make([]string, len(words))
			for i, w := range words {
				texts[i] = quote(w)
			}
			return "[" + strings.Join(texts, ", ") + "]"
		},
	}
}
