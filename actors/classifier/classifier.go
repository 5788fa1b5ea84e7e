// Package classifier puts instruments into classes. Engines judge every row of message.Views, and
// a message.Classified goes out only when the class of an instrument changes.
//
// Core is pure: it reads no clock, and the same rows in the same order give the same changes. A
// criteria engine tries classes in order, each with a criterion (in the language of package
// criteria); a range engine says on which side of a range a feature is. Both judge without
// allocating, and put into words why they decided only when the class changes.
//
// What an engine reads may not be known yet: then its answer is not ready, and the class stays.
//
// The package imports market, message and its own parts: indicator, which holds the blocks that
// indicators are made of; criteria, the language; and beside it screening, which judges whole
// universes by columns. The actor's shell calls Core; the configuration calls
// Config.Features to derive what state has to compute.
package classifier
