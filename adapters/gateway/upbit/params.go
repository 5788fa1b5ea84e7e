package upbit

import (
	"net/url"
	"strings"

	"github.com/go-faster/jx"
)

// params are a request's parameters, in the order in which they are sent: what is signed must stand
// in the same order (docs.upbit.com/kr/reference/auth). A name that ends in [] may stand several
// times.
type params []param

type param struct{ name, value string }

func (p params) with(name, value string) params { return append(p, param{name, value}) }

// plain writes the parameters as a query without escapes, which is what query_hash is made of.
func (p params) plain() string {
	var b strings.Builder
	for i, q := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(q.name)
		b.WriteByte('=')
		b.WriteString(q.value)
	}
	return b.String()
}

// query writes the parameters as a query, escaped: that of the URL of a GET or DELETE.
func (p params) query() string {
	var b strings.Builder
	for i, q := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(q.name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(q.value))
	}
	return b.String()
}

// body writes the parameters as a JSON object of strings, which is what a POST carries. No name stands
// twice in one.
func (p params) body() []byte {
	var e jx.Encoder
	e.Obj(func(e *jx.Encoder) {
		for _, q := range p {
			e.Field(q.name, func(e *jx.Encoder) { e.Str(q.value) })
		}
	})
	return e.Bytes()
}
