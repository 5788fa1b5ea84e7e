package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/maru-trading/maru/actors/market"
)

// single is a table that is always there: without it in the file, its defaults hold.
func single[S, C any](name string, c *section[C], at func(*S) *C) key[S] {
	return key[S]{
		name: name, want: "a table [" + c.name + "]", doc: c.doc,
		read:   func(r *reader, path string, raw any, s *S) { c.read(r, path, raw, at(s)) },
		tables: func() []TableReference { return c.reference(false) },
		write:  func(w *writer, s *S) { writeTable(w, c, at(s), "["+c.name+"]") },
	}
}

// optional is a table that may be there or not.
func optional[S, C any](name string, c *section[C], at func(*S) **C) key[S] {
	return key[S]{
		name: name, want: "a table [" + c.name + "]", doc: c.doc,
		read: func(r *reader, path string, raw any, s *S) {
			*at(s) = new(C)
			c.read(r, path, raw, *at(s))
		},
		tables: func() []TableReference { return c.reference(false) },
		write: func(w *writer, s *S) {
			if table := *at(s); table != nil {
				writeTable(w, c, table, "["+c.name+"]")
				return
			}
			showTable(w, c, "["+c.name+"]")
		},
	}
}

// entries is a list of at most that many tables.
func entries[S, C any](name string, c *section[C], at func(*S) *[]C, most int) key[S] {
	return key[S]{
		name: name, want: fmt.Sprintf("up to %d tables [[%s]]", most, c.name), doc: c.doc,
		read: func(r *reader, path string, raw any, s *S) {
			var items []any
			switch v := raw.(type) {
			case []map[string]any:
				for _, item := range v {
					items = append(items, item)
				}
			case []any:
				items = v
			case map[string]any:
				r.fault(path, "want a list of tables", "a single table", "write [["+c.name+"]] in double brackets")
				return
			default:
				r.fault(path, "want a list of tables, as in [["+c.name+"]]", describe(raw), "")
				return
			}
			if len(items) > most {
				r.fault(joinIndex(path, most), fmt.Sprintf("want at most %d tables [[%s]]", most, c.name), fmt.Sprint(len(items)), "")
				items = items[:most]
			}
			list := make([]C, len(items))
			for i, item := range items {
				c.read(r, joinIndex(path, i), item, &list[i])
			}
			if len(list) > 0 {
				*at(s) = list
			}
		},
		tables: func() []TableReference { return c.reference(true) },
		write: func(w *writer, s *S) {
			list := *at(s)
			for i := range list {
				writeTable(w, c, &list[i], "[["+c.name+"]]")
			}
			if len(list) == 0 {
				showTable(w, c, "[["+c.name+"]]")
			}
		},
	}
}

// balanceKey is account.balance: a table whose keys are currencies.
func balanceKey() key[Account] {
	const doc = "What a paper account begins with, by currency: its balance is this and what its fills made of it. Orders beyond it are refused; without any balance, none are."
	of := amount("0")
	return key[Account]{
		name: "balance", want: "a table [account.balance] of currencies", doc: doc,
		read: func(r *reader, path string, raw any, a *Account) {
			fields, ok := raw.(map[string]any)
			if !ok || len(fields) > currenciesMax {
				r.fault(path, fmt.Sprintf("want a table [account.balance] of up to %d currencies", currenciesMax), describe(raw), "")
				return
			}
			a.Balance = make(map[string]market.Amount, len(fields))
			for _, currency := range slices.Sorted(maps.Keys(fields)) {
				at := joinKey(path, currency)
				if !isCurrency(currency) {
					hint := ""
					if upper := strings.ToUpper(currency); isCurrency(upper) {
						hint = "did you mean " + upper + "?"
					}
					found := "something else"
					if !looksSecret(currency) {
						found = fmt.Sprintf("%q", clip(currency))
					}
					r.faultKey(at, "want a currency of 1 to 20 letters A-Z and digits", found, hint)
					continue
				}
				if v, ok := of.read(r, at, fields[currency]); ok {
					a.Balance[currency] = v
				}
			}
		},
		tables: func() []TableReference {
			return []TableReference{{Table: "account.balance", Doc: doc, Keys: []KeyReference{{
				Name: "CURRENCY", Want: of.want, Default: "none", Doc: "Amount of that currency; the key is its name, such as KRW or USDT.",
			}}}}
		},
		write: func(w *writer, a *Account) {
			if len(a.Balance) == 0 && (!w.comments || w.seen["account.balance"]) {
				return
			}
			was := w.muted
			w.muted = w.muted || len(a.Balance) == 0
			w.table("[account.balance]", "account.balance", doc)
			w.muted = was
			for _, currency := range slices.Sorted(maps.Keys(a.Balance)) {
				w.set(currency + " = " + quote(a.Balance[currency].String()))
			}
		},
	}
}

func isCurrency(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(text) >= 1 && len(text) <= 20
}
