package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/maru-trading/maru/adapters/venue/sim/spot"
)

// venueKeys is the file of the made-up keys of maru venue.
type venueKeys struct {
	Accounts []venueAccount `json:"accounts"`
}

type venueAccount struct {
	Name string     `json:"name"`
	Keys []venueKey `json:"keys"`
}

// venueKey is a key with what signs for it.
type venueKey struct {
	Type       string `json:"type"` // hmac or ed25519
	Key        string `json:"key"`
	Secret     string `json:"secret,omitempty"`      // hmac
	PrivateKey string `json:"private_key,omitempty"` // ed25519: PKCS#8 in PEM
	ReadOnly   bool   `json:"read_only,omitempty"`
}

// accounts returns who may trade, and where their keys are.
func (f *venueFlags) accounts() (all []spot.Account, where string, err error) {
	if f.key != "" {
		secret, err := readSecret(f.secretFile)
		if err != nil {
			return nil, "", fmt.Errorf("--secret-file: %w", err)
		}
		a, err := f.account("one")
		a.Keys = []spot.Key{{ID: f.key, Secret: secret, Withdraw: f.withdraw}}
		return []spot.Account{a}, f.secretFile, err
	}
	keys, err := readVenueKeys(f.keysFile)
	if errors.Is(err, fs.ErrNotExist) {
		keys, err = writeVenueKeys(f.keysFile)
	}
	if err != nil {
		return nil, "", fmt.Errorf("--keys: %w", err)
	}
	for _, k := range keys.Accounts {
		a, err := f.account(k.Name)
		if err != nil {
			return nil, "", err
		}
		for _, key := range k.Keys {
			one, err := key.spot()
			if err != nil {
				return nil, "", fmt.Errorf("--keys %s: key %.20q of %.64q: %w", f.keysFile, key.Key, k.Name, err)
			}
			one.Withdraw = f.withdraw
			a.Keys = append(a.Keys, one)
		}
		all = append(all, a)
	}
	return all, f.keysFile, nil
}

// readSecret reads a file that only its owner may read.
func readSecret(path string) (string, error) {
	b, err := readPrivate(path)
	return strings.TrimSpace(string(b)), err
}

func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (%v): chmod 600 %s", path, info.Mode().Perm(), path)
	}
	if info.Size() > 1<<20 {
		return nil, fmt.Errorf("%s: that is no file of keys", path)
	}
	return os.ReadFile(path)
}

func readVenueKeys(path string) (keys venueKeys, err error) {
	b, err := readPrivate(path)
	if err != nil {
		return keys, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&keys); err != nil {
		return keys, fmt.Errorf("%s: %w", path, err)
	}
	if len(keys.Accounts) == 0 {
		return keys, fmt.Errorf("%s: there are no accounts in it", path)
	}
	return keys, nil
}

// writeVenueKeys makes up two accounts: the first with an HMAC key, an Ed25519 key and an HMAC key that may only
// read, the second with an HMAC key.
func writeVenueKeys(path string) (venueKeys, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return venueKeys{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return venueKeys{}, err
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	keys := venueKeys{[]venueAccount{
		{"one", []venueKey{
			{Type: "hmac", Key: madeUp(), Secret: madeUp()},
			{Type: "ed25519", Key: madeUp(), PrivateKey: text},
			{Type: "hmac", Key: madeUp(), Secret: madeUp(), ReadOnly: true},
		}},
		{"two", []venueKey{{Type: "hmac", Key: madeUp(), Secret: madeUp()}}},
	}}
	b, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return keys, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return keys, err
	}
	_, err = file.Write(append(b, '\n'))
	return keys, errors.Join(err, file.Close())
}

// madeUp returns 64 letters, as Binance's keys have.
func madeUp() string {
	return (rand.Text() + rand.Text() + rand.Text())[:64]
}

// spot returns the key as the venue knows it.
func (k venueKey) spot() (spot.Key, error) {
	key := spot.Key{ID: k.Key, ReadOnly: k.ReadOnly}
	switch k.Type {
	case "hmac":
		key.Secret = k.Secret
		return key, nil
	case "ed25519":
		block, _ := pem.Decode([]byte(k.PrivateKey))
		if block == nil {
			return key, errors.New("private_key: want PKCS#8 in PEM")
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return key, errors.New("private_key: want PKCS#8 in PEM")
		}
		private, ok := parsed.(ed25519.PrivateKey)
		if !ok {
			return key, errors.New("private_key: want an Ed25519 key")
		}
		key.Public = private.Public().(ed25519.PublicKey)
		return key, nil
	}
	return key, fmt.Errorf("type %.20q: want hmac or ed25519", k.Type)
}
