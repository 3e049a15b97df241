package main

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
	"go.etcd.io/bbolt"
)

// sealed gives b the checksum that goes with it.
func sealed(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

// newerLog makes a folder's log.db say that the next version wrote it.
func newerLog(ts *testscript.TestScript, _ bool, args []string) {
	db, err := bbolt.Open(ts.MkAbs(filepath.Join(args[0], "log.db")), 0o600, nil)
	ts.Check(err)
	ts.Check(db.Update(func(tx *bbolt.Tx) error {
		conf, key := tx.Bucket([]byte("conf")), []byte("identity")
		b := append([]byte(nil), conf.Get(key)...)
		binary.BigEndian.PutUint32(b, binary.BigEndian.Uint32(b)+1)
		return conf.Put(key, sealed(b[:len(b)-4]))
	}))
	ts.Check(db.Close())
}

// newerSnapshots does the same to a folder's snapshots.
func newerSnapshots(ts *testscript.TestScript, _ bool, args []string) {
	paths, err := filepath.Glob(ts.MkAbs(filepath.Join(args[0], "snapshots", "*.snap")))
	ts.Check(err)
	if len(paths) == 0 {
		ts.Fatalf("no snapshots in %s", args[0])
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		ts.Check(err)
		version := b[len("RAFTKVSN"):]
		binary.BigEndian.PutUint32(version, binary.BigEndian.Uint32(version)+1)
		ts.Check(os.WriteFile(p, sealed(b[:len(b)-4]), 0o600))
	}
}
