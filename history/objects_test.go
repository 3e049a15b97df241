package history

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestObjectsAreReadAsTheyAreWritten(t *testing.T) {
	c, ok := ParseCounter(Counter{}.Next("1.1").Next("2.1").Value())
	require.True(t, ok)
	require.Equal(t, Counter{2, "2.1"}, c)
	l, ok := ParseList(List{}.With("a").With("b").Value())
	require.True(t, ok)
	require.Equal(t, List{"a", "b"}, l)
	held := Lock{}.Taken("7.1")
	for _, want := range []Lock{held, held.Released(), held.Released().Taken("8.1")} {
		got, ok := ParseLock(want.Value())
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	require.Equal(t, Lock{2, true, "8.1"}, held.Released().Taken("8.1"))
}

func TestAbsenceIsAnObjectAtItsStart(t *testing.T) {
	c, ok := ParseCounter(Value{})
	require.True(t, ok && c.N == 0)
	l, ok := ParseList(List{}.Value())
	require.True(t, ok && len(l) == 0)
	k, ok := ParseLock(Value{})
	require.True(t, ok && !k.Held && k.Token == 0)
}

func TestOtherValuesAreNoObjects(t *testing.T) {
	for _, s := range []string{"", "x", "0 a", "-1 a", "1", "99999999999999999999 held x"} {
		_, ok := ParseCounter(Some(s))
		require.False(t, ok, s)
		_, ok = ParseLock(Some(s))
		require.False(t, ok, s)
	}
	_, ok := ParseList(Some("a,,b"))
	require.False(t, ok)
	_, ok = ParseLock(Some("1 kept x"))
	require.False(t, ok)
}
