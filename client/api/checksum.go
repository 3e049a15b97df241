package api

import (
	"encoding/binary"
	"hash/crc32"
	"sync"

	apiv1 "raftkv/client/api/v1"
)

// Checksums of requests and responses are CRC32C (Castagnoli) over what they
// mean, and not over their encoding, so that a client in any language can make
// them whatever its protobuf library writes:
//
//  1. the id, and the number of the field in the oneof (2 for get; 0: none is set);
//  2. the numbers of that message, in the order of their fields: each as 8 bytes,
//     big-endian, true as 1; of a Retry its three, zeros if there is none;
//  3. the length of each of its bytes and strings, likewise, in that order;
//  4. those bytes and strings themselves, one after the other.
//
// A listing's response counts its pairs as a number, before more; then come the
// lengths of each pair's key and value. A field that is added later stands
// behind the older ones, and counts only where it is not zero.
//
// ChecksumsKey in a stream's metadata, with the value ChecksumsOn, says that the
// client checks: every request has a checksum then, and every response gets one.
const (
	ChecksumsKey = "raftkv-checksums"
	ChecksumsOn  = "1"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// digest collects what is summed. The long values are not copied.
type digest struct {
	head  []byte
	parts [][]byte
}

var digests = sync.Pool{New: func() any { return new(digest) }}

func (d *digest) numbers(vs ...uint64) {
	for _, v := range vs {
		d.head = binary.BigEndian.AppendUint64(d.head, v)
	}
}

func (d *digest) bytes(bs ...[]byte) {
	for _, b := range bs {
		d.numbers(uint64(len(b)))
		d.parts = append(d.parts, b)
	}
}

// strings come last: nothing may be added after them.
func (d *digest) strings(ss ...string) {
	for _, s := range ss {
		d.numbers(uint64(len(s)))
	}
	for _, s := range ss {
		d.head = append(d.head, s...)
	}
}

func (d *digest) retry(r *apiv1.Retry) {
	d.numbers(r.GetSession(), r.GetSequence(), r.GetFirstOpen())
}

func (d *digest) sum() uint32 {
	crc := crc32.Checksum(d.head, castagnoli)
	for _, p := range d.parts {
		crc = crc32.Update(crc, castagnoli, p)
	}
	clear(d.parts) // the pool must not keep the values
	d.head, d.parts = d.head[:0], d.parts[:0]
	digests.Put(d)
	return crc
}

func number(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// RequestChecksum is the checksum that belongs in the request.
func RequestChecksum(r *apiv1.Request) uint32 {
	d := digests.Get().(*digest)
	d.numbers(r.GetId())
	switch op := r.GetOp().(type) {
	case *apiv1.Request_Get:
		q := op.Get
		d.numbers(2, number(q.GetStale()), q.GetMaxStalenessMs())
		d.bytes(q.GetKey())
	case *apiv1.Request_List:
		q := op.List
		d.numbers(3, uint64(q.GetLimit()), number(q.GetStale()), q.GetMaxStalenessMs())
		d.bytes(q.GetPrefix(), q.GetAfter())
	case *apiv1.Request_Put:
		d.numbers(4)
		d.retry(op.Put.GetRetry())
		d.bytes(op.Put.GetKey(), op.Put.GetValue())
	case *apiv1.Request_Delete:
		d.numbers(5)
		d.retry(op.Delete.GetRetry())
		d.bytes(op.Delete.GetKey())
	case *apiv1.Request_Cas:
		q := op.Cas
		d.numbers(6, number(q.GetExpectAbsent()))
		d.retry(q.GetRetry())
		d.bytes(q.GetKey(), q.GetExpect(), q.GetValue())
	case *apiv1.Request_OpenSession:
		d.numbers(7)
	case *apiv1.Request_CloseSession:
		d.numbers(8, op.CloseSession.GetSession())
	default:
		d.numbers(0)
	}
	return d.sum()
}

// ResponseChecksum is the checksum that belongs in the response.
func ResponseChecksum(r *apiv1.Response) uint32 {
	d := digests.Get().(*digest)
	d.numbers(r.GetId())
	switch p := r.GetResult().(type) {
	case *apiv1.Response_Error:
		e := p.Error
		d.numbers(2, uint64(e.GetReason()), e.GetLeaderId())
		d.strings(e.GetMessage(), e.GetLeaderAddress())
	case *apiv1.Response_Get:
		d.numbers(3, number(p.Get.GetFound()))
		d.bytes(p.Get.GetValue())
	case *apiv1.Response_List:
		d.list(p.List)
	case *apiv1.Response_Put:
		d.numbers(5)
	case *apiv1.Response_Delete:
		d.numbers(6, number(p.Delete.GetFound()))
	case *apiv1.Response_Cas:
		d.numbers(7, number(p.Cas.GetSwapped()), number(p.Cas.GetFound()))
		d.bytes(p.Cas.GetActual())
	case *apiv1.Response_OpenSession:
		d.numbers(8, p.OpenSession.GetSession())
	case *apiv1.Response_CloseSession:
		d.numbers(9)
	default:
		d.numbers(0)
	}
	return d.sum()
}

func (d *digest) list(p *apiv1.ListResponse) {
	d.numbers(4, uint64(len(p.GetPairs())), number(p.GetMore()))
	for _, kv := range p.GetPairs() {
		d.bytes(kv.GetKey(), kv.GetValue())
	}
}

// SealRequests sets the checksums of requests.
func SealRequests(rs []*apiv1.Request) {
	sums := make([]uint32, len(rs))
	for i, r := range rs {
		sums[i] = RequestChecksum(r)
		r.Checksum = &sums[i]
	}
}

// SealResponses sets the checksums of responses.
func SealResponses(rs []*apiv1.Response) {
	sums := make([]uint32, len(rs))
	for i, r := range rs {
		sums[i] = ResponseChecksum(r)
		r.Checksum = &sums[i]
	}
}

// RequestIntact says whether the request has the checksum that belongs in it.
func RequestIntact(r *apiv1.Request) bool {
	return r.Checksum != nil && *r.Checksum == RequestChecksum(r)
}

// ResponseIntact says whether the response has the checksum that belongs in it.
func ResponseIntact(r *apiv1.Response) bool {
	return r.Checksum != nil && *r.Checksum == ResponseChecksum(r)
}
