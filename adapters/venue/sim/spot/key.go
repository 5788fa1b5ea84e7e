package spot

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/maru-trading/maru/actors/market"
)

// Key is an API key of an account: an HMAC secret or an Ed25519 public key. It prints as its id.
type Key struct {
	ID       string            // what goes into X-MBX-APIKEY; 1 to 128 letters and digits
	Secret   string            // of an HMAC key; else empty
	Public   ed25519.PublicKey // of an Ed25519 key; else nil
	ReadOnly bool              // may not place or cancel orders
	Withdraw bool              // may withdraw; this exchange has no withdrawals, but apiRestrictions says so
}

// String returns the id.
func (k Key) String() string { return k.ID }

// GoString returns the id, too: no secret gets into a log.
func (k Key) GoString() string { return "spot.Key(" + k.ID + ")" }

var keyPattern = regexp.MustCompile(`^[A-Za-z0-9]{1,128}$`)

func (k Key) validate() error {
	switch {
	case !keyPattern.MatchString(k.ID):
		return fmt.Errorf("key %.20q: want 1 to 128 letters and digits", k.ID)
	case k.Secret == "" && k.Public == nil, k.Secret != "" && k.Public != nil:
		return fmt.Errorf("key %.20s: want either a secret or a public key", k.ID)
	case k.Public != nil && len(k.Public) != ed25519.PublicKeySize:
		return fmt.Errorf("key %.20s: want a public key of %d bytes", k.ID, ed25519.PublicKeySize)
	}
	return nil
}

// verify reports whether signature, as a client sends it, is of payload: hex in either case for HMAC,
// base64 for Ed25519 (rest-api.md, Signature Case Sensitivity).
func (k Key) verify(payload, signature string) bool {
	if k.Public != nil {
		raw, err := base64.StdEncoding.DecodeString(signature)
		return err == nil && ed25519.Verify(k.Public, []byte(payload), raw)
	}
	raw, err := hex.DecodeString(strings.ToLower(signature))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(k.Secret))
	mac.Write([]byte(payload))
	return hmac.Equal(raw, mac.Sum(nil))
}

// Account is who trades: keys, what it has at the start, and the share of a trade that it pays.
type Account struct {
	Name         string // 1 to 64 letters, digits, - and _
	Keys         []Key
	Balances     map[string]market.Decimal // free at the start, by asset; whole counts of 1e-8
	Maker, Taker market.Decimal            // commission: 0.001 is 0.1 %; 0 to 0.1
}

var (
	accountPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	assetPattern   = regexp.MustCompile(`^[A-Z0-9]{1,20}$`)
	rateMax        = market.MustDecimal("0.1")
)

func (a Account) validate() error {
	var faults []error
	fault := func(format string, values ...any) {
		faults = append(faults, fmt.Errorf("account %.64q: "+format, append([]any{a.Name}, values...)...))
	}
	if !accountPattern.MatchString(a.Name) {
		fault("want a name of letters, digits, - and _")
	}
	for _, k := range a.Keys {
		if err := k.validate(); err != nil {
			fault("%w", err)
		}
	}
	for asset, b := range a.Balances {
		switch {
		case !assetPattern.MatchString(asset):
			fault("balance of %.20q: no asset is named so", asset)
		case b.Sign() < 0 || balanceMax.Less(b) || !b.IsMultipleOf(step):
			fault("balance of %s %s: want 0 to %s, with at most eight decimals", b, asset, balanceMax)
		}
	}
	for _, r := range []market.Decimal{a.Maker, a.Taker} {
		if r.Sign() < 0 || rateMax.Less(r) || !r.IsMultipleOf(step) {
			fault("commission %s: want 0 to %s, with at most eight decimals", r, rateMax)
		}
	}
	return errors.Join(faults...)
}
