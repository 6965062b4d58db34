-- The hub's store, one per realm. SQLite and PostgreSQL read this same text: BIGINT, TEXT and BYTES are its only types.
-- Times are microseconds since 1970-01-01 UTC. Digests, keys and salts are 32 bytes. Each table says what it is:
-- ledger (the truth; only gains rows, and nullable columns), view (rebuilt from the ledger), operational (bounded).

-- Ledger. One row per stream: its head. Whoever appends locks this row first, so seq is dense in commit order.
CREATE TABLE stream (
  number     BIGINT NOT NULL PRIMARY KEY,                -- dense from 0; stands for the name in cursors
  name       TEXT   NOT NULL UNIQUE,                     -- the audience in its canonical spelling, or 'directory'
  key        BYTES  NOT NULL CHECK (length(key) = 32),   -- its blinded name in the head log's map
  size       BIGINT NOT NULL CHECK (size >= 0),          -- how many entries; the seq of the next one
  frontier   BYTES  NOT NULL,                            -- hashes of the complete subtrees, from which the tree grows
  root       BYTES  NOT NULL CHECK (length(root) = 32),  -- Merkle root at that size
  added      BIGINT NOT NULL,                            -- when the last entry was added; the next is later
  noted_size BIGINT NOT NULL CHECK (noted_size <= size), -- size in the newest leaf of the head log
  noted_root BYTES  NOT NULL CHECK (length(noted_root) = 32), -- root in the newest leaf of the head log
  witnessed_size     BIGINT NOT NULL,                    -- size in the newest head that the partner co-signed
  witnessed_frontier BYTES  NOT NULL                     -- frontier at that size
) STRICT;

-- Ledger. One entry of one stream; never deleted, so that the tree stays whole when a body is erased.
CREATE TABLE entry (
  stream     BIGINT NOT NULL REFERENCES stream (number), -- whose entry it is
  seq        BIGINT NOT NULL CHECK (seq >= 0),           -- dense from 0: the index of its leaf
  header     BYTES  NOT NULL,                            -- what is said about the body, as hashed
  salt_h     BYTES  NOT NULL CHECK (length(salt_h) = 32),   -- keys the header's commitment
  origin_c   BYTES  NOT NULL CHECK (length(origin_c) = 32), -- commitment to the origin
  body_c     BYTES  NOT NULL CHECK (length(body_c) = 32),   -- commitment to the body
  leaf       BYTES  NOT NULL CHECK (length(leaf) = 32),  -- leaf hash of the tree
  fact       TEXT   NOT NULL,                            -- what it is about: entries of one fact are erased together
  kind       TEXT   NOT NULL,                            -- kind of message in the body
  added      BIGINT NOT NULL,                            -- when the hub added it; strictly increasing per stream
  not_before BIGINT,                                     -- embargo: nobody but the author reads it earlier
  purposes   BIGINT NOT NULL CHECK (purposes >= 0),      -- one bit for each purpose it may be read for; 0: any
  PRIMARY KEY (stream, seq)
) STRICT;

-- View. Roots of full subtrees, so that a proof over millions of entries reads a few hundred hashes. What is missing is
-- computed from the leaves each time.
CREATE TABLE subtree (
  stream BIGINT NOT NULL REFERENCES stream (number),     -- whose tree
  height BIGINT NOT NULL,                                -- 8, 16 or 24: it has 2^height leaves
  number BIGINT NOT NULL,                                -- from 0: its leaves are those from number x 2^height on
  root   BYTES  NOT NULL CHECK (length(root) = 32),      -- Merkle root over them
  PRIMARY KEY (stream, height, number)
) STRICT;

-- Ledger. The part of an entry that can be erased: deleting the row takes the bytes and the salt that hid them.
CREATE TABLE body (
  stream BIGINT NOT NULL,                                -- of the entry
  seq    BIGINT NOT NULL,                                -- of the entry
  salt_b BYTES  NOT NULL CHECK (length(salt_b) = 32),    -- keys the body's commitment
  body   BYTES  NOT NULL,                                -- the message, as hashed and served
  PRIMARY KEY (stream, seq),
  FOREIGN KEY (stream, seq) REFERENCES entry (stream, seq)
) STRICT;

