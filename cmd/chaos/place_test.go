package main

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/driver"
	"raftkv/harness/run"
)

func TestARepetitionRunsWhereTheRunWas(t *testing.T) {
	f := run.Folder{Path: t.TempDir()}
	require.NoError(t, f.WriteJSON(run.ScheduleFile, run.Schedule{Driver: "process", Levers: true}))
	p := place{Driver: driver.Auto}
	s, err := p.schedule(f.Path)
	require.NoError(t, err)
	require.Equal(t, "process", p.Driver)
	require.True(t, s.Levers)
	p = place{Driver: "docker"}
	_, err = p.schedule(f.Path)
	require.NoError(t, err)
	require.Equal(t, "docker", p.Driver, "as asked")
	require.NoError(t, f.WriteJSON(run.ScheduleFile, run.Schedule{Driver: "docker", Image: "mine:1"}))
	for given, want := range map[string]string{"": "mine:1", "mine:2": "mine:2"} {
		p = place{Driver: driver.Auto, Image: given}
		s, err = p.schedule(f.Path)
		require.NoError(t, err)
		require.Equal(t, want, p.Image)
		require.Equal(t, want, s.Image, "as it will be noted")
	}
	require.NoError(t, f.WriteJSON(run.ScheduleFile, run.Schedule{Driver: "process", Binary: filepath.Join(f.Path, "gone")}))
	p = place{Driver: driver.Auto}
	_, err = p.schedule(f.Path)
	require.ErrorContains(t, err, "is gone")
}

func TestAnImageOnLocalProcessesIsRefusedAtOnce(t *testing.T) {
	_, err := place{Driver: "process", Image: "mine:1"}.options(t.Context(), &terminal{out: io.Discard})
	require.ErrorIs(t, err, cluster.ErrImage)
}
