-- The partner's store: what it has witnessed. SQLite only. It never learns a stream's name.

-- Ledger. The head of each stream at the newest leaf of the head log.
CREATE TABLE head (
  key  BYTES  NOT NULL PRIMARY KEY,                      -- the stream's name, blinded by what only readers know
  size BIGINT NOT NULL,                                  -- entries
  root BYTES  NOT NULL                                   -- Merkle root at that size
) STRICT;

-- Ledger. The head log: row n is the log when it had n leaves.
CREATE TABLE log (
  size     BIGINT NOT NULL PRIMARY KEY,                  -- leaves up to and with this one
  frontier BYTES  NOT NULL,                              -- of the log's tree at this size
  before   BYTES  NOT NULL,                              -- of the log's tree one leaf earlier
  note     TEXT   NOT NULL,                              -- the note as co-signed
  added    BIGINT NOT NULL                               -- when
) STRICT;

-- Operational. Notes that the hub signed and that contradict co-signed ones: evidence, the oldest 1,000.
CREATE TABLE evidence (
  added  BIGINT NOT NULL,                                -- when
  note   TEXT   NOT NULL,                                -- as the hub signed it
  reason TEXT   NOT NULL                                 -- why it was refused
) STRICT;

-- Ledger. Every key of the hub after the configured one, with the signatures by which it was believed.
CREATE TABLE hub_key (
  number BIGINT NOT NULL PRIMARY KEY,                    -- dense from 1: the newest counts
  key    TEXT   NOT NULL UNIQUE,                         -- verifier key
  body   BYTES  NOT NULL,                                -- the directory's entry, signed by the key before and by itself
  added  BIGINT NOT NULL                                 -- when
) STRICT;

-- Ledger. Epoch documents of the anonymous path that this partner signed: one for a number, the newest eight.
CREATE TABLE epoch (
  number   BIGINT NOT NULL PRIMARY KEY,                  -- of the epoch
  document BYTES  NOT NULL,                              -- the bytes that were signed
  roster   BYTES  NOT NULL                               -- its members, as the hub last said
) STRICT;

-- Ledger. What this partner signed of a slot, the newest eight: never another one of the same slot.
CREATE TABLE slot_record (
  epoch     BIGINT NOT NULL,                             -- number of the epoch
  slot      BIGINT NOT NULL,                             -- from 0
  record    BYTES  NOT NULL,                             -- the bytes that were signed
  signature BYTES  NOT NULL,                             -- Ed25519
  PRIMARY KEY (epoch, slot)
) STRICT;
