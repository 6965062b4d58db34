-- An agent's store: SQLite only. What is called box is encrypted under the vault's key and bound to its place; the
-- replica of the streams is not encrypted, because every member of the audience holds the same.
-- Times are microseconds since 1970-01-01 UTC.

-- Operational. Facts about this agent: its secrets, its membership, its reading position.
CREATE TABLE secret (
  name TEXT  NOT NULL PRIMARY KEY,                       -- such as signing-seed
  box  BYTES NOT NULL                                    -- the value
) STRICT;

-- Operational. What this agent remembers between runs that is no secret: its reading position, the partner's key.
CREATE TABLE mark (
  name  TEXT NOT NULL PRIMARY KEY,                       -- such as cursor
  value TEXT NOT NULL                                    -- its value
) STRICT;

-- Operational. What people must hear of: a history that does not add up, a hub out of reach. The newest 1,000.
CREATE TABLE alarm (
  at       BIGINT NOT NULL,                              -- when
  sentence TEXT   NOT NULL                               -- for a person
) STRICT;

-- Ledger of this party. One attack as this party knows it; deleted with its lines and files when it has its age.
CREATE TABLE vault_case (
  id     TEXT   NOT NULL PRIMARY KEY,                    -- cas_…
  opened BIGINT NOT NULL,                                -- on which day
  box    BYTES  NOT NULL                                 -- how many lines, and the digest that chains them
) STRICT;
CREATE INDEX vault_case_opened ON vault_case (opened);

-- Ledger of this party. One line of a case's log: a fact or a decision. Lines are only added.
CREATE TABLE case_line (
  vault_case TEXT   NOT NULL REFERENCES vault_case (id), -- its case
  seq        BIGINT NOT NULL,                            -- dense from 0
  box        BYTES  NOT NULL,                            -- who wrote what and when
  PRIMARY KEY (vault_case, seq)
) STRICT;

-- Ledger of this party. A file that a case rests on, byte for byte.
CREATE TABLE evidence (
  vault_case TEXT   NOT NULL REFERENCES vault_case (id), -- its case
  digest     TEXT   NOT NULL,                            -- SHA-256 of the file, in hexadecimal
  added      BIGINT NOT NULL,                            -- on which day
  box        BYTES  NOT NULL,                            -- its bytes
  PRIMARY KEY (vault_case, digest)
) STRICT;
CREATE INDEX evidence_digest ON evidence (digest);

-- Operational. Files that were looked at and need no second look, the newest million. Their digests are keyed: only
-- whoever holds the vault's key can ask whether a file was seen.
CREATE TABLE seen (
  digest BYTES  NOT NULL PRIMARY KEY,                    -- of the file's bytes, for one use, under a key of the vault's
  at     BIGINT NOT NULL,                                -- on which day
  box    BYTES  NOT NULL                                 -- the reports that came of it
) STRICT;

-- Operational. Files that came in from a source and wait for a person, or for a standing rule; at most 10,000.
CREATE TABLE collected (
  id    TEXT   NOT NULL PRIMARY KEY,                     -- col_…
  added BIGINT NOT NULL,                                 -- when
  size  BIGINT NOT NULL,                                 -- bytes of the file
  about BYTES  NOT NULL,                                 -- box: where it came from, its title, how much would leave
  box   BYTES  NOT NULL                                  -- the file
) STRICT;

-- Operational. How the sources do from which files are collected.
CREATE TABLE source (
  name TEXT  NOT NULL PRIMARY KEY,                       -- kind and place, as in agent.toml
  box  BYTES NOT NULL                                    -- reading position, counts and what is wrong with it
) STRICT;

-- Operational. Hunts through logs that somebody or the agent began, the newest 1,000.
CREATE TABLE hunt (
  id    TEXT   NOT NULL PRIMARY KEY,                     -- hnt_…
  began BIGINT NOT NULL,                                 -- when
  box   BYTES  NOT NULL                                  -- by whom, through what, and what came of it
) STRICT;
CREATE INDEX hunt_began ON hunt (began);

-- Operational. Which values have been hunted, and since which round: a log needs those of later rounds than its own.
CREATE TABLE hunted_value (
  value TEXT   NOT NULL PRIMARY KEY,                     -- kind:value
  round BIGINT NOT NULL                                  -- from 1
) STRICT;

