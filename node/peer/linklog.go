package peer

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A connection that comes and goes fills no log: after so many lines within
// such a time the rest of them is at debug level.
const (
	linkLines  = 10
	linkWindow = 30 * time.Second
)

// linkLog tells what becomes of the connection to one peer. Its methods may be
// called from any goroutine.
type linkLog struct {
	log *slog.Logger

	mu      sync.Mutex
	up      bool
	refusal string // the last that was told
	since   time.Time
	lines   int
}

// connected is told that the peer has accepted a stream.
func (l *linkLog) connected() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up, l.refusal = true, ""
	l.say(slog.LevelInfo, "connected to peer")
}

// ended is told why a stream ended. One that was refused is told once for each
// reason; one that never got to the peer is no news.
func (l *linkLog) ended(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.up:
		l.say(slog.LevelWarn, "lost the connection to a peer", slog.Any("error", err))
	case status.Code(err) == codes.FailedPrecondition && err.Error() != l.refusal:
		l.refusal = err.Error()
		l.say(slog.LevelWarn, "a peer refuses this node; check --peers, --id and --cluster of both", slog.Any("error", err))
	}
	l.up = false
}

func (l *linkLog) say(level slog.Level, what string, more ...any) {
	if now := time.Now(); now.Sub(l.since) > linkWindow {
		l.since, l.lines = now, 0
	}
	l.lines++
	switch {
	case l.lines == linkLines:
		more = append(more, slog.String("note", "more of these are at debug level for a while"))
	case l.lines > linkLines:
		level = slog.LevelDebug
	}
	l.log.Log(context.Background(), level, what, more...)
}
