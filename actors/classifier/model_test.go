package classifier

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/actors/message"
)

// stump is a LightGBM model of one split: change up to at gives low, beyond it high.
func stump(at, low, high string) string {
	return `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=regression
feature_names=change spread
feature_infos=none none
tree_sizes=1

Tree=0
num_leaves=2
num_cat=0
split_feature=0
split_gain=1
threshold=` + at + `
decision_type=10
left_child=-1
right_child=-2
leaf_value=` + low + " " + high + `
leaf_weight=1 1
leaf_count=1 1
internal_value=0
internal_weight=0
internal_count=2
is_linear=0
shrinkage=1


end of trees
`
}

// threeClasses is an XGBoost model of three classes: the one with the number of the leaf that is 1.
const threeClasses = `{"learner":{"attributes":{},"feature_names":["change","spread"],"feature_types":[],"gradient_booster":{"model":{
"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"3"},"iteration_indptr":[0,3],"tree_info":[0,1,2],"trees":[%s,%s,%s]},"name":"gbtree"},
"learner_model_param":{"base_score":"0","boost_from_average":"1","num_class":"3","num_feature":"2","num_target":"1"},
"objective":{"name":"%s","softmax_multiclass_param":{"num_class":"3"}}},"version":[2,0,3]}`

// xgbStump is a tree that splits change at at.
func xgbStump(at, low, high string) string {
	return `{"base_weights":[0,0,0],"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],"default_left":[0,0,0],"id":0,
"left_children":[1,-1,-1],"loss_changes":[1,0,0],"parents":[2147483647,0,0],"right_children":[2,-1,-1],"split_conditions":[` + at + "," + low + "," + high + `],
"split_indices":[0,0,0],"split_type":[0,0,0],"sum_hessian":[1,1,1],"tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"3","size_leaf_vector":"1"}}`
}

func softprob(objective string) string {
	return fmt.Sprintf(threeClasses, xgbStump("0", "1", "0"), xgbStump("9", "0", "3"), xgbStump("0", "0", "1"), objective)
}

func boostedConfig() Config {
	return Config{Name: "gbm", Type: Model, Default: "flat", Model: ModelConfig{
		Format: LightGBM, BytesMax: 1 << 20, Poll: time.Minute,
		Inputs:  []Input{{Name: "spread", Value: "spread_bps / 10"}, {Name: "change", Value: "100 * change_1m"}},
		Outputs: []Output{{"up", "0.6"}, {"down", "-1"}, {"moon", "0.9"}},
	}}
}

func classesConfig() Config {
	c := boostedConfig()
	c.Default, c.Model.Format, c.Model.Outputs = "", XGBoost, []Output{{"down", ""}, {"wild", ""}, {"up", ""}}
	return c
}

var modelFeatures = []string{"price", "change_1m", "spread_bps"}

// text is a source whose file is always there.
type text string

func (s text) Open(_ context.Context, seen string) (io.ReadCloser, string, error) {
	mark := s.mark()
	if seen == mark {
		return nil, mark, nil
	}
	return io.NopCloser(strings.NewReader(string(s))), mark, nil
}

func (s text) mark() string { return sumOf(string(s))[:8] }

func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func loadText(t *testing.T, c Config, file string) *Loaded {
	t.Helper()
	l, mark, err := Load(t.Context(), c, text(file), "")
	if err != nil || mark != text(file).mark() {
		t.Fatal(mark, err)
	}
	return l
}

func modelRow(figures ...float64) message.Views {
	b := message.NewViewsBuilder(1, len(figures))
	b.Add(message.Origin{Instrument: market.MustInstrument("sim", "BTC-KRW"), Received: 1}, message.Quote{}, true, true, figures)
	return b.Build(message.ViewsFields{})
}

func said(changes []message.Classified) string {
	var all []string
	for _, m := range changes {
		f := m.Fields()
		all = append(all, fmt.Sprintf("%s %s: %s", f.To, f.Version, f.Reason))
	}
	return strings.Join(all, "|")
}

