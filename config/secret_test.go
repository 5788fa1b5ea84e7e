package config

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

const hidden = "hunter2-of-somebody"

func TestSecretsPrintAsStars(t *testing.T) {
	s := NewSecret(hidden)
	inside := struct {
		S Secret
		P *Secret
		M map[string]Secret
	}{s, &s, map[string]Secret{"k": s}}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%20v", "%!"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", s, &s)
	}
	fmt.Fprintf(&out, "%v %+v %s\n", inside, inside, inside)
	fmt.Fprintf(&out, "%#v\n", inside.M)
	fmt.Fprintln(&out, s, errors.New(s.String()), inside)
	data, err := json.Marshal(inside)
	if err != nil || !strings.Contains(string(data), `"S":"***"`) {
		t.Errorf("JSON: %s %v", data, err)
	}
	out.Write(data)
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(inside); err != nil || !strings.Contains(b.String(), `S = "***"`) {
		t.Errorf("TOML: %s %v", b.String(), err)
	}
	out.Write(b.Bytes())
	type document struct{ S Secret }
	data, err = xml.Marshal(document{s})
	if err != nil {
		t.Error(err)
	}
	out.Write(data)
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "secret", s, "in", inside, slog.Any("p", &s), slog.Group("g", "s", s))
	}
	if strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), fmt.Sprintf("%x", hidden)) {
		t.Errorf("the secret is seen:\n%s", out.String())
	}
	if fmt.Sprint(s) != "***" || fmt.Sprintf("%#v", s) != "***" || s.Reveal() != hidden || s.IsZero() || !(Secret{}).IsZero() {
		t.Error("not a secret that prints as stars")
	}
}

func TestSecretsAreReadFromWhereTheyStand(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("MARU_TEST_SECRET", hidden)
	t.Setenv("MARU_TEST_EMPTY", "")
	t.Setenv("MARU_TEST_LONG", strings.Repeat("x", secretBytesMax+1))
	for _, tt := range []struct {
		name string
		from SecretSource
		want string
		err  error
	}{
		{"variable", SecretSource{Env: "MARU_TEST_SECRET"}, hidden, nil},
		{"empty variable", SecretSource{Env: "MARU_TEST_EMPTY"}, "", ErrSecretNotFound},
		{"no variable", SecretSource{Env: "MARU_TEST_NONE"}, "", ErrSecretNotFound},
		{"long variable", SecretSource{Env: "MARU_TEST_LONG"}, "", ErrSecretTooLong},
		{"file", SecretSource{File: write("a", hidden+"\r\n\n")}, hidden, nil},
		{"empty file", SecretSource{File: write("b", "\n")}, "", ErrSecretNotFound},
		{"long file", SecretSource{File: write("c", strings.Repeat("x", secretBytesMax+1))}, "", ErrSecretTooLong},
		{"no file", SecretSource{File: filepath.Join(dir, "none")}, "", ErrSecretNotFound},
		{"directory", SecretSource{File: dir}, "", ErrSecretNotFound},
		{"nowhere", SecretSource{}, "", ErrNoSecret},
	} {
		got, err := tt.from.Read()
		if !errors.Is(err, tt.err) || got.Reveal() != tt.want {
			t.Errorf("%s: got %d letters, %v, want %d, %v", tt.name, len(got.Reveal()), err, len(tt.want), tt.err)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "xxxx")) {
			t.Errorf("%s: the error holds the secret: %v", tt.name, err)
		}
	}
}

// Whatever is wrong with a file, no secret that stands in it is printed.
func TestFaultsHoldNoSecrets(t *testing.T) {
	for _, text := range []string{
		"[[account]]\napi_key = \"" + hidden + "\"\n",
		"[[account]]\napi_key = " + hidden + "\n",
		"[[account]]\napi_key = [\"" + hidden + "\"\n",
		"[[account]]\n\"api_secret\" = \"" + hidden + "\n",
		"[[account]]\napi_secret = '''\n" + hidden + "\n",
		"[account]\nsecret." + "x = \"" + hidden + "\"\n",
		"[account.api_key]\nvalue = \"" + hidden + "\"\n",
		"api_key = \"" + hidden + "\"\n",
		"[http]\ntoken = \"" + hidden + "\"\n",
		"[[account]]\napi_key_env = \"" + hidden + "\"\n",
		"[[account]]\napi_key_env = [\"" + hidden + "\"]\n",
		"[[venue]]\nname = \"upbit\"\nwebsocket_url = \"wss://x:" + hidden + "@a\"\n",
		"[[venue]]\nname = \"upbit\"\nrest_url = \"https://a?key=" + hidden + "#x\"\n",
		"[[account]]\n[account.balance]\napi_key = \"" + hidden + "\"\n",
		"[limits]\npasswrd = \"" + hidden + "\"\n",
	} {
		_, err := Parse([]byte(text), "")
		if err == nil {
			t.Errorf("no fault in\n%s", text)
			continue
		}
		data, _ := json.Marshal(err)
		if strings.Contains(err.Error(), hidden) || strings.Contains(string(data), hidden) {
			t.Errorf("%v\nin\n%s", err, text)
		}
	}
}

func TestLooksSecret(t *testing.T) {
	for name, want := range map[string]bool{
		"api_key": true, "apiKey": true, "key": true, "API-SECRET": true, "token": true, "password": true, "db_password": true,
		"access_token": true, "passphrase": true, "api_key_env": false, "token_file": false, "name": false, "monkey": false,
		"keyboard": false, "secretary": false, "max_files": false, "file": false,
	} {
		if got := looksSecret(name); got != want {
			t.Errorf("looksSecret(%q) = %t", name, got)
		}
	}
}
