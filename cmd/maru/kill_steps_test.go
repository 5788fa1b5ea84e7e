package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/order"
	"github.com/maru-trading/maru/adapters/gateway/binance"
	"github.com/maru-trading/maru/adapters/gateway/registry"
	"github.com/maru-trading/maru/adapters/store/journal"
	"github.com/maru-trading/maru/cmd/internal/node"
)

// What follows runs in the process that is killed: this test binary, acting as maru. Every moment at
// which something becomes durable, leaves on the wire or comes back is a step with a number and a
// name; at the one that the environment names the process sends itself SIGKILL. The program itself
// holds none of this.
const (
	dieAt   = "MARU_TEST_DIE_AT"   // how often, and the name of the step: "3 disk: after sync"; "0": at none
	stepLog = "MARU_TEST_STEP_LOG" // a file that gets the steps' names, a line each
)

func init() {
	often, name, _ := strings.Cut(os.Getenv(dieAt), " ")
	at, err := strconv.Atoi(often)
	if err != nil {
		return // no process of this kind
	}
	log, err := os.OpenFile(os.Getenv(stepLog), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	s := &steps{at: at, name: name, log: log}
	adapt = func(o node.Options) node.Options {
		o.Disk = mortalDisk{journal.OSFS{}, s}
		o.Gateway = func(_ string, c registry.Config, replies order.Replies) (registry.Gateway, error) {
			// A request of this gateway is void sooner than one of the real one, and the venue's word
			// that there is no order counts at once: that keeps the tests short and changes nothing else.
			g, err := binance.New(binance.Config{Account: c.Account, Venue: c.Venue, RESTURL: c.RESTURL, WebSocketURL: c.WebSocketURL,
				Credentials: c.Credentials, Listings: c.Listings, Now: c.Now, Log: c.Log,
				Validity: 500 * time.Millisecond, Settle: -1, Dial: s.dial}, mortalReplies{replies, s})
			return mortalGateway{g, s}, err
		}
		return o
	}
}

// steps counts, and kills.
type steps struct {
	at   int
	name string
	mu   sync.Mutex
	n    int // how often it was taken
	log  *os.File
}

// step is a moment in which the process may end.
func (s *steps) step(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.due(fmt.Sprintf(format, args...)) {
		s.die()
	}
}

// due counts a step and reports whether it is the last. The caller holds the lock.
func (s *steps) due(name string) bool {
	if _, err := fmt.Fprintln(s.log, name); err != nil { // what is written survives the process
		panic(err)
	}
	if name != s.name {
		return false
	}
	s.n++
	return s.n == s.at
}

// die never returns: nothing of the process goes on behind a step that it did not survive.
func (s *steps) die() {
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {}
}

// torn does something with the first half of b and dies, if that is the step.
func (s *steps) torn(name string, b []byte, do func([]byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.due(name) {
		do(b[:len(b)/2])
		s.die()
	}
}

// ---- the journal's disk

type mortalDisk struct {
	journal.FS
	s *steps
}

func (d mortalDisk) Create(name string) (journal.File, error) {
	d.s.step("disk: before create")
	f, err := d.FS.Create(name)
	d.s.step("disk: after create")
	return mortalFile{f, d.s}, err
}

func (d mortalDisk) Edit(name string) (journal.File, error) {
	f, err := d.FS.Edit(name)
	return mortalFile{f, d.s}, err
}

func (d mortalDisk) Rename(from, to string) error {
	d.s.step("disk: before rename")
	defer d.s.step("disk: after rename")
	return d.FS.Rename(from, to)
}

func (d mortalDisk) Remove(name string) error {
	d.s.step("disk: before remove")
	defer d.s.step("disk: after remove")
	return d.FS.Remove(name)
}

func (d mortalDisk) SyncDir(dir string) error {
	defer d.s.step("disk: after sync of the directory")
	return d.FS.SyncDir(dir)
}

type mortalFile struct {
	journal.File
	s *steps
}

func (f mortalFile) WriteAt(b []byte, off int64) (int, error) {
	f.s.step("disk: before write")
	f.s.torn("disk: half a write", b, func(half []byte) { _, _ = f.File.WriteAt(half, off) })
	defer f.s.step("disk: after write") // which is before the sync
	return f.File.WriteAt(b, off)
}

func (f mortalFile) Truncate(size int64) error {
	f.s.step("disk: before truncate")
	defer f.s.step("disk: after truncate")
	return f.File.Truncate(size)
}

func (f mortalFile) Sync() error {
	defer f.s.step("disk: after sync")
	return f.File.Sync()
}

// ---- the gateway's calls, and what it is answered

type mortalGateway struct {
	registry.Gateway
	s *steps
}

func (g mortalGateway) Place(o message.OrderEvent) {
	g.s.step("gateway: before place")
	g.Gateway.Place(o)
}

func (g mortalGateway) Cancel(o message.OrderEvent) {
	g.s.step("gateway: before cancel")
	g.Gateway.Cancel(o)
}

func (g mortalGateway) Recover(open []message.OrderEvent) {
	g.s.step("gateway: before recover")
	g.Gateway.Recover(open)
}

type mortalReplies struct {
	order.Replies
	s *steps
}

func (r mortalReplies) Report(m message.ExecutionReport) {
	r.s.step("reply: before report of %v", m.Fields().Action)
	r.Replies.Report(m)
	r.s.step("reply: after report of %v", m.Fields().Action)
}

func (r mortalReplies) Recovered(err error) {
	r.s.step("reply: before recovered")
	r.Replies.Recovered(err)
	r.s.step("reply: after recovered")
}

// ---- the wire

func (s *steps) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &mortalConn{Conn: c, s: s}, nil
}

// mortalConn has steps where a request leaves that changes something, and where its answer is here.
type mortalConn struct {
	net.Conn
	s       *steps
	mu      sync.Mutex
	waiting string // for the answer to this; empty: to none
}

// changing are the beginnings of requests that change something.
var changing = []string{"POST /api/v3/order", "DELETE /api/v3/order", "PUT /api/v3/order"}

func (c *mortalConn) Write(b []byte) (int, error) {
	for _, start := range changing {
		if !bytes.HasPrefix(b, []byte(start)) {
			continue
		}
		name, _, _ := strings.Cut(start, " ")
		c.s.step("wire: before %s", name)
		c.s.torn("wire: half of "+name, b, func(half []byte) { _, _ = c.Conn.Write(half) })
		n, err := c.Conn.Write(b)
		c.mu.Lock()
		c.waiting = name
		c.mu.Unlock()
		c.s.step("wire: after %s", name)
		return n, err
	}
	return c.Conn.Write(b)
}

func (c *mortalConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	name := c.waiting
	if n > 0 {
		c.waiting = ""
	}
	c.mu.Unlock()
	if n > 0 && name != "" {
		c.s.step("wire: answer to %s", name)
	}
	return n, err
}

// ---- in the test's own process

// stepsTaken reads the names of the steps that a process took.
func stepsTaken(path string) ([]string, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' }), err
}

var (
	_ journal.FS       = mortalDisk{}
	_ journal.File     = mortalFile{}
	_ registry.Gateway = mortalGateway{}
)
