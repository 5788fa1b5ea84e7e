package classifier

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/maru-trading/maru/actors/message"
)

func momentum() Config {
	return Config{Name: "momentum", Type: Criteria, Default: "flat", Classes: []Class{
		{"up", "change_1m > 0.001 && spread_bps < 20"},
		{"down", "change_1m < -0.001"},
	}}
}

func breakout() Config {
	return Config{Name: "breakout", Type: Range, Feature: "price", Low: "min_5m", High: "max_5m"}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]Config{
		"criteria": momentum(), "range": breakout(),
		"constants":        {Name: "r", Type: Range, Feature: "spread_bps", Low: "-1e1", High: "20", Margin: 1},
		"default is class": {Name: "c", Type: Criteria, Default: "x", Classes: []Class{{"x", "true"}}},
	} {
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	edit := func(c Config, f func(*Config)) Config {
		f(&c)
		return c
	}
	for name, test := range map[string]struct {
		cfg  Config
		want []string // each must be a line of its own
	}{
		"no name":       {edit(momentum(), func(c *Config) { c.Name = "" }), []string{`engine "": name is ""`}},
		"long version":  {edit(momentum(), func(c *Config) { c.Version = strings.Repeat("v", 65) }), []string{"version has 65 bytes"}},
		"type":          {edit(momentum(), func(c *Config) { c.Type = "magic" }), []string{`type "magic": want criteria, range or model`}},
		"no class":      {edit(momentum(), func(c *Config) { c.Classes = nil }), []string{"0 classes: want 1 to 64"}},
		"many classes":  {edit(momentum(), func(c *Config) { c.Classes = append(make([]Class, 63), c.Classes...) }), []string{"65 classes: want 1 to 64"}},
		"no default":    {edit(momentum(), func(c *Config) { c.Default = "" }), []string{`default is ""`}},
		"reserved":      {edit(momentum(), func(c *Config) { c.Default, c.Classes[0].Name = Untrusted, Untrusted }), []string{"default: untrusted is for", `class "untrusted": untrusted is for`}},
		"twice":         {edit(momentum(), func(c *Config) { c.Classes[1].Name = "up" }), []string{`class "up" is there twice`}},
		"no class name": {edit(momentum(), func(c *Config) { c.Classes[1].Name = "" }), []string{`class 2 is ""`}},
		"range fields":  {edit(momentum(), func(c *Config) { c.Low = "min_5m" }), []string{"low, high and margin are for engines of type range"}},
		"two expressions": {edit(momentum(), func(c *Config) { c.Classes[0].When, c.Classes[1].When = "a >", "1 + true > 0 && b" }), []string{
			`engine "momentum": class "up": when: column 4: the expression ends too early`,
			`engine "momentum": class "down": when: column 5: + wants a number`,
			`engine "momentum": class "down": when: column 17: && wants true or false`}},
		"classes":      {edit(breakout(), func(c *Config) { c.Default = "flat" }), []string{"classes, default and bars are for engines of type criteria: those of a range are below, inside and above"}},
		"margin":       {edit(breakout(), func(c *Config) { c.Margin = 1.5 }), []string{"margin is 1.5: want a fraction from 0 to 1"}},
		"nan margin":   {edit(breakout(), func(c *Config) { c.Margin = nan }), []string{"margin is NaN"}},
		"ends":         {edit(breakout(), func(c *Config) { c.Feature, c.Low, c.High = "1", "min 5m", "1e999" }), []string{`feature "1"`, `low "min 5m"`, `high "1e999"`}},
		"same ends":    {edit(breakout(), func(c *Config) { c.Low = "max_5m" }), []string{`low and high are both "max_5m"`}},
		"upside down":  {edit(breakout(), func(c *Config) { c.Low, c.High = "3", "2" }), []string{"low is 3 and high is 2: want low under high"}},
		"not a number": {edit(breakout(), func(c *Config) { c.Low = "-" }), []string{`low "-"`}},
	} {
		err := test.cfg.Validate()
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		for _, want := range test.want {
			if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, want) }) {
				t.Errorf("%s: %q is not in\n%v", name, want, err)
			}
		}
		if name != "many classes" && len(lines) != len(test.want) {
			t.Errorf("%s: %d faults, want %d:\n%v", name, len(lines), len(test.want), err)
		}
		if !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v does not wrap ErrConfig", name, err)
		}
		if _, err := New([]Config{test.cfg}, nil); err == nil {
			t.Errorf("%s: New takes it", name)
		}
	}
}

func TestConfigFeatures(t *testing.T) {
	for want, c := range map[string]Config{
		"change_1m spread_bps": momentum(),
		"price min_5m max_5m":  breakout(),
		"price max_5m":         {Type: Range, Feature: "price", Low: "0", High: "max_5m"},
		"b":                    {Type: Criteria, Classes: []Class{{"x", "a >"}, {"y", "b > 0"}}},
		"":                     {Type: "other"},
	} {
		if got := strings.Join(c.Features(), " "); got != want {
			t.Errorf("features are %q, want %q", got, want)
		}
	}
}

func TestNewNamesUnknownFeatures(t *testing.T) {
	b := breakout()
	b.Name = "momentum"
	_, err := New([]Config{momentum(), b}, []string{"change_5m", "spread_bps", "min_1m"})
	want := []string{
		`classifier: engine "momentum": class "up": when: column 1: "change_1m" is not a feature: did you mean change_5m?: ` + ErrConfig.Error(),
		`classifier: engine "momentum": class "down": when: column 1: "change_1m" is not a feature: did you mean change_5m?: ` + ErrConfig.Error(),
		`classifier: engine "momentum": the name is there twice: give every engine its own: ` + ErrConfig.Error(),
		`classifier: engine "momentum": feature "price" is not a feature: see the list of features: ` + ErrConfig.Error(),
		`classifier: engine "momentum": low "min_5m" is not a feature: did you mean min_1m?: ` + ErrConfig.Error(),
		`classifier: engine "momentum": high "max_5m" is not a feature: see the list of features: ` + ErrConfig.Error(),
	}
	if err == nil || !slices.Equal(strings.Split(err.Error(), "\n"), want) {
		t.Errorf("got\n%v\nwant\n%s", err, strings.Join(want, "\n"))
	}
	if !errors.Is(err, ErrConfig) || !errors.Is(err, ErrExpression) {
		t.Error("the kinds of error are lost")
	}
	if _, err := New(make([]Config, enginesMax+1), nil); !errors.Is(err, ErrConfig) {
		t.Error("too many engines:", err)
	}
}

func TestVersion(t *testing.T) {
	a, b := momentum(), momentum()
	if a.version() != b.version() || len(a.version()) != 8 {
		t.Errorf("versions %q and %q of the same engine", a.version(), b.version())
	}
	seen := map[string]message.EngineName{a.version(): "momentum"}
	for name, edit := range map[message.EngineName]func(*Config){
		"default": func(c *Config) { c.Default = "rest" },
		"class":   func(c *Config) { c.Classes[0].Name = "rise" },
		"when":    func(c *Config) { c.Classes[0].When += " " },
		"order":   func(c *Config) { slices.Reverse(c.Classes) },
		"range":   func(c *Config) { *c = breakout() },
		"margin":  func(c *Config) { *c = breakout(); c.Margin = 0.1 },
	} {
		c := momentum()
		edit(&c)
		if other, ok := seen[c.version()]; ok {
			t.Errorf("%s has the version of %s", name, other)
		}
		seen[c.version()] = name
	}
	a.Version = "7"
	if a.version() != "7" {
		t.Errorf("version %q, want the configured one", a.version())
	}
}
