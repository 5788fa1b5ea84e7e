package binance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/maru-trading/maru/internal/testdata"
)

// What others recorded or copied from the documentation is read: of spot, and of the shapes that are
// asked for here. The names are those of the set.
var recordedReads = map[string]string{
	"GET /api/v3/account":             "account",
	"new_order_full_response.json":    "order",
	"account_position.json":           "event",
	"balance_update.json":             "event",
	"execution_report_stop_loss.json": "event",
}

func TestRecordedBodiesAndFrames(t *testing.T) {
	f, err := os.Open(testdata.Path(t, "binance/private.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read := map[string]bool{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct{ Name, Raw string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		kind, ok := recordedReads[line.Name]
		if !ok {
			continue
		}
		read[line.Name] = true
		body := []byte(strings.TrimSpace(line.Raw))
		if kind == "event" { // since 2026 they come wrapped
			body = append(append([]byte(`{"subscriptionId":0,"event":`), body...), '}')
			f, err := decodeFrame(body)
			if err != nil || f.event == "" {
				t.Errorf("%s: %v\n%s", line.Name, err, line.Raw)
			}
			continue
		}
		if err := decoders[kind].read(bytes.TrimSpace(body)); err != nil {
			t.Errorf("%s: %v\n%s", line.Name, err, line.Raw)
		}
	}
	if err := lines.Err(); err != nil || len(read) != len(recordedReads) {
		t.Errorf("read %v: %v", read, err)
	}
}
