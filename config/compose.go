package config

import "github.com/maru-trading/maru/actors/classifier"

// Classifier returns the engine as package classifier wants it.
func (e *Engine) Classifier() classifier.Config {
	c := classifier.Config{Name: e.Name, Type: classifier.Type(e.Type), Default: e.Default,
		Feature: e.Feature, Low: e.Low, High: e.High, Margin: e.Margin}
	for _, class := range e.Classes {
		c.Classes = append(c.Classes, classifier.Class(class))
	}
	return c
}
