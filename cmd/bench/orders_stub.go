package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// stub is a venue at the other end of a local socket that does nothing: it tells when the first byte of
// each order arrived, and answers that the order has expired, as an IOC order does that met nobody.
// It speaks what of Binance's protocol the gateway asks for before the first order.
type stub struct {
	listener net.Listener
	arrived  chan time.Time // of each order's first byte; nil: nobody wants to know
	all      sync.WaitGroup
	mu       sync.Mutex
	conns    []net.Conn
}

func startStub(arrived chan time.Time) (*stub, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &stub{listener: l, arrived: arrived}
	s.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.all.Go(func() { _ = s.serve(c) }) // ends with its connection
		}
	})
	return s, nil
}

func (s *stub) url() string { return "http://" + s.listener.Addr().String() }

func (s *stub) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.all.Wait()
}

func (s *stub) serve(c net.Conn) error {
	r := bufio.NewReader(c)
	var out, body []byte
	for n := 1; ; n++ {
		if _, err := r.Peek(1); err != nil {
			return err
		}
		first := time.Now()
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		order := bytes.HasPrefix(line, []byte("POST /api/v3/order "))
		path := string(bytes.Fields(line)[1])
		length := 0
		for {
			if line, err = r.ReadSlice('\n'); err != nil {
				return err
			}
			if len(line) <= 2 {
				break
			}
			if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
				if _, err := fmt.Sscan(string(value), &length); err != nil {
					return err
				}
			}
		}
		if cap(body) < length {
			body = make([]byte, length)
		}
		body = body[:length]
		if _, err := io.ReadFull(r, body); err != nil {
			return err
		}
		status := http.StatusOK
		var said string
		switch {
		case order:
			if s.arrived != nil {
				s.arrived <- first
			}
			q, err := url.ParseQuery(string(body))
			if err != nil {
				return err
			}
			said = fmt.Sprintf(`{"symbol":%q,"orderId":%d,"orderListId":-1,"clientOrderId":%q,"transactTime":%d,"price":%q,"origQty":%q,"executedQty":"0","cummulativeQuoteQty":"0","status":"EXPIRED","timeInForce":"IOC","type":"LIMIT","side":%q,"fills":[]}`,
				q.Get("symbol"), first.UnixNano(), q.Get("newClientOrderId"), first.UnixMilli(), q.Get("price"), q.Get("quantity"), q.Get("side"))
		case path == "/api/v3/time":
			said = fmt.Sprintf(`{"serverTime":%d}`, time.Now().UnixMilli())
		case bytes.HasPrefix([]byte(path), []byte("/sapi/v1/account/apiRestrictions")):
			said = `{"ipRestrict":true,"enableReading":true,"enableSpotAndMarginTrading":true,"enableWithdrawals":false,"enableInternalTransfer":false,"permitsUniversalTransfer":false}`
		case bytes.HasPrefix([]byte(path), []byte("/api/v3/account")):
			said = `{"canTrade":true,"updateTime":1,"balances":[]}`
		default:
			status, said = http.StatusNotFound, `{}`
		}
		out = fmt.Appendf(out[:0], "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), len(said), said)
		if _, err := c.Write(out); err != nil {
			return err
		}
	}
}
