package config

import "github.com/maru-trading/maru/actors/classifier"

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
	return c
}
