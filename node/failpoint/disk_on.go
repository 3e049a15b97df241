//go:build raftkv_failpoints

package failpoint

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// disk is what the log store meets: as told over HTTP, and as answered.
type disk struct {
	// Delay is how much longer each write takes.
	Delay time.Duration `json:"delay_ns"`
	// Error is what each write fails with: EIO, ENOSPC or nothing.
	Error string `json:"error"`
	// Hits are the writes that met it since it was told.
	Hits int64 `json:"hits"`
}

var (
	diskMu  sync.Mutex
	diskNow disk
)

var errnos = map[string]syscall.Errno{"EIO": syscall.EIO, "ENOSPC": syscall.ENOSPC}

// Disk is passed before each write of the log store: it takes as long as was
// told, and returns the error that was. It may be called from any goroutine.
func Disk() error {
	diskMu.Lock()
	d := diskNow
	if d.Delay > 0 || d.Error != "" {
		diskNow.Hits++
	}
	diskMu.Unlock()
	time.Sleep(d.Delay)
	if e, ok := errnos[d.Error]; ok {
		return e
	}
	return nil
}

// Routes adds /failpoint/disk, which answers what the log store meets, and is
// told by POST.
func Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /failpoint/disk", func(w http.ResponseWriter, _ *http.Request) { answer(w) })
	mux.HandleFunc("POST /failpoint/disk", func(w http.ResponseWriter, r *http.Request) {
		var d disk
		if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if _, ok := errnos[d.Error]; !ok && d.Error != "" || d.Delay < 0 {
			http.Error(w, fmt.Sprintf("no such trouble: %+v", d), http.StatusBadRequest)
			return
		}
		d.Hits = 0
		diskMu.Lock()
		diskNow = d
		diskMu.Unlock()
		answer(w)
	})
}

func answer(w http.ResponseWriter) {
	diskMu.Lock()
	defer diskMu.Unlock()
	_ = json.NewEncoder(w).Encode(diskNow) // the reader may have gone
}
