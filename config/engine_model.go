package config

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/message"
)

const (
	engineModel = string(classifier.Model)
	inputsMax   = 1024
)

func isModel(e *Engine) bool { return e.Type == engineModel }

var modelSection = &section[Model]{
	name: "engine.model",
	doc:  "What an engine of type model evaluates: gradient-boosted trees that XGBoost or LightGBM trained (docs/engines.md).",
	keys: []key[Model]{
		field("file", file("the path of a file"), func(m *Model) *string { return &m.File },
			"The model on this machine. Replace it by renaming a new one over it. Relative to this file.").otherwise("none: url says where it is", `"model.txt"`),
		field("url", endpoint("https", "http"), func(m *Model) *string { return &m.URL },
			"The model on a web server.").otherwise("none: file says where it is", `"https://models.example.org/momentum.txt"`),
		field("format", choice(string(classifier.XGBoost), string(classifier.LightGBM)), func(m *Model) *string { return &m.Format },
			"xgboost: JSON, as save_model writes it to a name that ends in .json. lightgbm: text, as save_model writes it.").otherwise("", `"lightgbm"`).need(),
		field("sha256", word[string](sha256Rule), func(m *Model) *string { return &m.SHA256 },
			"Checksum of the file: any other is refused.").otherwise("none: any file is taken that fits", `"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`),
		field("version", word[string](versionRule), func(m *Model) *string { return &m.Version },
			"Stands before the beginning of the checksum in the version that classes carry.").otherwise("the beginning of the checksum alone", `"2026-11"`),
		field("max_size", size(1e3, classifier.BytesMost), func(m *Model) *Size { return &m.MaxSize },
			"A larger file is refused. In memory a model takes about as much as in its file; twice that while a new one replaces it."),
		field("poll", duration(0, day), func(m *Model) *time.Duration { return &m.Poll },
			"How often to look for a new version, at least 1s; 0s is never. A replay never looks."),
		entries("input", inputSection, func(m *Model) *[]ModelInput { return &m.Inputs }, inputsMax),
		entries("class", modelClassSection, func(m *Model) *[]ModelClass { return &m.Classes }, classesMax),
	},
	defaults: func() Model { return Model{MaxSize: 1e9, Poll: 30 * time.Second} },
	finish:   finishModel,
}

var inputSection = &section[ModelInput]{
	name: "engine.model.input",
	doc:  "What one feature of the model is computed from. Every feature of the model needs one.",
	keys: []key[ModelInput]{
		field("name", word[string](inputName), func(in *ModelInput) *string { return &in.Name },
			"Name of the feature in the model; f0, f1 ... where its file has no names.").otherwise("", `"return_1m"`).need(),
		field("value", word[string](figure), func(in *ModelInput) *string { return &in.Value },
			"A number, a duration (in seconds) or what is true or false (1 or 0), in the language of criteria.").otherwise("the figure called name", `"100 * change_1m"`),
		field("optional", truth(), func(in *ModelInput) *bool { return &in.Optional },
			"Hands the model a missing value where it is not known. Without it the engine judges nothing until it is."),
	},
}

var modelClassSection = &section[ModelClass]{
	name: "engine.model.class",
	doc:  "A class of a model engine. With from in all of them they are thresholds on the model's one output. Without, they are the model's own classes in its order, and the likeliest is taken.",
	keys: []key[ModelClass]{
		field("name", word[message.ClassName](nameRule), func(c *ModelClass) *message.ClassName { return &c.Name },
			"Rules name it. Unique within the engine.").otherwise("", `"up"`).need(),
		field("from", plainNumber(), func(c *ModelClass) *string { return &c.From },
			"Least output of the class, that number included; the class with the highest from that is reached is taken, the engine's default where none is.").
			otherwise("none: the model's own classes", "0.6"),
	},
}

// sha256Rule is a checksum as sha256sum prints it.
var sha256Rule = rule{
	want: "64 hexadecimal digits 0-9 and a-f",
	hint: func(text string) (string, bool) {
		sum, err := hex.DecodeString(text)
		return "the first word that sha256sum prints", err == nil && len(sum) == 32 && text == strings.ToLower(text)
	},
}

var versionRule = rule{
	want: "1 to 51 letters, digits, _ - . or +",
	hint: func(text string) (string, bool) {
		ok := len(text) >= 1 && len(text) <= 51
		for _, c := range []byte(text) {
			ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-.+", c) >= 0)
		}
		return "", ok
	},
}

var inputName = rule{
	want: "the name of a feature of the model, 1 to 128 bytes",
	hint: func(text string) (string, bool) {
		return "no control characters", len(text) >= 1 && len(text) <= 128 &&
			!strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' })
	},
}

// figure is an expression of a number; what it says is checked by the classifier.
var figure = rule{want: "an expression of 1 to 1000 bytes, such as \"100 * change_1m\"", hint: expression.hint}

