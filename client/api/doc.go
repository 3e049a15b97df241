// Package api holds what the store's two ends agree on beyond the protobuf
// messages in v1: which reasons are definite, how an Error rides on a gRPC
// status, and the limits that neither end may set for itself.
//
// It does not open connections, keep state or decide to retry; the server
// (package node) and the client (package client) do that.
package api