-- Operational. Logs that were hunted through, the newest million, known by a keyed digest of place, size and change.
CREATE TABLE hunted_log (
  digest BYTES  NOT NULL PRIMARY KEY,                    -- of what the file system says of it, under a key of the vault's
  round  BIGINT NOT NULL                                 -- the last one that went through it
) STRICT;

-- Ledger of this party. A value that was found in a log of its own, never the log's lines; erased at the age of cases.
CREATE TABLE found_here (
  digest BYTES  NOT NULL PRIMARY KEY,                    -- of value and log, under a key of the vault's
  at     BIGINT NOT NULL,                                -- when it was last found
  box    BYTES  NOT NULL                                 -- the value, in which log, how often, when, which machines
) STRICT;
CREATE INDEX found_here_at ON found_here (at);

-- Ledger of this party. What became of a value that was found here: told to others, or why not.
CREATE TABLE found_told (
  digest BYTES  NOT NULL PRIMARY KEY,                    -- of the value, under a key of the vault's
  at     BIGINT NOT NULL,                                -- when it was decided
  box    BYTES  NOT NULL                                 -- the value, by whom, and the sighting's message or the reason
) STRICT;
CREATE INDEX found_told_at ON found_told (at);

-- Ledger of this party. Who decided what and why; each row is chained to the one before.
CREATE TABLE journal (
  seq    BIGINT NOT NULL PRIMARY KEY,                    -- dense from 0
  at     BIGINT NOT NULL,                                -- on which day
  digest BYTES  NOT NULL,                                -- SHA-256 over the digest before, the day and the box
  box    BYTES  NOT NULL                                 -- the decision
) STRICT;

-- Operational. A disclosure that waits for people to approve or refuse it, with the file it rests on; at most 1,000.
CREATE TABLE draft (
  id     TEXT   NOT NULL PRIMARY KEY,                    -- drf_…
  since  BIGINT NOT NULL,                                -- when it was drafted
  digest TEXT   NOT NULL,                                -- SHA-256 of the file, in hexadecimal
  box    BYTES  NOT NULL,                                -- what would leave, to whom, and who agreed so far
  file   BYTES  NOT NULL                                 -- the file, byte for byte
) STRICT;
CREATE INDEX draft_digest ON draft (digest);

-- Ledger of this party. What a person said of whose a value is, until a person deletes it; at most 10,000.
CREATE TABLE correction (
  id  TEXT  NOT NULL PRIMARY KEY,                        -- cor_…
  box BYTES NOT NULL                                     -- the value, whose it is, who said so, when and why
) STRICT;

-- Operational. Approved messages on their way to the hub; kept until receipted.
CREATE TABLE outbox (
  id       TEXT   NOT NULL PRIMARY KEY,                  -- the message's identifier and idempotency key
  queued   BIGINT NOT NULL,                              -- when it was approved
  state    TEXT   NOT NULL,                              -- waiting, receipted or refused
  tries    BIGINT NOT NULL,                              -- how often it was sent
  next_try BIGINT NOT NULL,                              -- not before then
  box      BYTES  NOT NULL,                              -- where it goes and its bytes
  answer   BYTES                                         -- the hub's signed receipt, or the problem document
) STRICT;
CREATE INDEX outbox_waiting ON outbox (state, next_try);

-- View. Documents of the anonymous path that were believed, one for a number and for good: a history that is continued
-- from a backup brings the same ones again.
CREATE TABLE epoch (
  number   BIGINT NOT NULL PRIMARY KEY,                  -- from 1
  document BYTES  NOT NULL,                              -- as relay and partner signed it
  closed   BIGINT NOT NULL                               -- 1: the hub takes no token of it any more
) STRICT;

-- Operational. Tokens that are not used yet. Each goes when a report takes it, the rest when their epoch ends.
CREATE TABLE token (
  epoch BIGINT NOT NULL,                                 -- in which alone it counts
  place BIGINT NOT NULL,                                 -- from 0
  box   BYTES  NOT NULL,                                 -- the token, and the one-time key that it stands for
  PRIMARY KEY (epoch, place)
) STRICT;

-- Operational. What went into the newest 256 slots: one row for each, the same for cover and report.
CREATE TABLE slot (
  epoch BIGINT NOT NULL,                                 -- of the slot
  slot  BIGINT NOT NULL,                                 -- from 0 in its epoch
  box   BYTES  NOT NULL,                                 -- by what the envelope is known again, and what came of it
  PRIMARY KEY (epoch, slot)
) STRICT;

