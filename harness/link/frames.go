package link

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// HTTP/2 (RFC 9113): the client's preface, and the few parts of frames that a
// probe needs.
const (
	preface      = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	frameHeader  = 9
	frameSetting = 0x4
	framePing    = 0x6
	flagAck      = 0x1
	// maxFrame is the largest payload every server must take.
	maxFrame = 16384
	// settingSize is one (id, value) pair in a SETTINGS frame.
	settingSize = 6
	// unknownSetting is an id that nobody has defined; servers ignore those.
	unknownSetting = 0xf0f0
)

// pingData is what the probe's ping carries and its answer must repeat.
var pingData = []byte("raftkv??")

var errNotHTTP2 = errors.New("the answer is not HTTP/2")

// hello is what a probe sends: preface, settings, padding, ping. The padding is
// settings that mean nothing: they cost a server next to nothing, and the ping
// queues behind them, which shows a bound on bandwidth.
func hello(pad int) []byte {
	var b bytes.Buffer
	b.WriteString(preface)
	b.Write(frame(frameSetting, nil))
	for b.Len() < pad {
		n := min(pad-b.Len(), maxFrame) / settingSize
		b.Write(frame(frameSetting, bytes.Repeat(padding(), max(n, 1))))
	}
	b.Write(frame(framePing, pingData))
	return b.Bytes()
}

// padding is one setting that means nothing.
func padding() []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, unknownSetting), 0)
}

// frame makes a frame of stream 0 with no flags.
func frame(kind byte, payload []byte) []byte {
	n := len(payload)
	return append([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, 0, 0, 0, 0, 0}, payload...)
}

// awaitPong reads frames until the ping's answer and says how many bytes came.
func awaitPong(r io.Reader) (int, error) {
	c := &counter{r: r}
	b := bufio.NewReader(c)
	for {
		header := make([]byte, frameHeader)
		if _, err := io.ReadFull(b, header); err != nil {
			return c.n, err
		}
		n := int(header[0])<<16 | int(header[1])<<8 | int(header[2])
		if n > maxFrame {
			return c.n, errNotHTTP2
		}
		payload := make([]byte, n)
		if _, err := io.ReadFull(b, payload); err != nil {
			return c.n, err
		}
		if header[3] == framePing && header[4]&flagAck != 0 && bytes.Equal(payload, pingData) {
			return c.n, nil
		}
	}
}

// counter counts the bytes that come through.
type counter struct {
	r io.Reader
	n int
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}
