package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

// Secret is a text that must not be seen: it prints as *** in every verb of fmt, in JSON, TOML,
// slog and every other encoder that asks for text. Only Reveal returns it. The zero Secret is
// none.
type Secret struct{ text string }

const stars = "***"

// NewSecret keeps text as a Secret.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text, for the one place that needs it: a signature, a comparison.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == "" }

// String returns ***.
func (s Secret) String() string { return stars }

// Format prints *** for every verb, %#v and %x included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, stars) }

// MarshalText returns ***, for TOML and every encoder that asks for text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(stars), nil }

// MarshalJSON returns "***".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + stars + `"`), nil }

// LogValue is *** in slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(stars) }

// SecretSource says where a secret stands: in an environment variable or in a file, never in
// maru.toml. The zero SecretSource is nowhere.
type SecretSource struct {
	Env  string // name of an environment variable
	File string // path of a file whose whole content is the secret, line ends at its end apart
}

// secretBytesMax bounds a secret's file: a private key in PEM fits many times over.
const secretBytesMax = 64 << 10

// Errors of SecretSource.Read, wrapped with where it looked.
var (
	ErrNoSecret       = errors.New("no secret is configured")
	ErrSecretNotFound = errors.New("the secret is not there")
	ErrSecretTooLong  = errors.New("the secret is longer than 64 KiB")
)

// IsZero reports whether no place is named.
func (s SecretSource) IsZero() bool { return s == SecretSource{} }

// String names the place, not the secret: "$UPBIT_KEY", "file keys/upbit"; "-" for none.
func (s SecretSource) String() string {
	switch {
	case s.Env != "":
		return "$" + s.Env
	case s.File != "":
		return "file " + s.File
	}
	return "-"
}

// Read returns the secret. It fails with ErrNoSecret if no place is named, with
// ErrSecretNotFound if the variable is not set, the file cannot be read, or either is empty, and
// with ErrSecretTooLong. The errors name the place and never hold the secret.
func (s SecretSource) Read() (Secret, error) {
	switch {
	case s.Env != "":
		text := os.Getenv(s.Env)
		if text == "" {
			return Secret{}, fmt.Errorf("config: environment variable %s is not set or empty: %w", s.Env, ErrSecretNotFound)
		}
		if len(text) > secretBytesMax {
			return Secret{}, fmt.Errorf("config: environment variable %s: %w", s.Env, ErrSecretTooLong)
		}
		return Secret{text}, nil
	case s.File != "":
		return readSecretFile(s.File)
	}
	return Secret{}, ErrNoSecret
}

func readSecretFile(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, fmt.Errorf("config: %w: %w", ErrSecretNotFound, err)
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing can be lost
	data, err := io.ReadAll(io.LimitReader(f, secretBytesMax+1))
	if err != nil {
		return Secret{}, fmt.Errorf("config: %w: %w", ErrSecretNotFound, err)
	}
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case len(data) > secretBytesMax:
		return Secret{}, fmt.Errorf("config: secret file %s: %w", path, ErrSecretTooLong)
	case text == "":
		return Secret{}, fmt.Errorf("config: secret file %s is empty: %w", path, ErrSecretNotFound)
	}
	return Secret{text}, nil
}

// secretWords are what the name of a key that holds a secret is made of.
var secretWords = []string{"secret", "password", "passwd", "passphrase", "token", "credential", "credentials",
	"apikey", "key", "privatekey", "seedphrase", "mnemonic", "jwt", "signature"}

// looksSecret reports whether a key of that name would hold a secret, and not the place of one.
func looksSecret(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || r == '.' || r == ' ' })
	if len(words) > 1 {
		switch words[len(words)-1] {
		case "env", "file":
			return false
		}
	}
	for _, word := range words {
		for _, secret := range secretWords {
			if word == secret || len(secret) > 3 && strings.HasSuffix(word, secret) {
				return true
			}
		}
	}
	return false
}