// plainNumber is a number where none at all means something else than zero.
func plainNumber() kind[string] {
	const want = "a number"
	return kind[string]{
		want: want,
		read: func(r *reader, path string, raw any) (string, bool) {
			f := math.NaN()
			switch v := raw.(type) {
			case float64:
				f = v
			case int64:
				f = float64(v)
			}
			if math.IsInf(f, 0) || f != f {
				r.fault(path, "want "+want, describe(raw), "")
				return "", false
			}
			return strconv.FormatFloat(f, 'g', -1, 64), true
		},
		format: func(text string) string {
			if text != "" && !strings.ContainsAny(text, ".e") {
				text += ".0"
			}
			return text
		},
	}
}

func finishModel(r *reader, path string, given func(string) bool, m *Model) {
	r.onlyOne(path, given, "file", "url")
	if !given("file") && !given("url") {
		r.missing(path, "file", "or url in a model engine", `"model.txt"`)
	}
	if m.Poll != 0 && m.Poll < classifier.PollLeast {
		r.fault(joinKey(path, "poll"), "want at least 1s, or 0s for never", quote(formatDuration(m.Poll)), "")
	}
	if len(m.Inputs) == 0 && !given("input") {
		r.faultKey(path, "want an [[engine.model.input]] for every feature of the model", "none", "add [[engine.model.input]] with name and value")
	}
	if len(m.Classes) == 0 && !given("class") {
		r.faultKey(path, "want at least one [[engine.model.class]]", "none", "add [[engine.model.class]] with name and from")
	}
	unique(r, joinKey(path, "input"), m.Inputs, func(in *ModelInput) string { return in.Name })
	unique(r, joinKey(path, "class"), m.Classes, func(c *ModelClass) string { return string(c.Name) })
	r.finishModelClasses(path, m)
}

func (r *reader) finishModelClasses(path string, m *Model) {
	from := make(map[string]int)
	for i, c := range m.Classes {
		at := joinIndex(joinKey(path, "class"), i)
		if c.Name == ClassUntrusted {
			r.fault(joinKey(at, "name"), "want another name", quote(string(c.Name)), "untrusted is the class of data that may be wrong")
		}
		switch first, twice := from[c.From]; {
		case c.From == "" && m.byThreshold():
			r.faultKey(joinKey(at, "from"), "want from in every class or in none", "none here", "say from which output on it is "+string(c.Name))
		case c.From != "" && twice:
			r.fault(joinKey(at, "from"), "want each threshold once", c.From+" again", fmt.Sprintf("it is that of class %s, too", m.Classes[first].Name))
		}
		from[c.From] = i
	}
	if len(m.Classes) == 1 && m.Classes[0].From == "" {
		r.faultKey(joinKey(joinIndex(joinKey(path, "class"), 0), "from"), "want from, or all classes of the model", "neither", "add from = 0.5")
	}
}

// finishModelEngine checks the engine around a model.
func finishModelEngine(r *reader, path string, given func(string) bool, e *Engine) {
	r.misplaced(path, given, "in engines of other types", "the classes of a model are [[engine.model.class]]", "class", "feature", "low", "high", "margin")
	e.Classes = nil
	switch {
	case e.Model == nil:
		r.faultKey(path, "want a table [engine.model] in a model engine", "none", "add [engine.model] with file, format, inputs and classes")
	case !e.Model.byThreshold():
		r.misplaced(path, given, "where the classes of the model have from", "the likeliest class always is one", "default")
		e.Default = ""
	case e.Default == ClassUntrusted:
		r.fault(joinKey(path, "default"), "want another name", quote(string(e.Default)), "untrusted is the class of data that may be wrong")
	}
}

// checkModel checks what the inputs of a model read.
func (c *Config) checkModel(r *reader, path string, m *Model) {
	for i, in := range m.Inputs {
		if in.Name == "" {
			continue // a fault already
		}
		at := joinIndex(joinKey(joinKey(path, "model"), "input"), i)
		if in.Value != "" {
			at = joinKey(at, "value")
		} else {
			at = joinKey(at, "name")
		}
		_, err := classifier.CompileFigures(in.expression(), c.known, c.examples(), c.State.Bars...)
		c.expressionFaults(r, at, "an expression", err)
	}
}

// classNames of a model, and the class under all its thresholds.
func (m *Model) classNames(other message.ClassName) []message.ClassName {
	var names []message.ClassName
	for _, class := range m.Classes {
		names = append(names, class.Name)
	}
	if m.byThreshold() && !slices.Contains(names, other) {
		names = append(names, other)
	}
	return names
}

func (m *Model) explain(other message.ClassName) string {
	var names []string
	for _, name := range m.classNames(other) {
		names = append(names, string(name))
	}
	where := m.File
	if where == "" {
		where, _, _ = strings.Cut(m.URL, "?") // a key may stand behind it
	}
	return fmt.Sprintf("%s; %s model of %s", strings.Join(names, ", "), m.Format, where)
}
