//go:build !linux

package packets

import "fmt"

var errNotLinux = fmt.Errorf("%w: it is not Linux", ErrUnavailable)

// Lose is for Linux alone.
func (n Namespace) Lose(_ Traffic, percent int) error {
	if err := checkPercent(percent); err != nil {
		return err
	}
	return errNotLinux
}

// Tally is for Linux alone.
func (n Namespace) Tally(Traffic, int) (Tally, error) { return Tally{}, errNotLinux }

// Pass is for Linux alone.
func (n Namespace) Pass() (Tally, error) { return Tally{}, errNotLinux }

// Works is for Linux alone.
func (n Namespace) Works() error { return errNotLinux }
