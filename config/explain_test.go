package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func list2(a, b []string) string { return fmt.Sprint(a, " ", b) }

func TestExplain(t *testing.T) {
	data, err := os.ReadFile("testdata/two_venues.good.toml")
	if err != nil {
		t.Fatal(err)
	}
	c := mustParse(t, string(data))
	c.Strategies[0].OnlyTrusted = true
	got, err := json.MarshalIndent(Explain(c), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "testdata/two_venues.placement.json", string(got)+"\n")
}

func TestConnectionsFollowTheVenuesLimits(t *testing.T) {
	for _, tt := range []struct {
		adapter, channels                       string
		instruments, connections, subscriptions int
	}{
		{"upbit", `["trade"]`, 300, 1, 300},
		{"upbit", `["trade"]`, 301, 2, 301},
		{"binance", `["trade"]`, 1024, 1, 1024},
		{"binance", `["trade", "book"]`, 1024, 2, 2048},
	} {
		var b strings.Builder
		fmt.Fprintf(&b, "[[venue]]\nname = %q\nchannels = %s\ninstruments = [", tt.adapter, tt.channels)
		for i := range tt.instruments {
			fmt.Fprintf(&b, "\"A%d-KRW\",\n", i)
		}
		b.WriteString("]\n")
		v := Explain(mustParse(t, b.String())).Venues[0]
		if v.Connections != tt.connections || v.Subscriptions != tt.subscriptions || v.Instruments != tt.instruments {
			t.Errorf("%+v: got %+v", tt, v)
		}
	}
}

func TestWarnings(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.frames")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := mustParse(t, `
[[venue]]
name = "binance"
instruments = ["BTC-USDT"]
replay.files = ["`+there+`", "`+filepath.Join(dir, "gone.frames")+`"]
[[engine]]
name = "band"
type = "range"
feature = "price"
low = 1
high = 2
[[account]]
name = "paper"
mode = "paper"
api_key_env = "X"
`)
	got := Explain(c).Warnings
	for i, want := range []string{"venue binance: the file to replay", "engine band: no strategy follows it",
		"account paper: no strategy trades on it", "account paper: keys are named"} {
		if i >= len(got) || !strings.HasPrefix(got[i], want) {
			t.Errorf("warning %d is not %q:\n%s", i, want, strings.Join(got, "\n"))
		}
	}
	if len(got) != 4 {
		t.Errorf("got %d warnings:\n%s", len(got), strings.Join(got, "\n"))
	}
	if got := Explain(Default()).Warnings; len(got) != 0 {
		t.Errorf("the default warns: %v", got)
	}
}
