// Command raftkv is the store's program: a node, and the client's commands.
//
// This package parses flags and prints; what a node does is in package node,
// and what a client does in package client. Every command but serve takes
// --json for its result. What failed and what to do about it is one line of
// text on standard error, and the exit code is 0 (done), 1 (definitely not
// done, or a wrong flag; status: no leader is known), 3 (a write whose outcome
// is unknown) or 4 (get: no such key).
package main