// TestModel holds what a model engine says: nothing before it is loaded, a class by thresholds with
// what decided, and its version.
func TestModel(t *testing.T) {
	cfg := boostedConfig()
	cfg.Version = "v7"
	c, err := New([]Config{cfg}, modelFeatures)
	if err != nil {
		t.Fatal(err)
	}
	btc := market.MustInstrument("sim", "BTC-KRW")
	if got := said(c.Step(modelRow(1, 0.01, 5))); got != "" {
		t.Errorf("%q before there is a model", got)
	}
	if ok, reason := c.Ready(btc); ok || reason != "gbm: no model is loaded yet" {
		t.Error(ok, reason)
	}
	first, second := stump("1", "0.2", "0.6"), stump("0.5", "-2", "1")
	c.Install(0, loadText(t, cfg, first))
	if ok, reason := c.Ready(btc); !ok {
		t.Error(reason)
	}
	v1, v2 := "v7-"+sumOf(first)[:12], "v7-"+sumOf(second)[:12]
	for _, want := range []struct {
		change, spread float64
		said           string
	}{
		{0.01, 5, "down " + v1 + ": output 0.2 >= -1: spread 0.5, change 1"},
		{0.01, 9, ""},
		{0.02, 9, "up " + v1 + ": output 0.6 >= 0.6: spread 0.9, change 2"},
		{nan, 9, ""},
		{0.02, nan, ""},
	} {
		if got := said(c.Step(modelRow(1, want.change, want.spread))); got != want.said {
			t.Errorf("%v %v: %q, want %q", want.change, want.spread, got, want.said)
		}
	}
	if ok, reason := c.Ready(btc); ok || reason != `gbm: input "spread": spread_bps is not known` {
		t.Error(ok, reason)
	}
	c.Install(0, loadText(t, cfg, second))
	if got, want := said(c.Step(modelRow(1, 0.02, 9))), "moon "+v2+": output 1 >= 0.9: spread 0.9, change 2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := said(c.Step(modelRow(1, 0, 9))), "flat "+v2+": output -2 < -1: spread 0.9, change 0"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if n := c.Counters(); n.Invalid != 0 || n.NotReady != 3 {
		t.Errorf("%+v", n)
	}
	for m := range c.Latest() { // for those who come late
		if f := m.Fields(); f.To != "flat" || f.Version != v2 {
			t.Error(m)
		}
	}
}