-- Ledger. Where an entry came from. Never served to anybody.
CREATE TABLE origin (
  stream BIGINT NOT NULL,                                -- of the entry
  seq    BIGINT NOT NULL,                                -- of the entry
  salt_o BYTES  NOT NULL CHECK (length(salt_o) = 32),    -- keys the origin's commitment
  origin BYTES  NOT NULL,                                -- owner and request signature, as hashed
  owner  TEXT,                                           -- the party behind it; NULL for an anonymous report
  fact   TEXT   NOT NULL,                                -- as in entry: what an owner said is found past what others said
  PRIMARY KEY (stream, seq),
  FOREIGN KEY (stream, seq) REFERENCES entry (stream, seq)
) STRICT;
CREATE INDEX origin_fact ON origin (fact, owner);

-- View. Which object of which owner an entry is a version of: finds repeats, chains and conflicts.
-- Two rows with one owner, id and modified but different digests are a recorded conflict.
CREATE TABLE object (
  stream   BIGINT NOT NULL,                              -- of the entry
  seq      BIGINT NOT NULL,                              -- of the entry
  owner    TEXT   NOT NULL,                              -- only the owner's versions chain
  id       TEXT   NOT NULL,                              -- the owner's identifier for it
  modified BIGINT NOT NULL,                              -- the version, as claimed
  digest   BYTES,                                        -- SHA-256 of the content; NULL once erased: it would confirm a guess
  chain    TEXT   NOT NULL,                              -- random: what readers see in place of the owner
  PRIMARY KEY (stream, seq),
  FOREIGN KEY (stream, seq) REFERENCES entry (stream, seq)
) STRICT;
CREATE INDEX object_version ON object (owner, id, modified);

-- View. Which named party vouches for an observable in a stream, and by which entry. It counts for 90 days.
CREATE TABLE source (
  stream BIGINT NOT NULL,                                -- where it was said
  value  TEXT   NOT NULL,                                -- the observable, 'kind:value' in its normal form
  party  TEXT   NOT NULL,                                -- who said it
  seq    BIGINT NOT NULL,                                -- the entry that said it
  attended BIGINT NOT NULL,                              -- 1 when a person approved it, 0 when a standing rule did
  PRIMARY KEY (stream, value, party, seq),
  FOREIGN KEY (stream, seq) REFERENCES entry (stream, seq)
) STRICT;
CREATE INDEX source_entry ON source (stream, seq, party, value);

-- View. The band of distinct named sources that was last published for an observable.
CREATE TABLE band (
  stream BIGINT NOT NULL,                                -- where it was published
  value  TEXT   NOT NULL,                                -- the observable
  band   TEXT   NOT NULL,                                -- such as '2-4'
  fact   TEXT   NOT NULL,                                -- random: shared by all entries that published it
  PRIMARY KEY (stream, value)
) STRICT;

-- Operational. Values whose band rests on the word of two parties alone, who may have only so many at a time.
CREATE TABLE by_two (
  stream BIGINT NOT NULL,                                -- where the band was published
  value  TEXT   NOT NULL,                                -- the observable
  one    TEXT   NOT NULL,                                -- the two parties, in the order of their identifiers
  other  TEXT   NOT NULL,                                -- the second of them
  PRIMARY KEY (stream, value)
) STRICT;
CREATE INDEX by_two_parties ON by_two (stream, one, other);

