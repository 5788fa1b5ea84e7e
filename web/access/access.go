// Package access is how a program on the same machine finds a running node and proves that it may
// change something: a token in a file that only its owner can read, and a file beside it that
// says where the node answers. The node writes both, the command line reads them.
//
// It imports nothing of Maru.
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// TokenFile is the name of the token's file in a data directory, where no other is configured.
const TokenFile = "control.token"

const (
	tokenBytes       = 32 // 256 bits
	tokenFileMax     = 4096
	filePermissions  = 0o600
	othersPermission = 0o077
)

// Token is what a call that changes something must present. It prints as ***, whatever prints it.
// The zero Token is none, and matches nothing.
type Token struct{ text string }

const stars = "***"

// String returns ***.
func (t Token) String() string { return stars }

// Format prints *** for every verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, stars) }

// MarshalText returns ***, for every encoder that asks for text.
func (t Token) MarshalText() ([]byte, error) { return []byte(stars), nil }

// LogValue is *** in slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(stars) }

// IsZero reports whether there is no token.
func (t Token) IsZero() bool { return t.text == "" }

// Header returns the value of the header Authorization that presents the token: the one place
// where it can be seen.
func (t Token) Header() string { return "Bearer " + t.text }

// Admits reports whether the value of a header Authorization presents the token. How long it
// takes tells nothing of the token: digests are compared, and always all of them.
func (t Token) Admits(header string) bool {
	const scheme = "Bearer "
	if t.IsZero() || len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return false
	}
	got, want := sha256.Sum256([]byte(strings.TrimSpace(header[len(scheme):]))), sha256.Sum256([]byte(t.text))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// LoadToken reads the token from path, and makes it first if there is no such file: 256 random
// bits, for the owner only. It fails, without a word of what stands in it, on a file that others
// can read, that is no regular file, or that holds no token.
func LoadToken(path string) (Token, error) {
	t, err := ReadToken(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return t, err
	}
	raw := make([]byte, tokenBytes)
	if _, err := rand.Read(raw); err != nil {
		return Token{}, fmt.Errorf("make a control token: %w", err)
	}
	text := hex.EncodeToString(raw)
	err = writeNew(path, []byte(text+"\n"))
	if errors.Is(err, fs.ErrExist) { // another process was first
		return ReadToken(path)
	}
	if err != nil {
		return Token{}, fmt.Errorf("make the control token: %w", err)
	}
	return Token{text}, nil
}

// ReadToken reads the token from path. It fails as LoadToken does, and with fs.ErrNotExist where
// there is no file.
func ReadToken(path string) (Token, error) {
	b, err := readOwn(path)
	if err != nil {
		return Token{}, fmt.Errorf("control token: %w", err)
	}
	text := strings.TrimSpace(string(b))
	if raw, err := hex.DecodeString(text); err != nil || len(raw) < tokenBytes {
		return Token{}, fmt.Errorf("control token: %s holds no token of %d hexadecimal digits: remove it, and start the node, which makes a new one", path, 2*tokenBytes)
	}
	return Token{text}, nil
}

// readOwn reads a small regular file that nobody but its owner can reach.
func readOwn(path string) ([]byte, error) {
	// A pipe would keep us waiting: look first, and again at what was opened.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // read only
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	case info.Mode().Perm()&othersPermission != 0:
		return nil, fmt.Errorf("%s can be read by others (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), path)
	case info.Size() > tokenFileMax:
		return nil, fmt.Errorf("%s holds %d bytes, at most %d are expected", path, info.Size(), tokenFileMax)
	}
	return io.ReadAll(io.LimitReader(file, tokenFileMax))
}

// writeNew makes a file for the owner only, whole or not at all. It fails with fs.ErrExist if it
// is there.
func writeNew(path string, content []byte) error {
	temp, err := writeTemp(path, content)
	if err != nil {
		return err
	}
	// A link does not replace what is there, as a rename would.
	return errors.Join(os.Link(temp, path), os.Remove(temp))
}

func writeTemp(path string, content []byte) (string, error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = temp.Write(content)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Chmod(filePermissions), temp.Close()); err != nil {
		return "", errors.Join(err, os.Remove(temp.Name()))
	}
	return temp.Name(), nil
}
