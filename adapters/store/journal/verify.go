package journal

import (
	"errors"
	"fmt"
	"io/fs"
)

// Report is what Verify found.
type Report struct {
	Dir      string
	Segments int
	Records  uint64 // that are as they were written
	Bytes    int64  // that hold them
	FirstSeq uint64 // 0 if there is no record
	LastSeq  uint64 // 0 if there is no record
	// Head is the chain at the last record: who noted it earlier elsewhere knows that nothing
	// before that record was changed since, not even by someone who computed the chain anew.
	Head Chain
	// Sealed says that the journal was closed, and that nothing follows.
	Sealed bool
	// Torn, if not empty, describes a write at the end that was never acknowledged and that
	// Open would cut off: after a crash, or because the journal is being written to.
	Torn string
	// Broken is the first record that is not as it was written; nil: there is none.
	Broken *CorruptError
}

// String is the report in one line.
func (r Report) String() string {
	s := fmt.Sprintf("%s: %d records (%d to %d) in %d segments, %d bytes, head %v", r.Dir, r.Records, r.FirstSeq, r.LastSeq, r.Segments, r.Bytes, r.Head)
	switch {
	case r.Broken != nil:
		s += "; BROKEN: " + r.Broken.Error()
	case r.Torn != "":
		s += "; " + r.Torn
	case r.Sealed:
		s += "; closed"
	default:
		s += "; not closed"
	}
	return s
}

// Verify reads the whole journal in c.Dir, changes nothing, and names the first broken record,
// if there is one. It fails where there is no journal and where a file cannot be read.
func Verify(c Config) (Report, error) { return Inspect(c, nil) }

// Inspect is Verify, and calls visit for every record that is as it was written, in order, up to the
// first broken one. The payload is valid until visit returns. An error of visit ends the reading and
// is returned. It may be called while another process writes the journal: what that is writing just
// then is told as Torn.
func Inspect(c Config, visit func(Record) error) (Report, error) {
	if err := c.Validate(); err != nil {
		return Report{}, err
	}
	w, err := walk(c, visit)
	report := Report{Dir: c.Dir, Segments: len(w.segments), Records: w.end.next - w.start.next, Head: w.end.chain, Sealed: w.sealed}
	for _, seg := range w.segments {
		report.Bytes += seg.bytes
	}
	if report.Records > 0 {
		report.FirstSeq, report.LastSeq = w.start.next, w.end.next-1
	}
	if w.torn != nil {
		report.Torn = fmt.Sprintf("%d bytes at %d of %s are not a whole record %d (%s)", w.torn.Bytes, w.torn.Offset, w.torn.File, w.torn.Record, w.torn.Reason)
	}
	switch {
	case errors.As(err, &report.Broken):
		report.Sealed = false
		return report, nil
	case err != nil:
		return report, err
	case len(w.segments) == 0 && w.unborn == "":
		return report, fmt.Errorf("journal: %s: no journal there: %w", c.Dir, fs.ErrNotExist)
	}
	return report, nil
}
