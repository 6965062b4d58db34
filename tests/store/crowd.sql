-- A hub that has run for long, made at once: what its tables hold when the members' stream has :last entries and more.
-- Few parties say most, most values are said once, and one fact in ten is said by several.

-- name: crowd_streams
-- A stream for the directory, the members, everybody, and each party.
INSERT INTO stream (number, name, key, size, frontier, root, added, noted_size, noted_root, witnessed_size,
  witnessed_frontier)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :parties + 2)
SELECT i, CASE i WHEN 0 THEN 'directory' WHEN 1 THEN 'members' WHEN 2 THEN 'all' ELSE 'party:prt_' || (i - 3) END,
  :bytes, CASE i WHEN 1 THEN :last + 1 ELSE 0 END, :bytes, :bytes, i, 0, :bytes, 0, :bytes FROM n;

-- name: crowd_parties
-- One bank in two is active.
INSERT INTO party (id, name, role, jurisdiction, standing, signing_key, sealing_key, recovery_key, agreement, joined)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :parties - 1)
SELECT 'prt_' || i, 'Bank ' || i, CASE i % 20 WHEN 0 THEN 'agency' ELSE 'bank' END, 'GB',
  CASE i % 2 WHEN 0 THEN 'active' ELSE 'left' END, CAST(:key_start || substr(:numbers, 1 + 7 * i, 7) AS BYTES),
  :bytes, CAST(:key_start || substr(:numbers, 1 + 7 * i, 7) AS BYTES), '', i FROM n;

-- name: crowd_entries
-- Objects, one band in ten, one warning in a hundred, one erasure in a thousand.
INSERT INTO entry (stream, seq, header, salt_h, origin_c, body_c, leaf, fact, kind, added, not_before, purposes)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :last)
SELECT 1, i, :bytes, :bytes, :bytes, :bytes, :bytes, 'fct_' || (i - i % 10 % 3),
  CASE WHEN i % 1000 = 0 THEN 'erasure' WHEN i % 100 = 1 THEN 'warning' WHEN i % 10 = 2 THEN 'band' ELSE 'object' END,
  1000 * i, NULL, 0 FROM n;

-- name: crowd_bodies
-- One in twenty is erased.
INSERT INTO body (stream, seq, salt_b, body) SELECT stream, seq, :bytes, :bytes FROM entry WHERE seq % 20 <> 3;

-- name: crowd_origins
-- Ten parties said half of everything; what is a band is the hub's own.
INSERT INTO origin (stream, seq, salt_o, origin, owner, fact)
SELECT stream, seq, :bytes, :bytes, CASE WHEN kind = 'band' THEN NULL
  ELSE 'prt_' || CASE WHEN seq % 2 = 0 THEN seq % 10 ELSE seq % :parties END END, fact FROM entry;

-- name: crowd_subtrees
-- Of 256 leaves each.
INSERT INTO subtree (stream, height, number, root)
SELECT stream, 8, seq / 256, :bytes FROM entry WHERE seq % 256 = 255;

-- name: crowd_objects
-- Two versions of most.
INSERT INTO object (stream, seq, owner, id, modified, digest, chain)
SELECT stream, seq, 'prt_' || (seq / 2 % :parties), 'indicator--' || (seq / 2), seq, :bytes, 'chn_' || (seq / 2)
FROM entry WHERE kind = 'object';

-- name: crowd_sources
-- A value in ten is said by several.
INSERT INTO source (stream, value, party, seq, attended)
SELECT stream, 'domain:x' || (seq - seq % 10 % 3) || '.example', 'prt_' || (seq % :parties), seq, 1
FROM entry WHERE kind = 'object';

-- name: crowd_bands
-- One for each value.
INSERT INTO band (stream, value, band, fact)
SELECT stream, 'domain:x' || seq || '.example', '2-4', 'bnd_' || seq FROM entry WHERE kind = 'band';

-- name: crowd_warnings
-- Two versions of each.
INSERT INTO warning (stream, seq, owner, id, version, digest, chain, withdrawn, expires)
SELECT stream, seq, 'prt_' || (seq / 200 % :parties), 'wrn_' || (seq / 200), 1 + seq / 100 % 2, :bytes,
  'chn_w' || (seq / 200), 0, 1000 * seq FROM entry WHERE kind = 'warning';

-- name: crowd_answers
-- Many to each warning, few of each party.
INSERT INTO answer (chain, version, stream, party, role, answer, home, seq, counted)
SELECT 'chn_w' || (seq / 200), 1, 1, 'prt_' || (seq % :parties), 'bank', 'received', 1, seq, 1
FROM entry WHERE kind = 'object';

-- name: crowd_answer_bands
-- One for each warning.
INSERT INTO answer_band (chain, version, stream, role, received, acted, not_affected, fact)
SELECT chain, version, stream, 'bank', '2-4', '0', '0', 'bnd_w' || seq FROM warning;

-- name: crowd_held
-- One message in a thousand waits.
INSERT INTO held (party, id, not_before, kind, message, origin)
SELECT 'prt_' || (seq % :parties), 'rpt_' || seq, 1000 * seq, 'report', :bytes, :bytes FROM entry WHERE kind = 'erasure';

-- name: crowd_nonces
-- Of the last minutes.
INSERT INTO nonce (keyid, nonce, expires) SELECT 'prt_' || (seq % :parties), 'n' || seq, 1000 * seq FROM entry WHERE seq % 10 = 0;

-- name: crowd_messages
-- A receipt for each.
INSERT INTO message (party, id, receipt, added)
SELECT 'prt_' || (seq % :parties), 'rpt_' || seq, :bytes, 1000 * seq FROM entry;

-- name: crowd_log
-- A head for every tenth entry, nearly all co-signed.
INSERT INTO log (size, leaf, frontier, note, cosigned, added)
SELECT seq / 10 + 1, :bytes, :bytes, 'note', 'cosigned', seq FROM entry WHERE seq % 10 = 0;
