// Package sqlite is the view that people query: orders, executions and order events as the
// journal tells them, and bars. The journal is the truth; what is about orders here can be built
// anew from it at any time (View.Forget, then ApplyOrderEvents), and a view that fails halts
// nothing. Bars are kept here alone.
//
// Decimals are TEXT and exact, times INTEGER nanoseconds since 1970 UTC (0: not known), so that
// any SQLite client reads them. Writing is for one Writer per file; reading is for anyone, also
// for other processes, at the same time.
//
// The package imports market and message; cmd hands it to those who need it.
package sqlite
