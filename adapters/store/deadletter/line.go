package deadletter

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/maru-trading/maru/actors/market"
)

// line is a dead letter as JSON.
type line struct {
	Time       string `json:"time,omitempty"`
	Venue      string `json:"venue"`
	Reason     string `json:"reason"`
	Detail     string `json:"detail,omitempty"`
	Frame      string `json:"frame"`
	Encoding   string `json:"encoding,omitempty"`
	FrameBytes int    `json:"frame_bytes,omitempty"` // only if the frame was cut
	Skipped    uint64 `json:"skipped,omitempty"`
}

// appendLine appends a letter with a newline.
func appendLine(dst []byte, s Stored) ([]byte, error) {
	l := line{
		Time: timeText(s.Time), Venue: string(s.Venue), Reason: s.Reason, Detail: s.Detail,
		Frame: string(s.Frame), Skipped: s.Skipped,
	}
	if !utf8.Valid(s.Frame) {
		l.Frame, l.Encoding = base64.StdEncoding.EncodeToString(s.Frame), base64Encoding
	}
	if s.FrameBytes > len(s.Frame) {
		l.FrameBytes = s.FrameBytes
	}
	buf := bytes.NewBuffer(dst)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false) // frames are for people to read
	err := enc.Encode(l)
	return buf.Bytes(), err
}

// parseLine reads what appendLine wrote.
func parseLine(b []byte) (Stored, error) {
	var l line
	if err := json.Unmarshal(b, &l); err != nil {
		return Stored{}, err
	}
	at, err := parseTime(l.Time)
	if err != nil {
		return Stored{}, err
	}
	s := Stored{
		DeadLetter: DeadLetter{Time: at, Venue: market.Venue(l.Venue), Reason: l.Reason, Detail: l.Detail, Frame: []byte(l.Frame)},
		Skipped:    l.Skipped,
	}
	switch l.Encoding {
	case "":
	case base64Encoding:
		if s.Frame, err = base64.StdEncoding.DecodeString(l.Frame); err != nil {
			return Stored{}, err
		}
	default:
		return Stored{}, fmt.Errorf("encoding %.32q is not known (want none or base64)", l.Encoding)
	}
	s.FrameBytes = max(l.FrameBytes, len(s.Frame))
	return s, nil
}
