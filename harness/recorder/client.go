package recorder

import "raftkv/history"

// Client records one logical client: one operation at a time, so it belongs to
// one goroutine. After an unknown outcome it goes on under a new process number,
// because the old process may still be at work inside the store.
type Client struct {
	r       *Recorder
	process int
	op      history.Event
	call    int64
}

// Process is the number under which the next operation is recorded.
func (c *Client) Process() int { return c.process }

// Invoke records the start of op (its F, Key, Value, Expect, Final, Stale and
// Node). Call it before anything is sent.
func (c *Client) Invoke(op history.Event) {
	op.Kind, op.Process = history.Invoke, c.process
	c.op = op
	c.call = c.r.append(op)
}

// Ok records that the operation took effect, and what it saw. Call it after the
// reply has arrived.
func (c *Client) Ok(saw history.Value, swapped bool) {
	e := c.end(history.Ok, nil)
	e.Value, e.Swapped = saw, swapped
	c.finish(e)
}

// Fail records that the operation definitely had no effect and never will.
func (c *Client) Fail(err error) { c.finish(c.end(history.Fail, err)) }

// Info records that nobody knows, and retires the process number.
func (c *Client) Info(err error) {
	c.finish(c.end(history.Info, err))
	c.process = c.r.process()
}

func (c *Client) end(k history.Kind, err error) history.Event {
	e := c.op
	e.Kind = k
	e.Value, e.Expect = history.Value{}, history.Value{}
	if err != nil {
		e.Error = err.Error()
	}
	return e
}

func (c *Client) finish(e history.Event) {
	e.Time = c.r.append(e)
	c.r.ended(c.call, e)
}
