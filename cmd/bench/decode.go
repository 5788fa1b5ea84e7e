package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/maru-trading/maru/actors/market"
	"github.com/maru-trading/maru/adapters/venue/registry"
)

// kinds are what the names of a venue's decoding benchmarks begin with, by the channel that brings
// such frames.
var kinds = map[string]market.Channel{
	"ticker": market.ChannelTicker, "bbo": market.ChannelBBO, "trade": market.ChannelTrade, "book": market.ChannelBook,
}

// decodeRounds is how often each frame is decoded for a moment, over and over with all the others in
// between. The fastest round is the figure: the slower ones tell what else ran on the machine.
const decodeRounds = 8

// decodeFrames measures every venue's decoder on frames of each kind, beside encoding/json reading
// the same frame into a struct. It fails if a venue has a channel by default of whose frames its
// package has no benchmark.
func decodeFrames(ctx context.Context, r *runner) (rows []row, err error) {
	dir, err := r.temp("decode")
	if err != nil {
		return nil, err
	}
	var venues []string
	build := []string{"test", "-c", "-o", dir + string(filepath.Separator)}
	for _, name := range registry.Names() {
		if name != "sim" { // speaks Binance's protocol, with Binance's decoder
			venues, build = append(venues, name), append(build, "./adapters/venue/"+name)
		}
	}
	if _, err := goTool(ctx, build...); err != nil {
		return nil, err
	}
	frames, fastest := map[string][]string{}, map[string]map[string]goBench{}
	for range pick(r, decodeRounds, 1) {
		for _, v := range venues {
			printed, err := output(ctx, dir, filepath.Join(dir, v+".test"), "-test.run", "^$", "-test.bench", "^BenchmarkDecode$",
				"-test.benchmem", "-test.benchtime", pick(r, "50ms", "1x"))
			if err != nil {
				return nil, err
			}
			found, err := parseGoBench(printed)
			if err != nil {
				return nil, err
			}
			frames[v], fastest[v] = framesOfBench(printed), least(fastest[v], found)
		}
	}
	for _, v := range venues {
		of, err := decodeRows(v, frames[v], fastest[v])
		rows = append(rows, of...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// decodeRows are the rows of a venue.
func decodeRows(venue string, frames []string, found map[string]goBench) (rows []row, err error) {
	adapter, err := registry.Find(venue)
	if err != nil {
		return nil, err
	}
	missing := map[market.Channel]bool{}
	for _, c := range adapter.Channels {
		missing[c] = true
	}
	for _, frame := range frames {
		kind, _, _ := strings.Cut(frame, "_")
		w, err := decodeRow(venue, kind, frame, found)
		if err != nil {
			return rows, err
		}
		delete(missing, kinds[kind])
		rows = append(rows, w)
	}
	for c := range missing {
		return rows, fmt.Errorf("adapters/venue/%s has no BenchmarkDecode of a frame of channel %v", venue, c)
	}
	return rows, nil
}

// least keeps of each figure the smaller one.
func least(a, b map[string]goBench) map[string]goBench {
	for name, units := range a {
		for unit, v := range units {
			if w, ok := b[name][unit]; ok {
				b[name][unit] = min(v, w)
			}
		}
	}
	return b
}

// framesOfBench returns the names of the frames that a package has benchmarks of, in its order.
func framesOfBench(output []byte) (names []string) {
	seen := map[string]bool{}
	for line := range strings.Lines(string(output)) {
		rest, ok := strings.CutPrefix(line, "BenchmarkDecode/")
		name, _, whole := strings.Cut(rest, "/")
		if ok && whole && !seen[name] {
			names, seen[name] = append(names, name), true
		}
	}
	return names
}

// What is aimed at: of a frame that holds one figure or one set of figures, and of a book.
const (
	frameNs, frameAllocs, frameTimes                   = 1000, 1, 5
	bookNs, bookLevelNs, bookAllocs, bookTimes float64 = 1000, 80, 2, 3.5
)

// decodeRow is the row of one frame.
func decodeRow(venue, kind, frame string, found map[string]goBench) (w row, err error) {
	ours, err := require(found, "Decode/"+frame+"/maru", "ns/op")
	reference, err2 := require(found, "Decode/"+frame+"/encoding_json", "ns/op")
	allocs, err3 := require(found, "Decode/"+frame+"/maru", "allocs/op")
	theirs, err4 := require(found, "Decode/"+frame+"/encoding_json", "allocs/op")
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return w, fmt.Errorf("%s: %w", venue, err)
	}
	times := reference / ours
	w = row{What: fmt.Sprintf("decode %s %s", venue, frame), Measured: figure{ours, "ns"}}.
		against(fmt.Sprintf("encoding/json into a struct; %.1f× as fast, allocations %.0f : %.0f", times, allocs, theirs), figure{reference, "ns"})
	if _, ok := kinds[kind]; !ok {
		return w, fmt.Errorf("%s: a benchmark of a frame is called %s: want a name that begins with ticker, bbo, trade or book", venue, frame)
	}
	if kind != "book" {
		return w.aim(fmt.Sprintf("≤ %s ns, ≤ %d alloc, ≥ %d×", group(strconv.Itoa(frameNs)), frameAllocs, frameTimes),
			ours <= frameNs && allocs <= frameAllocs && times >= frameTimes), nil
	}
	levels, err := require(found, "Decode/"+frame+"/maru", "levels")
	if err != nil {
		return w, fmt.Errorf("%s: %w", venue, err)
	}
	most := bookNs + bookLevelNs*levels
	return w.aim(fmt.Sprintf("≤ %s ns, ≤ %.0f allocs, ≥ %g×", group(strconv.Itoa(int(most))), bookAllocs, bookTimes),
		ours <= most && allocs <= bookAllocs && times >= bookTimes), nil
}
