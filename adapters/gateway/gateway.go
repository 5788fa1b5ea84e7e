// Package gateway is the ground that the order gateways of venues stand on: secrets that never
// print, one HTTP request with an honest outcome, a private stream that is renewed before the venue
// cuts it, the venue's clock, and what the venue lets us ask.
//
// It imports market, and message for what goes back to the actor. The packages below it (binance,
// upbit, …) each turn the orders of one venue into requests and its answers into reports; the actor
// that owns the interface they satisfy is not known here.
//
// One rule runs through all of it: whether a request took effect is only ever said where it is
// known. A request that timed out, was torn, or was answered by a 5xx is Unknown, and is never sent
// again by anything in here.
package gateway