-- Ledger of this party. Reports of the anonymous classes, until the age of cases: afterwards only what they named, so
-- that nobody confirms it by name.
CREATE TABLE anonymous_report (
  id     TEXT   NOT NULL PRIMARY KEY,                    -- keyed digest of rpt_…, which everybody can read elsewhere
  queued BIGINT NOT NULL,                                -- the day on which it was approved
  box    BYTES  NOT NULL                                 -- the report with its token while it waits, and what came of it
) STRICT;
CREATE INDEX anonymous_report_queued ON anonymous_report (queued);

-- Ledger of this party. What a person decided of one shield; without a row it only monitors.
CREATE TABLE shield (
  name  TEXT  NOT NULL PRIMARY KEY,                      -- as in agent.toml
  state TEXT  NOT NULL,                                  -- monitor, on, off or undone
  box   BYTES NOT NULL                                   -- the decision: who, when and why
) STRICT;

-- Operational. A product of this party's that fetches the files of a shield; at most 100.
CREATE TABLE subscriber (
  name   TEXT   NOT NULL PRIMARY KEY,                    -- its user name
  shield TEXT   NOT NULL,                                -- whose files it fetches
  digest BYTES  NOT NULL,                                -- SHA-256 of its password, which is random and kept nowhere
  since  BIGINT NOT NULL                                 -- when it was let in
) STRICT;

-- Replica. One stream that this party follows, as far as it has proved itself.
CREATE TABLE stream (
  name     TEXT   NOT NULL PRIMARY KEY,                  -- canonical audience, or directory
  size     BIGINT NOT NULL,                              -- entries verified
  frontier BYTES  NOT NULL,                              -- of the tree at that size
  witness  TEXT   NOT NULL,                              -- how its last head was signed: witnessed, unwitnessed or late
  late     BIGINT NOT NULL,                              -- since when the declared partner has been missing; 0: it is not
  firm     BIGINT NOT NULL,                              -- entries under the newest head that needs no further witness
  directory BIGINT NOT NULL,                             -- entries of the directory that its last entry rests on
  counted  BIGINT NOT NULL,                              -- entries that its last head counts; more than size in a catch-up
  note     TEXT   NOT NULL                               -- the signed note that proved the last head
) STRICT;

-- Replica. The newest head of a stream that needs no further witness, whole: a hub that lost it is shown it again.
CREATE TABLE head (
  stream TEXT  NOT NULL PRIMARY KEY REFERENCES stream (name), -- its stream
  head   BYTES NOT NULL                                  -- the message, as it came
) STRICT;

-- Replica. Every size of the head log that was shown: one root for each, or the hub has signed two histories.
CREATE TABLE note (
  size BIGINT NOT NULL PRIMARY KEY,                      -- heads in the log
  root BYTES  NOT NULL,                                  -- its root
  note TEXT   NOT NULL                                   -- as signed
) STRICT;

-- Ledger of this party. Signed proof that the hub contradicted itself; kept for ever.
CREATE TABLE evidence_against_hub (
  at       BIGINT NOT NULL,                              -- when it was seen
  sentence TEXT   NOT NULL,                              -- what it proves, for a person
  shown    BYTES  NOT NULL                               -- the head or note, as signed
) STRICT;

-- Replica. One verified entry.
CREATE TABLE entry (
  stream   TEXT   NOT NULL REFERENCES stream (name),     -- its stream
  seq      BIGINT NOT NULL,                              -- dense from 0
  header   BYTES  NOT NULL,                              -- as hashed
  salt_h   BYTES  NOT NULL,                              -- keys the header's commitment
  origin_c BYTES  NOT NULL,                              -- commitment to who sent it
  body_c   BYTES  NOT NULL,                              -- commitment to the body
  leaf     BYTES  NOT NULL,                              -- leaf hash
  kind     TEXT   NOT NULL,                              -- of the body
  fact     TEXT   NOT NULL,                              -- what it is about
  added    BIGINT NOT NULL,                              -- hub's time
  PRIMARY KEY (stream, seq)
) STRICT;
CREATE INDEX entry_fact ON entry (fact);

