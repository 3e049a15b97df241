package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

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
	require.NoError(t, f.WriteJSON(run.ScheduleFile, run.Schedule{Driver: "process", Binary: filepath.Join(f.Path, "gone")}))
	_, err = p.schedule(f.Path)
	require.ErrorContains(t, err, "is gone")
}
