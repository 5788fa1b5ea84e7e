// Package spot is a spot exchange as a function: requests go in, answers and frames come out, and time
// moves when it is told to. It speaks Binance's REST and WebSocket protocol of 2026 and misbehaves on
// command.
//
// A Venue has no clock, goroutine, socket or file. Do takes an HTTP request and returns its answer;
// Open, Receive and Close are a WebSocket connection, and Take returns what was sent over all of them.
// Advance lets time run: the seeded traders of package sim trade, orders that rest are filled, delayed
// frames become due, scheduled faults begin. The same configuration and the same calls give the
// same bytes on every machine.
//
// Inject makes the venue misbehave; every misbehavior is counted. Ledger says what really happened:
// every request, acceptance, fill and cancel, whatever the client was told. Audit checks that no
// money was made or lost.
//
// The package imports market and sim. Package spotserver puts it behind sockets; a simulation of a
// whole node drives it in virtual time.
//
// Sources: github.com/binance/binance-spot-api-docs at a5e0bc3 (2026-07-21): rest-api, web-socket-api,
// user-data-stream, errors, filters, enums and faqs. Where they leave something open, the comment there
// says what was chosen.
package spot