-- Replica. The part that an erasure deletes.
CREATE TABLE body (
  stream TEXT   NOT NULL,                                -- of the entry
  seq    BIGINT NOT NULL,                                -- of the entry
  salt_b BYTES  NOT NULL,                                -- keys the body's commitment
  body   BYTES  NOT NULL,                                -- the message
  PRIMARY KEY (stream, seq),
  FOREIGN KEY (stream, seq) REFERENCES entry (stream, seq)
) STRICT;

-- View of the directory stream: every party as it stands now.
CREATE TABLE party (
  id           TEXT  NOT NULL PRIMARY KEY,               -- prt_…
  name         TEXT  NOT NULL,                           -- legal name
  role         TEXT  NOT NULL,                           -- bank, agency, regulator or desk
  jurisdiction TEXT  NOT NULL,                           -- ISO 3166-1 alpha-2
  standing     TEXT  NOT NULL,                           -- pending, active, suspended or left
  signing_key  BYTES NOT NULL,                           -- Ed25519
  sealing_key  BYTES NOT NULL,                           -- X25519
  recovery_key BYTES NOT NULL,                           -- Ed25519, offline: can only revoke and replace
  agreement    TEXT  NOT NULL                            -- SHA-256 of the agreement that it accepted; empty: there was none
) STRICT;

-- View of the directory stream: every party from each of its entries on. Signatures are judged by it.
CREATE TABLE party_history (
  party       TEXT   NOT NULL,                           -- prt_…
  seq         BIGINT NOT NULL,                           -- of the directory's entry
  name        TEXT   NOT NULL,                           -- legal name
  role        TEXT   NOT NULL,                           -- as in party
  standing    TEXT   NOT NULL,                           -- as in party
  signing_key BYTES  NOT NULL,                           -- Ed25519
  PRIMARY KEY (party, seq)
) STRICT;

-- View of the directory stream: the verifier keys of hub and partner, and the agreement, each from its entry on.
CREATE TABLE declared (
  holder TEXT   NOT NULL,                                -- hub, partner, agreement or abandoned
  seq    BIGINT NOT NULL,                                -- of the directory's entry
  value  TEXT   NOT NULL,                                -- verifier key, or SHA-256 of the agreement
  PRIMARY KEY (holder, seq)
) STRICT;

-- View of the streams: entries that rest on more of the directory than is proved, and are not acted on yet.
CREATE TABLE waiting (
  stream    TEXT   NOT NULL,                             -- of the entry
  seq       BIGINT NOT NULL,                             -- of the entry
  directory BIGINT NOT NULL,                             -- entries of the directory that it rests on
  PRIMARY KEY (stream, seq)
) STRICT;

-- View of the streams: why a value is known, one row for each entry that names it.
CREATE TABLE posting (
  value     TEXT   NOT NULL,                             -- the observable, 'kind:value'
  stream    TEXT   NOT NULL,                             -- of the entry
  seq       BIGINT NOT NULL,                             -- of the entry
  fact      TEXT   NOT NULL,                             -- the report, sighting or warning
  kind      TEXT   NOT NULL,                             -- named, anonymous, sighting or warning
  may_block BIGINT NOT NULL,                             -- 1 when its marking permits active measures
  since     BIGINT NOT NULL,                             -- hub's time
  expires   BIGINT NOT NULL,                             -- when it stops counting
  PRIMARY KEY (value, stream, seq)
) STRICT;
CREATE INDEX posting_fact ON posting (fact);
CREATE INDEX posting_expires ON posting (expires);
CREATE INDEX posting_warned ON posting (kind, value);
CREATE INDEX posting_entry ON posting (stream, seq);

-- View of the streams: how many distinct named sources the hub counts for a value, as the bands that it published.
-- The newest counts; while the partner is late, also the newest that it had witnessed.
CREATE TABLE band (
  value  TEXT   NOT NULL,                                -- the observable
  stream TEXT   NOT NULL,                                -- where it was published
  seq    BIGINT NOT NULL,                                -- by which entry
  named  TEXT   NOT NULL,                                -- such as 2-4
  PRIMARY KEY (value, stream, seq)
) STRICT;
CREATE INDEX band_entry ON band (stream, seq);
CREATE INDEX band_named ON band (named, value);

