package config

import (
	"slices"

	"github.com/maru-trading/maru/actors/classifier"
)

// Classifier returns engine i as package classifier wants it: with those of the bars of [state] that
// its criteria read.
func (c *Config) Classifier(i int) classifier.Config {
	return c.Engines[i].classifier().ToldOf(c.State.Bars)
}

func (e *Engine) classifier() classifier.Config {
	c := classifier.Config{Name: e.Name, Type: classifier.Type(e.Type), Default: e.Default,
		Feature: e.Feature, Low: e.Low, High: e.High, Margin: e.Margin}
	for _, class := range e.Classes {
		c.Classes = append(c.Classes, classifier.Class(class))
	}
	if m := e.Model; m != nil {
		c.Version = m.Version
		c.Model = classifier.ModelConfig{Format: classifier.Format(m.Format), SHA256: m.SHA256, BytesMax: int64(m.MaxSize), Poll: m.Poll}
		for _, in := range m.Inputs {
			c.Model.Inputs = append(c.Model.Inputs, classifier.Input{Name: in.Name, Value: in.expression(), Optional: in.Optional})
		}
		for _, class := range m.Classes {
			c.Model.Outputs = append(c.Model.Outputs, classifier.Output(class))
		}
		if !m.byThreshold() {
			c.Default = ""
		}
	}
	return c
}

// expression is what the input is computed from.
func (in *ModelInput) expression() string {
	if in.Value == "" {
		return in.Name
	}
	return in.Value
}

// byThreshold reports whether the classes are thresholds.
func (m *Model) byThreshold() bool {
	return slices.ContainsFunc(m.Classes, func(c ModelClass) bool { return c.From != "" })
}
