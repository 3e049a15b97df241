package fault

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"raftkv/harness/cluster"
	"raftkv/harness/link"
	"raftkv/harness/proof"
)

// corrupted is a fault of links whose heal adds what the nodes say that they noticed.
type corrupted struct{ onLinks }

// CorruptLinks flips one bit in so many kilobytes of what passes the chosen links, in
// either direction, wherever it falls; which names them for the record, and the seed
// decides the places. It is proved by a bit that was flipped, of what passes by itself
// or of a probe. The heal's evidence counts those that no probe can have met.
//
// It is skipped on a store that does not say that it checks its bytes: nothing in TCP
// or HTTP/2 would keep such a bit from being stored and served.
func CorruptLinks(kilobytes, seed int64, which string, pick func(*link.Link) bool) Fault {
	s := link.Shape{CorruptKB: kilobytes, Seed: seed}
	f := shaped(fmt.Sprintf("corrupt %s (%s)", which, s), s, pick).(onLinks)
	return Needing(corrupted{f}, checksBytes())
}

// Heal implements Fault.
func (f corrupted) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	e, err := f.onLinks.Heal(ctx, c)
	e.Detail += fmt.Sprintf("; %d bits of what passed were flipped", e.Counted)
	if n, ok := noticed(ctx, c); ok {
		e.Detail += fmt.Sprintf("; the nodes that run have counted %d frames with a wrong checksum", n)
	}
	return e, err
}

// framesMetric is RaftKV's count of what came with a wrong checksum.
const framesMetric = "raftkv_corrupt_frames_total"

// noticed adds up the metric over the nodes that answer; false if none has it.
func noticed(ctx context.Context, c cluster.Cluster) (sum int64, ok bool) {
	for _, id := range c.Nodes() {
		if n, has := metric(ctx, c.AdminURL(id), framesMetric); has {
			sum, ok = sum+n, true
		}
	}
	return sum, ok
}

// metric reads a counter, whatever its labels, from the metrics of an admin page.
func metric(ctx context.Context, base, name string) (sum int64, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, cluster.StatusTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/metrics", nil)
	if err != nil {
		return 0, false
	}
	resp, err := pages.Do(req)
	if err != nil {
		return 0, false
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		rest, is := strings.CutPrefix(lines.Text(), name)
		if !is || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err == nil {
			sum, ok = sum+int64(v), true
		}
	}
	return sum, ok
}

// checksBytes is the need of CorruptLinks: RaftKV, known by its admin service, or
// another store that says so of itself on its status page.
func checksBytes() Need {
	raftkv := hasAdmin()
	return Need{Name: "a store that checks its bytes", Probe: func(ctx context.Context, c cluster.Cluster) error {
		for _, id := range c.Nodes() {
			if s, err := c.Status(ctx, id); err == nil && s.ChecksBytes {
				return nil
			}
		}
		if raftkv.Probe(ctx, c) == nil {
			return nil
		}
		return errors.New(`the nodes' status does not say "checks_bytes"`)
	}}
}

// corruptKind flips bits of links.
func corruptKind() Kind {
	bits := Parameter{Name: "bits", Words: "flipped in a megabyte of each direction, on average", Default: "4", Least: "2", Most: "16"}
	seed := Parameter{Name: "seed", Words: "decides which bits", Default: "1", Least: "0", Most: "1000000"}
	return Kind{
		Name: "corrupt", Family: FamilyLink, Words: "single bits of what passes are flipped", Aim: AimAll, Harm: HarmNone,
		Needs: []Need{checksBytes()}, Parameters: []Parameter{whereParameter(), bits, seed},
		Build: func(s Spec) (Fault, error) {
			return CorruptLinks(1024/number(s.Parameters["bits"]), number(s.Parameters["seed"]), s.where(), s.among), nil
		},
	}
}