-- Each posting beside the newest band published for its value in its stream, and beside the newest of those under a head
-- that needs no further witness. Kept nowhere: it is read as a table.
CREATE VIEW known AS
SELECT posting.value AS value, posting.stream AS stream, posting.seq AS seq, posting.fact AS fact,
  posting.kind AS kind, posting.may_block AS may_block, posting.since AS since, posting.expires AS expires,
  coalesce(newest.named, '') AS named, posting.seq < stream.firm AS firm,
  coalesce(firm_band.named, '') AS named_firm
FROM posting JOIN stream ON stream.name = posting.stream
LEFT JOIN band AS newest ON newest.value = posting.value AND newest.stream = posting.stream
  AND newest.seq = (SELECT max(seq) FROM band WHERE value = posting.value AND stream = posting.stream)
LEFT JOIN band AS firm_band ON firm_band.value = posting.value AND firm_band.stream = posting.stream
  AND firm_band.seq = (SELECT max(seq) FROM band
    WHERE value = posting.value AND stream = posting.stream AND seq < stream.firm);

-- View of the streams: every proved version of every warning, and which one counts.
CREATE TABLE warning (
  stream    TEXT   NOT NULL,                             -- of the entry
  seq       BIGINT NOT NULL,                             -- of the entry
  id        TEXT   NOT NULL,                             -- wrn_…
  author    TEXT   NOT NULL,                             -- prt_…: only its own versions replace each other
  chain     TEXT   NOT NULL,                             -- what the hub calls this author's versions of it
  version   BIGINT NOT NULL,                             -- from 1
  digest    BYTES  NOT NULL,                             -- SHA-256 of the bytes that its author signed
  withdrawn BIGINT NOT NULL,                             -- 1 when this version takes the warning back
  expires   BIGINT NOT NULL,                             -- decided at reading time
  added     BIGINT NOT NULL,                             -- hub's time
  counts    BIGINT NOT NULL,                             -- 1 for the one version that stands
  body      BYTES  NOT NULL,                             -- as its author signed it
  PRIMARY KEY (stream, seq)
) STRICT;
CREATE INDEX warning_versions ON warning (id, author);
CREATE INDEX warning_chain ON warning (chain);

-- View of the streams: warnings of which any version was erased. An erasure takes all of them, for good.
CREATE TABLE erased_warning (
  chain TEXT NOT NULL PRIMARY KEY                        -- of its entries
) STRICT;

-- View of the streams: how many parties of each role have answered a warning, as the bands that the hub published last.
CREATE TABLE answers (
  chain        TEXT   NOT NULL,                          -- of the warning
  version      BIGINT NOT NULL,                          -- of the warning
  audience     TEXT   NOT NULL,                          -- whose readers are counted
  role         TEXT   NOT NULL,                          -- of those who answered
  stream       TEXT   NOT NULL,                          -- of the entry
  seq          BIGINT NOT NULL,                          -- of the entry
  received     TEXT   NOT NULL,                          -- band of whoever gave any answer
  acted        TEXT   NOT NULL,                          -- band
  not_affected TEXT   NOT NULL,                          -- band
  PRIMARY KEY (chain, version, audience, role, stream)
) STRICT;
CREATE INDEX answers_entry ON answers (stream, seq);

-- Operational. What this party has answered itself, as soon as somebody decided it; entries of its own stream fill gaps.
CREATE TABLE own_answer (
  chain   TEXT   NOT NULL,                               -- of the warning
  version BIGINT NOT NULL,                               -- of the warning
  answer  TEXT   NOT NULL,                               -- received, acted or not-affected
  message TEXT   NOT NULL,                               -- that carried it
  PRIMARY KEY (chain, version)
) STRICT;
CREATE INDEX own_answer_message ON own_answer (message);

-- Ledger of this party. A version of a warning that this agency or desk writes or wrote.
CREATE TABLE own_warning (
  id      TEXT   NOT NULL,                               -- wrn_…
  version BIGINT NOT NULL,                               -- from 1
  box     BYTES  NOT NULL,                               -- its words, its state and its officers
  PRIMARY KEY (id, version)
) STRICT;

-- Operational. What a person must look at, and how far people were told of it; closed ones go after 90 days.
CREATE TABLE call (
  number  BIGINT NOT NULL PRIMARY KEY,                   -- what it is called by: W-number
  cause   TEXT   NOT NULL,                               -- warning, hit, alarm, problem or approval
  subject TEXT   NOT NULL,                               -- what it is about, for this agent alone
  urgency TEXT   NOT NULL,                               -- of a warning, or as its cause has it
  opened  BIGINT NOT NULL,                               -- when
  told    BIGINT NOT NULL,                               -- steps of its schedule that are done
  at      BIGINT NOT NULL,                               -- when people were last told; 0: never
  closed  BIGINT NOT NULL                                -- when it was acknowledged, or over by itself; 0: it is open
) STRICT;
CREATE INDEX call_subject ON call (cause, subject);
CREATE INDEX call_closed ON call (closed, number);

