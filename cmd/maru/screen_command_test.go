package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maru-trading/maru/internal/testdata"
)

// screenFolder writes a screen and data of three instruments over a month of 2024: UP rises, DOWN
// falls, NEW has been there for three days.
func screenFolder(t *testing.T, when ...string) (file, data string) {
	t.Helper()
	dir := t.TempDir()
	file, data = filepath.Join(dir, "screen.toml"), filepath.Join(dir, "prices")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("name = \"test\"\n")
	for i, w := range when {
		fmt.Fprintf(&text, "\n[[criterion]]\nname = \"c%d\"\nwhen = '%s'\n", i+1, w)
	}
	write(t, file, text.String())
	var rows strings.Builder
	rows.WriteString("symbol,date,open,high,low,close,volume\n")
	for day := 1; day <= 30; day++ {
		line := func(code string, price int) {
			fmt.Fprintf(&rows, "%s,2024-01-%02d,%d,%d,%d,%d,100\n", code, day, price, price+1, price-1, price)
		}
		line("UP", 100+day)
		line("DOWN", 100-day)
		if day > 27 {
			line("NEW", 50)
		}
		if day == 9 {
			rows.WriteString("UP,2024-01-99,1,1,1,1,1\n")
		}
	}
	write(t, filepath.Join(data, "a.csv"), rows.String())
	return file, data
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestScreenTable(t *testing.T) {
	file, data := screenFolder(t, "price > sma(20)", "price >= 60")
	stdout, stderr, code := maru(t, "", "screen", "-f", file, "--data", data)
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for _, want := range []string{
		"test, as of 2024-01-30: 1 passed, 2 missed, 0 not ready of 3 instruments\n",
		"63 rows in 1 file read in ",
		"\nc1         price > sma(20)       1       1          1\n",
		"\nUP              130  +0.78 %  c1 +7.88 %\n",
		"\nNEW              50  +0.00 %  c1 not ready; c2 by -10, -16.67 %\n",
		"\nDOWN             70  -1.41 %  c1 by -9.5, -11.95 %\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	if want := "maru: 1 row could not be read and was left out:\n  a.csv:20: date \"2024-01-99\": want year-month-day\n"; stderr != want {
		t.Errorf("stderr %q, want %q", stderr, want)
	}
	if strings.Contains(stdout, "\x1b") {
		t.Error("colours without a terminal")
	}
	stdout, _, _ = maru(t, "", "screen", "-f", file, "--data", data, "--limit", "1")
	if !strings.Contains(stdout, "and 1 more: --limit 0 shows all") || strings.Contains(stdout, "NEW  ") == strings.Contains(stdout, "DOWN  ") {
		t.Errorf("--limit 1 shows\n%s", stdout)
	}
}

func TestScreenJSON(t *testing.T) {
	file, data := screenFolder(t, "price > sma(20)", "price >= 60 and macd() > 0")
	stdout, stderr, code := maru(t, "", "screen", "-f", file, "--data", data, "--json")
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var got screenJSON
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if got.AsOf != "2024-01-30" || got.Passed != 1 || got.Missed != 2 || got.NotReady != 0 || len(got.Results) != 3 || got.Data.Faults != 1 || got.Data.Rows != 63 || len(got.Criteria) != 2 {
		t.Errorf("%+v", got)
	}
	down, fresh, up := got.Results[0], got.Results[1], got.Results[2]
	if down.Instrument != "DOWN" || down.Verdict != "false" || !down.Ready || *down.Price != 70 {
		t.Errorf("%+v", down)
	}
	if c := down.Criteria[0]; c.Figures != "70 > 79.5" || c.Comparison != "price > sma(20)" || *c.Left != 70 || *c.Right != 79.5 || *c.Distance != -9.5 || math.Abs(*c.Percent+9.5/79.5*100) > 1e-9 {
		t.Errorf("%+v", c)
	}
	// Zero has no percentage.
	if c := down.Criteria[1]; c.Comparison != "macd() > 0" || c.Percent != nil || *c.Distance >= 0 {
		t.Errorf("%+v", c)
	}
	if c := fresh.Criteria[0]; fresh.Ready || fresh.Verdict != "false" || c.Verdict != "not ready" || c.Distance != nil || c.Reason != "sma(20) wants 20 bars of 1d, 3 there" {
		t.Errorf("%+v", fresh)
	}
	if up.Verdict != "true" || !up.Ready || up.Reason != "" {
		t.Errorf("%+v", up)
	}
}

func TestScreenCSV(t *testing.T) {
	file, data := screenFolder(t, "price > sma(20)")
	stdout, stderr, code := maru(t, "", "screen", "-f", file, "--data", data, "--csv")
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatal(err, rows)
	}
	if got, want := strings.Join(rows[0], ","), "instrument,name,price,change_rate,verdict,reason,c1,c1 distance,c1 percent"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := strings.Join(rows[2], ","), "NEW,,50,0,not ready,sma(20) wants 20 bars of 1d, 3 there,not ready,,"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if rows[3][4] != "true" || rows[3][7] != "9.5" {
		t.Error(rows[3])
	}
}

// TestScreenDate holds that a screen as of an earlier day does not know of later ones.
func TestScreenDate(t *testing.T) {
	file, data := screenFolder(t, "price > lag(close, 5)")
	stdout, _, code := maru(t, "", "screen", "-f", file, "--data", data, "--date", "2024-01-10", "--json")
	var got screenJSON
	if err := json.Unmarshal([]byte(stdout), &got); code != exitDone || err != nil {
		t.Fatal(code, err)
	}
	if got.AsOf != "2024-01-10" || len(got.Results) != 2 || *got.Results[1].Price != 110 || got.Results[1].Criteria[0].Figures != "110 > 105" {
		t.Errorf("%+v", got)
	}
}

func TestScreenFaults(t *testing.T) {
	file, data := screenFolder(t, "price > sma(20)", `prise > 1 and sma(20, "1h") > 1`)
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.toml")
	write(t, bad, "nam = \"x\"\n[universe]\ngap = \"soon\"\n[[criterion]]\nname = \"a\"\nwhen = \"price > 1\"\n[[criterion]]\nname = \"a\"\nwhn = \"1\"\n")
	broken := filepath.Join(dir, "broken.toml")
	write(t, broken, "name = \"x\"\n[[criterion]\n")
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exitMisuse, "maru: a screen needs -f FILE and --data DIR\nSee 'maru screen --help'.\n"},
		{[]string{"-f", file}, exitMisuse, "maru: a screen needs -f FILE and --data DIR\n"},
		{[]string{"-f", file, "--data", data, "--json", "--csv"}, exitMisuse, "maru: --json and --csv exclude each other\n"},
		{[]string{"-f", file, "--data", data, "--limit", "-1"}, exitMisuse, "maru: --limit -1: want 0 or more\n"},
		{[]string{"-f", file, "--data", data, "--date", "today"}, exitMisuse, "maru: --date \"today\": want year-month-day, such as 2024-02-13\n"},
		{[]string{"-f", filepath.Join(dir, "none"), "--data", data}, exitFailed, "maru: screen: stat "},
		{[]string{"-f", file, "--data", data}, exitFailed, "maru: screen: " + file + ":9: criterion \"c2\": column 1: \"prise\" is not a feature: did you mean price?\n" +
			"    prise > 1 and sma(20, \"1h\") > 1\n    ^\n" + file + ":9: criterion \"c2\": column 23: no bars of \"1h\": there are bars of 1d\n    prise > 1 and sma(20, \"1h\") > 1\n                          ^\n"},
		{[]string{"-f", bad, "--data", data}, exitFailed, "maru: screen: " + bad + ":1: nam is not known: did you mean name?\n" + bad + ":9: criterion.whn is not known: did you mean when?\n" +
			bad + ":3: gap \"soon\": want a whole number and s, m, h, d or w, such as 30s, 5m, 1h, 1d\n" + bad + ":8: criterion \"a\" is there twice: give each its own name\n"},
		{[]string{"-f", broken, "--data", data}, exitFailed, "maru: screen: " + broken + ":2: "},
	} {
		stdout, stderr, code := maru(t, "", append([]string{"screen"}, tt.args...)...)
		if code != tt.code || !strings.HasPrefix(stderr, tt.want) || stdout != "" {
			t.Errorf("maru screen %v: exit code %d, want %d, saying\n%s\nwant\n%s", tt.args, code, tt.code, stderr, tt.want)
		}
	}
	good, _ := screenFolder(t, "price > 1")
	for want, where := range map[string]string{"no such file": filepath.Join(dir, "none"), "no .csv or .csv.gz file in it": dir} {
		if _, stderr, code := maru(t, "", "screen", "-f", good, "--data", where); code != exitFailed || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d: %s, want %s", code, stderr, want)
		}
	}
}