-- View. Which version of which author's warning an entry is: finds repeats, conflicts and what is final.
CREATE TABLE warning (
  stream    BIGINT NOT NULL,                             -- of the entry
  seq       BIGINT NOT NULL,                             -- of the entry
  owner     TEXT   NOT NULL,                             -- only the owner's versions replace each other
  id        TEXT   NOT NULL,                             -- wrn_…
  version   BIGINT NOT NULL,                             -- from 1
  digest    BYTES,                                       -- SHA-256 of the bytes that were signed; NULL once erased
  chain     TEXT   NOT NULL,                             -- random: stands for this owner's warning of that identifier
  withdrawn BIGINT NOT NULL,                             -- 1 when this version takes the warning back
  expires   BIGINT NOT NULL,                             -- as signed
  PRIMARY KEY (stream, seq),
  FOREIGN KEY (stream, seq) REFERENCES entry (stream, seq)
) STRICT;
CREATE INDEX warning_version ON warning (id, owner, version);
CREATE INDEX warning_chain ON warning (chain, version, stream);

-- View. Which party answered what to a warning, for each stream in which it counts: here alone stands who is behind.
CREATE TABLE answer (
  chain   TEXT   NOT NULL,                               -- of the warning
  version BIGINT NOT NULL,                               -- of the warning
  stream  BIGINT NOT NULL,                               -- where the warning stands
  party   TEXT   NOT NULL,                               -- who answered
  role    TEXT   NOT NULL,                               -- of that party
  answer  TEXT   NOT NULL,                               -- received, acted or not-affected
  home    BIGINT NOT NULL,                               -- the party's own stream, with the entry that says so
  seq     BIGINT NOT NULL,                               -- of that entry
  counted BIGINT NOT NULL,                               -- 1: it is the party's latest, and the party is active
  PRIMARY KEY (home, seq, stream),
  FOREIGN KEY (home, seq) REFERENCES entry (stream, seq)
) STRICT;
CREATE INDEX answer_count ON answer (chain, version, stream, role, answer, counted);
CREATE INDEX answer_party ON answer (party, chain, version, stream, seq);

-- View. The bands of answers that were last published.
CREATE TABLE answer_band (
  chain        TEXT   NOT NULL,                          -- of the warning
  version      BIGINT NOT NULL,                          -- of the warning
  stream       BIGINT NOT NULL,                          -- whose readers are counted
  role         TEXT   NOT NULL,                          -- of those who answered
  received     TEXT   NOT NULL,                          -- band of whoever gave any answer
  acted        TEXT   NOT NULL,                          -- band
  not_affected TEXT   NOT NULL,                          -- band
  fact         TEXT   NOT NULL,                          -- random: shared by all entries that published them
  PRIMARY KEY (chain, version, stream, role)
) STRICT;

-- View of the directory stream: every party as it stands now.
CREATE TABLE party (
  id           TEXT   NOT NULL PRIMARY KEY,              -- prt_…
  name         TEXT   NOT NULL,                          -- legal name
  role         TEXT   NOT NULL,                          -- bank, agency, regulator or desk
  jurisdiction TEXT   NOT NULL,                          -- ISO 3166-1 alpha-2
  standing     TEXT   NOT NULL,                          -- pending, active, suspended or left
  signing_key  BYTES  NOT NULL UNIQUE CHECK (length(signing_key) = 32),  -- Ed25519: its agent's requests
  sealing_key  BYTES  NOT NULL CHECK (length(sealing_key) = 32),         -- X25519: sealed parts for it
  recovery_key BYTES  NOT NULL UNIQUE CHECK (length(recovery_key) = 32), -- Ed25519, offline: can only revoke and replace
  agreement    TEXT   NOT NULL,                          -- SHA-256 of the agreement that it accepted; empty: there was none
  joined       BIGINT NOT NULL                           -- when its first directory entry was added
) STRICT;

-- View of the desk's stream: which party was in which group, from when until when.
CREATE TABLE membership (
  name    TEXT   NOT NULL,                               -- of the group
  party   TEXT   NOT NULL,                               -- prt_…
  since   BIGINT NOT NULL,                               -- when it was put on the roster
  until   BIGINT,                                        -- when it left; NULL while it is in
  reads_from BIGINT NOT NULL,                            -- what was added earlier is not for it; 0: all history
  PRIMARY KEY (name, party, since)
) STRICT;
CREATE INDEX membership_party ON membership (party);