-- Operational. Codes by which the people who were told may acknowledge calls, each once; they go with their calls.
CREATE TABLE call_code (
  code BYTES  NOT NULL,                                  -- digest of it, under a key of the vault's
  call BIGINT NOT NULL REFERENCES call (number),         -- that it acknowledges
  box  BYTES  NOT NULL,                                  -- who was given it
  PRIMARY KEY (code, call)
) STRICT;
CREATE INDEX call_code_call ON call_code (call);

-- Ledger of this party. Whom to call, where nobody is asked for it at night: the desk, the partner, the police, members.
CREATE TABLE contact (
  id  TEXT  NOT NULL PRIMARY KEY,                        -- con_…
  box BYTES NOT NULL                                     -- who, numbers, hours, and how this party knows it
) STRICT;

-- Ledger of this party. Who may use the console, or might once: none is deleted, so that a name in the journal is one
-- person's for good. At most 1,000.
CREATE TABLE person (
  id      TEXT  NOT NULL PRIMARY KEY,                    -- per_…
  name    BYTES NOT NULL UNIQUE,                         -- keyed digest of what the name reads like
  subject BYTES UNIQUE,                                  -- keyed digest of whom an identity provider answers for
  box     BYTES NOT NULL                                 -- name, roles, seat, and what lets in: hashes, and a sealed seed
) STRICT;

-- Operational. One-time links that are not used yet: the first administrator's, invitations, resets.
CREATE TABLE link (
  digest BYTES  NOT NULL PRIMARY KEY,                    -- SHA-256 of the code, which is random and kept nowhere
  person TEXT   NOT NULL,                                -- per_…; empty: the first administrator
  until  BIGINT NOT NULL,                                -- when it expires
  box    BYTES  NOT NULL                                 -- the same, and what it is for: what counts
) STRICT;

-- Operational. Who is signed in to the console, ten browsers a person at most.
CREATE TABLE session (
  digest BYTES  NOT NULL PRIMARY KEY,                    -- SHA-256 of the browser's token, which is kept nowhere
  person TEXT   NOT NULL REFERENCES person (id),         -- who
  began  BIGINT NOT NULL,                                -- when
  seen   BIGINT NOT NULL,                                -- when it was last used, to a minute
  proved BIGINT NOT NULL,                                -- when its person last signed in
  box    BYTES  NOT NULL                                 -- who, by what way, from what address and browser
) STRICT;
CREATE INDEX session_person ON session (person, began);

-- Operational. Sign-ins that failed in a row. Of accounts, of 1,024 places for names that are nobody's, and of 10,000
-- addresses at most, which go after an hour.
CREATE TABLE failed_sign_in (
  kind     TEXT   NOT NULL,                              -- account or address
  key      BYTES  NOT NULL,                              -- keyed digest of which
  failures BIGINT NOT NULL,                              -- how many
  at       BIGINT NOT NULL,                              -- when the last was
  PRIMARY KEY (kind, key)
) STRICT;
CREATE INDEX failed_sign_in_at ON failed_sign_in (kind, at);

-- Ledger of this party. The public key of a passkey, ten a person at most.
CREATE TABLE passkey (
  digest BYTES NOT NULL PRIMARY KEY,                     -- keyed digest of what its authenticator calls it
  person TEXT  NOT NULL REFERENCES person (id),          -- whom it lets in
  box    BYTES NOT NULL                                  -- the same, the key, its counter, how its person calls it
) STRICT;
CREATE INDEX passkey_person ON passkey (person);

-- Operational. Sign-ins that were begun at one moment and finished at a later one, each once; the newest 10,000.
CREATE TABLE used_ticket (
  digest BYTES  NOT NULL PRIMARY KEY,                    -- SHA-256 of what the browser carried in between
  until  BIGINT NOT NULL                                 -- when it would have ended by itself
) STRICT;
CREATE INDEX used_ticket_until ON used_ticket (until);