// TestModelMissing holds that what is optional goes into the model as missing.
func TestModelMissing(t *testing.T) {
	cfg := boostedConfig()
	cfg.Model.Inputs[0].Optional, cfg.Model.Inputs[1].Optional = true, true
	c, err := New([]Config{cfg}, modelFeatures)
	if err != nil {
		t.Fatal(err)
	}
	l := loadText(t, cfg, stump("1", "0.7", "-5"))
	c.Install(0, l)
	// decision_type 10: NaN is missing, and goes left.
	if got, want := said(c.Step(modelRow(1, nan, nan))), "up "+l.Version()+": output 0.7 >= 0.6: spread ?, change ?"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestModelClasses holds that the likeliest class of a model is taken.
func TestModelClasses(t *testing.T) {
	for objective, reason := range map[string]string{"multi:softprob": "likeliest with 0.5761168", "multi:softmax": "class 0: "} {
		cfg := classesConfig()
		c, err := New([]Config{cfg}, modelFeatures)
		if err != nil {
			t.Fatal(err)
		}
		c.Install(0, loadText(t, cfg, softprob(objective)))
		for _, want := range []struct {
			change float64
			class  message.ClassName
			reason string
		}{{-0.01, "down", reason}, {0.01, "up", ""}, {0.1, "wild", ""}} {
			got := c.Step(modelRow(1, want.change, 5))
			if len(got) != 1 || got[0].Fields().To != want.class || !strings.HasPrefix(got[0].Fields().Reason, want.reason) {
				t.Errorf("%s: %v gives %v, want %s %q", objective, want.change, got, want.class, want.reason)
			}
		}
	}
}

func TestModelDoesNotAllocate(t *testing.T) {
	cfg := boostedConfig()
	c, err := New([]Config{cfg}, modelFeatures)
	if err != nil {
		t.Fatal(err)
	}
	c.Install(0, loadText(t, cfg, stump("1", "0.2", "0.6")))
	views := modelRow(1, 0.01, 5)
	c.Step(views)
	if n := testing.AllocsPerRun(100, func() { c.Step(views) }); n != 0 {
		t.Errorf("%v allocations where nothing changes", n)
	}
}

// TestModelBars holds that inputs over bars are told of them.
func TestModelBars(t *testing.T) {
	cfg := boostedConfig()
	cfg.Model.Inputs[1].Value = "price - sma(2, 1d)"
	cfg = cfg.ToldOf([]time.Duration{time.Hour, barDay})
	if len(cfg.Bars) != 1 || len(cfg.Needs()) != 1 || cfg.Needs()[0].Bars != 2 || strings.Join(cfg.Features(), " ") != "spread_bps price" {
		t.Fatalf("%+v %v", cfg, cfg.Features())
	}
	c, err := New([]Config{cfg}, modelFeatures)
	if err != nil {
		t.Fatal(err)
	}
	c.Install(0, loadText(t, cfg, stump("1", "0.2", "0.6")))
	btc := market.MustInstrument("sim", "BTC-KRW")
	c.Bar(dailyBar(t, btc, 1, "10", true))
	if got := said(c.Step(modelRow(12, 0, 5))); got != "" {
		t.Error(got)
	}
	if _, reason := c.Ready(btc); !strings.Contains(reason, `input "change": sma(2, 1d) wants 2 bars of 1d, 1 there`) {
		t.Error(reason)
	}
	c.Bar(dailyBar(t, btc, 2, "10", true))
	if got := said(c.Step(modelRow(12, 0, 5))); !strings.Contains(got, "up ") || !strings.Contains(got, "change 2") {
		t.Error(got)
	}
}

// TestLoadRefuses holds that a file is refused for what is wrong with it, and that it is told from
// what is wrong with the way to it.
func TestLoadRefuses(t *testing.T) {
	good := stump("1", "0.2", "0.6")
	lost := errors.New("connection lost")
	for name, c := range map[string]struct {
		change func(*Config)
		file   io.Reader
		want   string
		way    bool // the way, not the file
	}{
		"sound":       {file: strings.NewReader(good)},
		"truncated":   {file: strings.NewReader(good[:200]), want: "model: LightGBM: line"},
		"empty":       {file: strings.NewReader(""), want: `want "tree"`},
		"other":       {file: strings.NewReader("<html>"), want: "is it a model saved as text by LightGBM?"},
		"xgboost":     {change: func(c *Config) { c.Model.Format = XGBoost }, file: strings.NewReader(good), want: "model: XGBoost"},
		"checksum":    {change: func(c *Config) { c.Model.SHA256 = sumOf("x") }, file: strings.NewReader(good), want: "its sha256 is " + sumOf(good) + ", want " + sumOf("x")},
		"both":        {change: func(c *Config) { c.Model.SHA256 = sumOf("x") }, file: strings.NewReader("tree\nbad"), want: "its sha256 is"},
		"right":       {change: func(c *Config) { c.Model.SHA256 = sumOf(good + "rest") }, file: strings.NewReader(good + "rest")},
		"large":       {change: func(c *Config) { c.Model.BytesMax = 300 }, file: strings.NewReader(good), want: "more than the 300 bytes that are allowed"},
		"just":        {change: func(c *Config) { c.Model.BytesMax = int64(len(good)) }, file: iotest.OneByteReader(strings.NewReader(good))},
		"lost":        {file: io.MultiReader(strings.NewReader(good[:200]), iotest.ErrReader(lost)), want: "connection lost", way: true},
		"lost behind": {file: io.MultiReader(strings.NewReader(good), iotest.ErrReader(lost)), want: "connection lost", way: true},
		"no input": {change: func(c *Config) { c.Model.Inputs = c.Model.Inputs[:1] }, file: strings.NewReader(good),
			want: `the model has the feature "change", for which there is no input: add an input with name = "change"`},
		"misspelt": {change: func(c *Config) { c.Model.Inputs[1].Name = "chnge" }, file: strings.NewReader(good),
			want: `add an input with name = "change", or mend "chnge"`},
		"no feature": {change: func(c *Config) { c.Model.Inputs = append(c.Model.Inputs, Input{Name: "volume", Value: "price"}) }, file: strings.NewReader(good),
			want: `the model has no feature "volume", for which there is an input: take it out`},
		"one output":    {change: func(c *Config) { *c = classesConfig(); c.Model.Format = LightGBM }, file: strings.NewReader(good), want: "the model gives one number"},
		"three classes": {change: func(c *Config) { c.Model.Format = XGBoost }, file: strings.NewReader(softprob("multi:softprob")), want: "the model has 3 classes, and thresholds are for one output"},
		"two named": {change: func(c *Config) { *c = classesConfig(); c.Model.Outputs = c.Model.Outputs[:2] }, file: strings.NewReader(softprob("multi:softmax")),
			want: "the model has 3 classes, 2 are named"},
	} {
		cfg := boostedConfig()
		if c.change != nil {
			c.change(&cfg)
		}
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		l, mark, err := Load(t.Context(), cfg, once{c.file}, "")
		switch {
		case mark != "it":
			t.Errorf("%s: mark %q", name, mark)
		case c.want == "" && (err != nil || l == nil):
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (l != nil || err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrRefused) == c.way):
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if l, mark, err := Load(t.Context(), boostedConfig(), text(good), text(good).mark()); l != nil || mark != text(good).mark() || err != nil {
		t.Errorf("what was seen: %v %q %v", l, mark, err)
	}
	if _, _, err := Load(t.Context(), boostedConfig(), once{iotest.ErrReader(nil)}, ""); err == nil {
		t.Error("no end")
	}
	if _, _, err := Load(t.Context(), boostedConfig(), once{panics{}}, ""); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "oh no") {
		t.Errorf("a reader that panics: %v", err)
	}
}

// once is a source of one reader.
type once struct{ file io.Reader }

func (s once) Open(context.Context, string) (io.ReadCloser, string, error) {
	return io.NopCloser(s.file), "it", nil
}

type panics struct{}

func (panics) Read([]byte) (int, error) { panic("oh no") }

func TestValidateModel(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"format":         {func(c *Config) { c.Model.Format = "onnx" }, `format "onnx": want xgboost or lightgbm`},
		"sha256":         {func(c *Config) { c.Model.SHA256 = strings.ToUpper(sumOf("a")) }, "want 64 digits"},
		"bytes":          {func(c *Config) { c.Model.BytesMax = 0 }, "bytes at most 0"},
		"poll":           {func(c *Config) { c.Model.Poll = time.Millisecond }, "poll every 1ms"},
		"inputs":         {func(c *Config) { c.Model.Inputs = nil }, "0 inputs"},
		"input name":     {func(c *Config) { c.Model.Inputs[0].Name = "a\nb" }, "input 1 has the name"},
		"input twice":    {func(c *Config) { c.Model.Inputs[0].Name = "change" }, `input "change" is there twice`},
		"input value":    {func(c *Config) { c.Model.Inputs[0].Value = "price +" }, `input "spread": value: column`},
		"input bars":     {func(c *Config) { c.Model.Inputs[0].Value = "sma(3, 1d)" }, `sma reads bars, and there are none here`},
		"classes":        {func(c *Config) { c.Model.Outputs = nil }, "0 classes"},
		"class twice":    {func(c *Config) { c.Model.Outputs[0].Name = "down" }, `class "down" is there twice`},
		"from":           {func(c *Config) { c.Model.Outputs[0].From = "NaN" }, `from "NaN": want a number`},
		"from twice":     {func(c *Config) { c.Model.Outputs[0].From = "0.90" }, "from 0.9 is that of another class"},
		"some from":      {func(c *Config) { c.Model.Outputs[1].From = "" }, "2 of 3 classes have from"},
		"alone":          {func(c *Config) { c.Model.Outputs = []Output{{"up", ""}} }, "one class without from"},
		"default":        {func(c *Config) { c.Default = Untrusted }, "default: untrusted is for instruments"},
		"default beside": {func(c *Config) { *c = classesConfig(); c.Default = "flat" }, "default is for classes with from"},
		"range":          {func(c *Config) { c.Low = "price" }, "are for engines of other types"},
		"version":        {func(c *Config) { c.Version = strings.Repeat("v", 52) }, "version has 52 bytes: want at most 51"},
	} {
		cfg := boostedConfig()
		c.change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	for _, cfg := range []Config{boostedConfig(), classesConfig()} {
		if err := cfg.Validate(); err != nil {
			t.Error(err)
		}
	}
	_, err := New([]Config{boostedConfig()}, []string{"price", "change_1m", "spred_bps"})
	if err == nil || !strings.Contains(err.Error(), "did you mean spred_bps?") {
		t.Error(err)
	}
}

// FuzzLoad holds that no file can do more than be refused.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(stump("1", "0.2", "0.6")))
	f.Fuzz(func(t *testing.T, file []byte) {
		cfg := boostedConfig()
		l, _, err := Load(t.Context(), cfg, once{bytes.NewReader(file)}, "")
		if (l == nil) == (err == nil) {
			t.Fatal(l, err)
		}
		if l == nil {
			return
		}
		c, err := New([]Config{cfg}, modelFeatures)
		if err != nil {
			t.Fatal(err)
		}
		c.Install(0, l)
		c.Step(modelRow(1, 0.01, 5))
	})
}