-- Operational. Reports and warnings under embargo: in no stream yet, so that no seq and no proof shows them.
CREATE TABLE held (
  party      TEXT   NOT NULL,                            -- its author
  id         TEXT   NOT NULL,                            -- of the message, and the fact of its entries
  not_before BIGINT NOT NULL,                            -- tried from then on, and gone from here once placed
  kind       TEXT   NOT NULL,                            -- report or warn
  message    BYTES  NOT NULL,                            -- as its author told it
  origin     BYTES  NOT NULL,                            -- owner and request signature, as their leaves will hash them
  PRIMARY KEY (party, id)
) STRICT;
CREATE INDEX held_due ON held (not_before);

-- View of the directory stream: the verifier keys of hub and partner, and the agreement, each from its entry on.
CREATE TABLE declared (
  holder TEXT   NOT NULL,                                -- hub, partner, agreement or abandoned
  seq    BIGINT NOT NULL,                                -- of the directory's entry
  value  TEXT   NOT NULL,                                -- verifier key, or SHA-256 of the agreement
  body   BYTES  NOT NULL,                                -- the entry's message, with the signatures that prove it
  PRIMARY KEY (holder, seq)
) STRICT;

-- Operational. A one-time code to join; the code itself is not stored.
CREATE TABLE invitation (
  code_hash    BYTES  NOT NULL PRIMARY KEY CHECK (length(code_hash) = 32), -- SHA-256 of the code
  name         TEXT   NOT NULL,                          -- legal name that the code is for
  role         TEXT   NOT NULL,                          -- role that the code is for
  jurisdiction TEXT   NOT NULL,                          -- jurisdiction that the code is for
  namesake     BIGINT NOT NULL,                          -- 1: another member may have a name that reads alike
  expires      BIGINT NOT NULL,                          -- refused from then on
  spent_by     TEXT                                      -- the party that redeemed it; NULL until then
) STRICT;

-- Operational. A process without write rights that may follow everything and serve readers; its code is not stored.
CREATE TABLE edge (
  id          TEXT   NOT NULL PRIMARY KEY,               -- edg_…
  name        TEXT   NOT NULL UNIQUE,                    -- what the operator calls it
  code_hash   BYTES  NOT NULL CHECK (length(code_hash) = 32), -- SHA-256 of its one-time code
  expires     BIGINT NOT NULL,                           -- the code is refused from then on
  signing_key BYTES  CHECK (length(signing_key) = 32)    -- Ed25519: its requests; NULL until the code is redeemed
) STRICT;

-- Operational. Nonces of signed requests, each for as long as its request could be replayed.
CREATE TABLE nonce (
  keyid   TEXT   NOT NULL,                               -- the key that signed
  nonce   TEXT   NOT NULL,                               -- as in the signature's parameters
  expires BIGINT NOT NULL,                               -- the request is refused by its age from then on
  PRIMARY KEY (keyid, nonce)
) STRICT;
CREATE INDEX nonce_expires ON nonce (expires);

-- Operational. The receipt that a sender got for a message, given again when it repeats itself.
CREATE TABLE message (
  party   TEXT   NOT NULL,                               -- the sender: keys of different senders never meet
  id      TEXT   NOT NULL,                               -- the sender's idempotency key
  receipt BYTES  NOT NULL,                               -- the answer, byte for byte
  added   BIGINT NOT NULL,                               -- when it was first answered
  PRIMARY KEY (party, id)
) STRICT;
CREATE INDEX message_added ON message (added);

