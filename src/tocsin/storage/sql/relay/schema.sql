-- The relay's store: the documents that it stands by. SQLite only. Who sent what when is in no table.

-- Ledger. Epoch documents of the anonymous path that this relay signed: one for a number, the newest eight.
CREATE TABLE epoch (
  number   BIGINT NOT NULL PRIMARY KEY,                  -- of the epoch
  document BYTES  NOT NULL,                              -- the bytes that were signed
  roster   BYTES  NOT NULL                               -- its members with their keys, as the hub last said
) STRICT;

-- Ledger. Every key of the hub after the configured one, with the signatures by which it was believed.
CREATE TABLE hub_key (
  number BIGINT NOT NULL PRIMARY KEY,                    -- dense from 1: the newest counts
  key    TEXT   NOT NULL UNIQUE,                         -- verifier key
  body   BYTES  NOT NULL,                                -- the directory's entry, signed by the key before and by itself
  added  BIGINT NOT NULL                                 -- when
) STRICT;
