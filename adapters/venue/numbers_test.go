package venue_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/maru-trading/maru/adapters/venue"
	"github.com/maru-trading/maru/adapters/venue/scan"
)

// TestNumbersReadAlike: a price and a quantity are what their token is, or are refused with the same
// words, however they are written and by whichever way they are read.
func TestNumbersReadAlike(t *testing.T) {
	texts := []string{"", "0", "00", "01", "1", "-1", "+1", "-0", "1.", ".5", "1.5", "1.50", "1e3", "1.16539E8", "1E-20", "1 ", " 1", "null", "true", "[]", "{}", "abc",
		"0.000000000000000001", "0.0000000000000000001", "999999999999999999", "9999999999999999999", "170141183460469231731", "170141183460469231732",
		"123456789012345678.5", "12345678.12345678", "12345678.123456789012345678", "1.2.3", "1,5", "0x10"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		texts = append(texts, fmt.Sprintf("%.*f", r.IntN(20), r.ExpFloat64()*math.Pow10(r.IntN(12))))
	}
	read := 0
	for _, text := range texts {
		for _, form := range []string{"[%s]", `["%s"]`, `[%s,0]`, `{"a":%s}`} {
			frame := fmt.Sprintf(form, text)
			at := func() *scan.Decoder {
				d := scan.DecodeStr(frame)
				if d.Next() == scan.Object {
					_ = d.Object()
					d.NextKey()
				} else {
					_ = d.Array()
					d.More()
				}
				return d
			}
			d := at()
			token, tokenErr := venue.ReadToken(d)
			wantPrice, wantErr := token.Price("f")
			wantQuantity, wantErr2 := token.Quantity("f")
			if tokenErr != nil {
				wantErr, wantErr2 = tokenErr, tokenErr
			}
			check := func(what string, got, want any, written []byte, err, wantErr error) {
				if fmt.Sprint(err) != fmt.Sprint(wantErr) || err == nil && (got != want || written != nil && string(written) != string(token.Text)) {
					t.Fatalf("%s: %s is %v (%q), %v; want %v, %v", frame, what, got, written, err, want, wantErr)
				}
			}
			price, err := venue.ReadPrice(at(), "f")
			check("the price", price, wantPrice, nil, err, wantErr)
			quantity, err := venue.ReadQuantity(at(), "f")
			check("the quantity", quantity, wantQuantity, nil, err, wantErr2)
			price, written, err := venue.ReadWrittenPrice(at(), "f")
			check("the price as written", price, wantPrice, written, err, wantErr)
			quantity, written, err = venue.ReadWrittenQuantity(at(), "f")
			check("the quantity as written", quantity, wantQuantity, written, err, wantErr2)
			if err == nil {
				read++
			}
		}
	}
	if read < 4000 {
		t.Errorf("only %d numbers were read", read)
	}
}
