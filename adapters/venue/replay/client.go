package replay

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/maru-trading/maru/actors/market"
)

const (
	// sendBufferBytes is gathered before a write: at full speed a system call for each frame would
	// cost more than everything else.
	sendBufferBytes = 64 << 10
	// requestBytesMax bounds what a client may send in one message.
	requestBytesMax = 1 << 20
	// lingerTime is how long a client has to close its side after the server closed its own.
	lingerTime = 5 * time.Second
)

// RFC 6455, section 5.2 and 7.4.
const (
	opText   = websocket.TextMessage
	opBinary = websocket.BinaryMessage
	opClose  = websocket.CloseMessage
	opPong   = websocket.PongMessage
)

// client is one connection. Frames are written by the server's loop and, between them, answers
// by the goroutine that reads; the lock keeps each frame whole.
type client struct {
	conn    *websocket.Conn
	stamped bool // wants the recorded time in front

	subscription atomic.Pointer[subscription]

	mu     sync.Mutex
	buf    []byte
	closed bool // the sending side
}

// send adds a data frame. It blocks while the client does not read.
func (c *client) send(f frame) error {
	opcode := opText
	if f.binary {
		opcode = opBinary
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	if len(c.buf)+len(f.payload)+24 > sendBufferBytes {
		if err := c.flushLocked(); err != nil {
			return err
		}
	}
	if c.stamped {
		c.buf = appendHeader(c.buf, opBinary, 9+len(f.payload))
		c.buf = binary.BigEndian.AppendUint64(c.buf, uint64(f.at))
		c.buf = append(c.buf, byte(opcode))
	} else {
		c.buf = appendHeader(c.buf, opcode, len(f.payload))
	}
	c.buf = append(c.buf, f.payload...)
	return nil
}

// answer sends text that was not recorded, at once.
func (c *client) answer(text []byte) error {
	if err := c.send(frame{payload: text}); err != nil {
		return err
	}
	return c.flush()
}

// flush writes what send gathered.
func (c *client) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flushLocked()
}

func (c *client) flushLocked() error {
	if len(c.buf) == 0 {
		return nil
	}
	_, err := c.conn.NetConn().Write(c.buf)
	if cap(c.buf) > 4*sendBufferBytes {
		c.buf = nil // a giant frame came by
	}
	c.buf = c.buf[:0]
	return err
}

// control sends a control frame at once. The error does not matter: the reader notices.
func (c *client) control(opcode int, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.buf = append(appendHeader(c.buf, opcode, len(payload)), payload...)
		_ = c.flushLocked()
	}
}

// finish ends the sending side: all that was sent arrives, then the end. With a code of 0 there
// is no close frame, as when a line is cut.
func (c *client) finish(code int, reason string) {
	if code != 0 {
		c.control(opClose, websocket.FormatCloseMessage(code, reason))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	_ = c.flushLocked()
	c.closed = true
	// Closing at once could destroy what the client has not read yet (RFC 1122, 4.2.2.13); so
	// the goroutine that reads goes on until the client closes, or for a while.
	if half, ok := c.conn.NetConn().(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(lingerTime))
}

// appendHeader appends the header of a whole, unmasked frame.
func appendHeader(dst []byte, opcode, size int) []byte {
	const fin = 0x80
	dst = append(dst, fin|byte(opcode))
	switch {
	case size < 126:
		return append(dst, byte(size))
	case size < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(size))
	}
	return binary.BigEndian.AppendUint64(append(dst, 127), uint64(size))
}

// ParseStamped takes a message apart that came under Subprotocol. The payload lies in the
// message. It fails if that is too short or names another opcode than text or binary.
func ParseStamped(message []byte) (at market.Timestamp, isBinary bool, payload []byte, err error) {
	if len(message) < 9 || message[8] != opText && message[8] != opBinary {
		return 0, false, nil, fmt.Errorf("replay: message of %d bytes is not of subprotocol %s: want 8 bytes of time, opcode 1 or 2, the frame", len(message), Subprotocol)
	}
	return market.Timestamp(binary.BigEndian.Uint64(message)), message[8] == opBinary, message[9:], nil
}
