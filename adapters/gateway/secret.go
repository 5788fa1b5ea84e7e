package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
)

// masked is what a secret prints as, whatever prints it.
const masked = "***"

// secretBytesMax is far beyond any key a venue gives: an RSA key of 4,096 bits in PEM has 3.3 kB.
const secretBytesMax = 16 << 10

// Secret is a text that must not be seen: a key's secret, a key, a private key in PEM. It prints as
// *** through fmt (every verb, also as a field of something else), slog, encoding/json and
// encoding.TextMarshaler. The zero Secret is none. A Secret is safe for concurrent use.
type Secret struct {
	// A function has nothing that reflection could print.
	reveal func() string
}

// NewSecret returns text as a Secret; an empty text as none.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{func() string { return text }}
}

// Reveal returns the text, for signing and for the header that carries it.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.reveal == nil }

// String returns ***.
func (s Secret) String() string { return masked }

// GoString returns ***.
func (s Secret) GoString() string { return masked }

// Format writes *** for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

// LogValue returns *** to slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalJSON returns "***".
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(masked) }

// MarshalText returns ***.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// Credentials are what a venue knows an account by. They print as *** wherever a Secret does.
type Credentials struct {
	Key    Secret // the API key: what goes into a header or a token as it is
	Secret Secret // what requests are signed with
}

// Validate fails if one of the two is missing.
func (c Credentials) Validate() error {
	var faults []error
	if c.Key.IsZero() {
		faults = append(faults, errors.New("gateway: no API key"))
	}
	if c.Secret.IsZero() {
		faults = append(faults, errors.New("gateway: no secret to sign with"))
	}
	return errors.Join(faults...)
}

// Scrub returns text with every occurrence of the key and the secret replaced, for errors and
// answers that might quote what was sent.
func (c Credentials) Scrub(text string) string {
	for _, s := range []Secret{c.Secret, c.Key} {
		if hidden := s.Reveal(); hidden != "" {
			text = strings.ReplaceAll(text, hidden, masked)
		}
	}
	return text
}

// LoadCredentials reads both from where they are kept, and reports what is wrong with either.
func LoadCredentials(key, secret SecretSource) (Credentials, error) {
	var c Credentials
	var keyErr, secretErr error
	c.Key, keyErr = key.Load()
	c.Secret, secretErr = secret.Load()
	if err := errors.Join(keyErr, secretErr); err != nil {
		return Credentials{}, err
	}
	return c, nil
}

// SecretSource says where a secret is kept: in an environment variable or in a file that only its
// owner can read. Exactly one of the two is set.
type SecretSource struct {
	Env  string // the variable's name
	File string // the file's path
}

// IsZero reports whether no place is named.
func (s SecretSource) IsZero() bool { return s == SecretSource{} }

// ParseSecretSource reads "env:NAME" or "file:/path". It refuses everything else without repeating
// it, since it may be the secret itself.
func ParseSecretSource(text string) (SecretSource, error) {
	kind, rest, ok := strings.Cut(text, ":")
	switch {
	case ok && kind == "env" && rest != "":
		return SecretSource{Env: rest}, nil
	case ok && kind == "file" && rest != "":
		return SecretSource{File: rest}, nil
	}
	return SecretSource{}, errors.New("gateway: a secret is given as env:NAME or file:/path, never as the text itself")
}

// String returns what ParseSecretSource reads; "-" for none.
func (s SecretSource) String() string {
	switch {
	case s.Env != "":
		return "env:" + s.Env
	case s.File != "":
		return "file:" + s.File
	}
	return "-"
}

// Load reads the secret, without the white space around it. It fails if the variable is not set or
// empty; if the file is missing, empty, longer than 16 kB or no regular file; and if anyone but its
// owner may read or write it.
func (s SecretSource) Load() (Secret, error) {
	switch {
	case s.Env != "" && s.File != "":
		return Secret{}, errors.New("gateway: a secret has one source, an environment variable or a file, not both")
	case s.Env != "":
		text := strings.TrimSpace(os.Getenv(s.Env))
		if text == "" {
			return Secret{}, fmt.Errorf("gateway: secret %v: the environment variable is not set or empty", s)
		}
		return NewSecret(text), nil
	case s.File != "":
		return readSecret(s)
	}
	return Secret{}, errors.New("gateway: a secret has no source: give env:NAME or file:/path")
}

func readSecret(s SecretSource) (Secret, error) {
	// Not to hang on a pipe that nobody writes to: look before opening, and again at what was opened.
	before, err := os.Stat(s.File)
	if err != nil {
		return Secret{}, fmt.Errorf("gateway: secret %v: %w", s, err)
	}
	if err := checkSecretFile(s, before); err != nil {
		return Secret{}, err
	}
	f, err := os.Open(s.File)
	if err != nil {
		return Secret{}, fmt.Errorf("gateway: secret %v: %w", s, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Secret{}, fmt.Errorf("gateway: secret %v: %w", s, err)
	}
	if err := checkSecretFile(s, info); err != nil {
		return Secret{}, err
	}
	data, err := io.ReadAll(io.LimitReader(f, secretBytesMax+1))
	if err != nil {
		return Secret{}, fmt.Errorf("gateway: secret %v: %w", s, err)
	}
	if len(data) > secretBytesMax {
		return Secret{}, fmt.Errorf("gateway: secret %v: more than %d bytes, no key is that long", s, secretBytesMax)
	}
	text := strings.TrimSpace(string(data))
	if text == "" {
		return Secret{}, fmt.Errorf("gateway: secret %v: the file is empty", s)
	}
	return NewSecret(text), nil
}

func checkSecretFile(s SecretSource, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("gateway: secret %v: not a regular file", s)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("gateway: secret %v: mode %04o lets others at it: chmod 600 %s", s, mode, s.File)
	}
	return nil
}