-- Ledger. The head log that the partner witnesses: row n is the log when it had n leaves.
CREATE TABLE log (
  size     BIGINT NOT NULL PRIMARY KEY CHECK (size > 0), -- leaves up to and with this one
  leaf     BYTES  NOT NULL CHECK (length(leaf) = 32),   -- the newest leaf: it holds the map of all stream heads
  frontier BYTES  NOT NULL,                              -- of the log's own tree at this size
  note     TEXT   NOT NULL,                              -- the checkpoint, signed by the hub
  cosigned TEXT,                                         -- the same with the partner's signature; NULL while unwitnessed
  added    BIGINT NOT NULL                               -- when the hub signed it
) STRICT;

-- Ledger. A stream that a restored hub does not hold as far as the partner saw it: its head stands in every map as it was,
-- and nothing is added to it until one of its readers hands in the rest. One that was given up stands here under its
-- name before.
CREATE TABLE closed (
  key  BYTES  NOT NULL PRIMARY KEY CHECK (length(key) = 32), -- the stream's blinded name in the head log's map
  size BIGINT NOT NULL,                                  -- as the partner last co-signed it
  root BYTES  NOT NULL CHECK (length(root) = 32)         -- as the partner last co-signed it
) STRICT;

-- Operational. Facts about this hub itself that are not configuration.
CREATE TABLE meta (
  key   TEXT  NOT NULL PRIMARY KEY,                      -- its name
  value BYTES NOT NULL                                   -- its value
) STRICT;

-- Operational. Epochs of the anonymous path, the newest nine; their private keys are in files. What counts stands in the
-- directory: this is what the hub itself looks up, and a document before it stands there.
CREATE TABLE epoch (
  number   BIGINT NOT NULL PRIMARY KEY,                  -- dense from 1
  document BYTES  NOT NULL,                              -- as relay and partner sign it
  roster   BYTES  NOT NULL,                              -- its members with their keys, as the relay last had them; empty: unknown
  state    BIGINT NOT NULL                               -- 0 drafted, 1 in the directory, 2 closed by a restore, 3 which is told, 4 drafted before a restore
) STRICT;

-- Operational. Which member was given tokens of an epoch, for which requests; not which tokens, for nobody can know.
CREATE TABLE issued (
  epoch  BIGINT NOT NULL,                                -- number of the epoch
  party  TEXT   NOT NULL,                                -- who asked, by name
  digest BYTES  NOT NULL CHECK (length(digest) = 32),    -- SHA-256 of its requests
  draw   BYTES  NOT NULL,                                -- what chose the half that it is to open; empty: class open
  state  BIGINT NOT NULL,                                -- 0 asked to open it, 1 given, 2 caught with false ones
  PRIMARY KEY (epoch, party)
) STRICT;

-- Operational. Evidence against members that signed for accountable tokens which do not name them.
CREATE TABLE false_tokens (
  epoch    BIGINT NOT NULL,                              -- number of the epoch
  party    TEXT   NOT NULL,                              -- who signed
  evidence BYTES  NOT NULL,                              -- message false-tokens, which anybody can check
  PRIMARY KEY (epoch, party)
) STRICT;

-- Operational. What trustees need to open an accountable report, until it is erased. It names nobody but to them.
CREATE TABLE escrow (
  fact  TEXT  NOT NULL,                                  -- identifier of the report
  token BYTES NOT NULL CHECK (length(token) = 32),       -- SHA-256 of its token: two senders may use one identifier
  kept  BYTES NOT NULL,                                  -- message kept-escrow
  PRIMARY KEY (fact, token)
) STRICT;

-- Operational. Tokens that were spent, until their epoch is long over. A row says nothing of its sender.
CREATE TABLE spent (
  epoch  BIGINT NOT NULL,                                -- number of the epoch
  token  BYTES  NOT NULL CHECK (length(token) = 32),     -- SHA-256 of the token
  digest BYTES  NOT NULL CHECK (length(digest) = 32),    -- SHA-256 of token and report: the same again is known
  fate   BYTES  NOT NULL,                                -- what was answered
  PRIMARY KEY (epoch, token)
) STRICT;
