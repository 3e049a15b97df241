package api

import (
	"bytes"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	apiv1 "raftkv/client/api/v1"
)

var retry = &apiv1.Retry{Session: 9, Sequence: 3, FirstOpen: 2}

func requests() []*apiv1.Request {
	rs := []*apiv1.Request{
		{Op: &apiv1.Request_Get{Get: &apiv1.GetRequest{Key: []byte("k"), Stale: true, MaxStalenessMs: 5}}},
		{Op: &apiv1.Request_List{List: &apiv1.ListRequest{Prefix: []byte("p"), Limit: 7, Stale: true, After: []byte("a"), MaxStalenessMs: 5}}},
		{Op: &apiv1.Request_Put{Put: &apiv1.PutRequest{Key: []byte("k"), Value: []byte("value"), Retry: retry}}},
		{Op: &apiv1.Request_Delete{Delete: &apiv1.DeleteRequest{Key: []byte("k"), Retry: retry}}},
		{Op: &apiv1.Request_Cas{Cas: &apiv1.CompareAndSwapRequest{Key: []byte("k"), ExpectAbsent: true, Expect: []byte("e"), Value: []byte("v"), Retry: retry}}},
		{Op: &apiv1.Request_OpenSession{OpenSession: &apiv1.OpenSessionRequest{}}},
		{Op: &apiv1.Request_CloseSession{CloseSession: &apiv1.CloseSessionRequest{Session: 9}}},
	}
	for i, r := range rs {
		r.Id = uint64(100 + i)
	}
	SealRequests(rs)
	return rs
}

func responses() []*apiv1.Response {
	rs := []*apiv1.Response{
		{Result: &apiv1.Response_Error{Error: &apiv1.Error{Reason: apiv1.Reason_REASON_NOT_LEADER, Message: "m", LeaderId: 2, LeaderAddress: "n2"}}},
		{Result: &apiv1.Response_Get{Get: &apiv1.GetResponse{Found: true, Value: []byte("value")}}},
		{Result: &apiv1.Response_List{List: &apiv1.ListResponse{More: true, Pairs: []*apiv1.KeyValue{{Key: []byte("k"), Value: []byte("v")}, {Key: []byte("l")}}}}},
		{Result: &apiv1.Response_Put{Put: &apiv1.PutResponse{}}},
		{Result: &apiv1.Response_Delete{Delete: &apiv1.DeleteResponse{Found: true}}},
		{Result: &apiv1.Response_Cas{Cas: &apiv1.CompareAndSwapResponse{Swapped: true, Found: true, Actual: []byte("a")}}},
		{Result: &apiv1.Response_OpenSession{OpenSession: &apiv1.OpenSessionResponse{Session: 9}}},
		{Result: &apiv1.Response_CloseSession{CloseSession: &apiv1.CloseSessionResponse{}}},
	}
	for i, r := range rs {
		r.Id = uint64(100 + i)
	}
	SealResponses(rs)
	return rs
}

// eachFlip decodes a message with each of its bits flipped, and gives those that
// decode and are taken for intact to same.
func eachFlip[M proto.Message](t *testing.T, sent M, empty func() M, intact func(M) bool) {
	t.Helper()
	require.True(t, intact(sent), "%v", sent)
	frame, err := proto.Marshal(sent)
	require.NoError(t, err)
	for bit := range 8 * len(frame) {
		bent, got := bytes.Clone(frame), empty()
		bent[bit/8] ^= 1 << (bit % 8)
		if proto.Unmarshal(bent, got) == nil && intact(got) {
			require.True(t, proto.Equal(sent, got), "bit %d: %v became %v", bit, sent, got)
		}
	}
}

func TestNoFlippedBitOfARequestIsTakenForWhatWasSent(t *testing.T) {
	for _, r := range requests() {
		eachFlip(t, r, func() *apiv1.Request { return &apiv1.Request{} }, RequestIntact)
	}
}

func TestNoFlippedBitOfAResponseIsTakenForWhatWasSent(t *testing.T) {
	for _, r := range responses() {
		eachFlip(t, r, func() *apiv1.Response { return &apiv1.Response{} }, ResponseIntact)
	}
}

func TestMissingChecksumIsNotIntact(t *testing.T) {
	r, p := requests()[0], responses()[0]
	r.Checksum, p.Checksum = nil, nil
	require.False(t, RequestIntact(r))
	require.False(t, ResponseIntact(p))
}

// What the comment says, byte by byte: other languages follow it.
func TestChecksumIsOverTheBytesThatAreDocumented(t *testing.T) {
	eight := func(b byte) string { return "\x00\x00\x00\x00\x00\x00\x00" + string(b) }
	sum := func(s string) uint32 { return crc32.Checksum([]byte(s), crc32.MakeTable(crc32.Castagnoli)) }
	require.Equal(t, sum(eight(102)+eight(4)+eight(9)+eight(3)+eight(2)+eight(1)+eight(5)+"kvalue"), requests()[2].GetChecksum())
	require.Equal(t, sum(eight(102)+eight(4)+eight(2)+eight(1)+eight(1)+eight(1)+eight(1)+eight(0)+"kvl"), responses()[2].GetChecksum())
	require.Equal(t, sum(eight(100)+eight(2)+eight(1)+eight(2)+eight(1)+eight(2)+"mn2"), responses()[0].GetChecksum())
}

func BenchmarkRequestChecksum(b *testing.B) {
	r := &apiv1.Request{Id: 1, Op: &apiv1.Request_Put{Put: &apiv1.PutRequest{Key: []byte("key"), Value: make([]byte, 256), Retry: retry}}}
	b.ReportAllocs()
	for b.Loop() {
		RequestChecksum(r)
	}
}

func BenchmarkResponseChecksum(b *testing.B) {
	r := &apiv1.Response{Id: 1, Result: &apiv1.Response_Get{Get: &apiv1.GetResponse{Found: true, Value: make([]byte, 256)}}}
	b.ReportAllocs()
	for b.Loop() {
		ResponseChecksum(r)
	}
}
