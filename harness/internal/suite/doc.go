// Package suite holds the tests that every driver must pass: each operation on
// a node and on a link bites, is proved, and heals. It is for tests only.
package suite
