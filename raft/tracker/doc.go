// Package tracker keeps what a leader knows about each follower (how much it
// holds, how much was sent, whether it answers), and what a candidate knows
// about its election.
//
// It is pure bookkeeping: it sends nothing and decides nothing about commits.
// The engine asks it whether and from where to send, and tells it what was sent
// and what came back.
package tracker