// TestScreenKRX screens the whole of the Korean exchange with the example: the recorded data ends
// on 2025-02-11, and half of it lies eleven months before.
func TestScreenKRX(t *testing.T) {
	data := testdata.Path(t, "stocks/krx-daily")
	stdout, stderr, code := maru(t, "", "screen", "-f", "../../examples/screen.toml", "--data", data, "--json")
	if code != exitDone || stderr != "" {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var got screenJSON
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if got.AsOf != "2025-02-11" || len(got.Results) != 2939 || got.Passed == 0 || got.Missed == 0 || got.NotReady == 0 || got.Passed+got.Missed+got.NotReady != 2939 {
		t.Errorf("as of %s: %d passed, %d missed, %d not ready of %d", got.AsOf, got.Passed, got.Missed, got.NotReady, len(got.Results))
	}
	// There are 25 days since the gap: a window of 26 would reach across it.
	file := filepath.Join(t.TempDir(), "wide.toml")
	write(t, file, "[[criterion]]\nname = \"fits\"\nwhen = \"sma(25) > 0\"\n[[criterion]]\nname = \"wide\"\nwhen = \"sma(26) > 0\"\n")
	stdout, _, code = maru(t, "", "screen", "-f", file, "--data", data, "--json")
	if err := json.Unmarshal([]byte(stdout), &got); code != exitDone || err != nil {
		t.Fatal(code, err)
	}
	if got.Criteria[0].Passed < 2500 || got.Criteria[1].Passed != 0 || got.Criteria[1].NotReady != 2939 {
		t.Errorf("%+v", got.Criteria)
	}
	samsung := got.Results[0]
	for _, r := range got.Results {
		if r.Instrument == "005930" {
			samsung = r
		}
	}
	if want := "sma(26) wants 26 bars of 1d, 25 there since the gap from 2024-02-13 to 2025-01-02"; samsung.Reason != want || samsung.Ready {
		t.Errorf("%q, want %q", samsung.Reason, want)
	}
}
