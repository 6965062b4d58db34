-- Every statement that the hub sends to its store. No other SQL exists in the hub.

-- Streams -------------------------------------------------------------------------------------------------------------

-- name: create_stream
-- Make a stream with the next number; no row changes when one of that name is there.
INSERT INTO stream (number, name, key, size, frontier, root, added,
  noted_size, noted_root, witnessed_size, witnessed_frontier)
SELECT coalesce(max(number) + 1, 0), :name, :key, 0, :frontier, :root, 0, 0, :root, 0, :frontier
FROM stream WHERE true
ON CONFLICT (name) DO NOTHING;

-- name: lock_stream
-- The head of a stream, locked until the transaction ends, with what every append must know; no row without such a stream.
UPDATE stream SET size = size WHERE name = :name
RETURNING number, name, key, size, frontier, root, added,
  (SELECT count(*) FROM closed WHERE closed.key = stream.key) AS closed,
  coalesce((SELECT directory.size FROM stream AS directory WHERE directory.name = 'directory'), 0) AS directory;

-- name: advance_stream
-- The locked head moves on; changes no row unless it is where it was read.
UPDATE stream SET size = :size, frontier = :frontier, root = :root, added = :added
WHERE number = :number AND size = :was;

-- name: stream_heads
-- Every stream as it stands, by number.
SELECT number, name, key, size, frontier, root, added FROM stream ORDER BY number;

-- name: stream_head
-- One stream as it stands, without a lock.
SELECT number, name, key, size, frontier, root, added FROM stream WHERE name = :name;

-- name: noted_heads
-- What the newest leaf of the head log says of every stream.
SELECT number, name, key, noted_size, noted_root FROM stream ORDER BY number;

-- name: note_stream
-- A leaf of the head log was made with this head of the stream.
UPDATE stream SET noted_size = :size, noted_root = :root WHERE number = :number AND size >= :size;

-- name: witness_stream
-- The partner has co-signed this head of the stream.
UPDATE stream SET witnessed_size = :size, witnessed_frontier = :frontier WHERE number = :number;

-- name: forget_witness
-- Another partner has seen nothing yet: it is told of every stream from its beginning.
UPDATE stream SET witnessed_size = 0, witnessed_frontier = :frontier;

-- name: unwitnessed_streams
-- Streams that moved since the partner last co-signed, as the newest leaf of the head log has them.
SELECT number, name, key, noted_size, witnessed_size, witnessed_frontier FROM stream
WHERE noted_size > witnessed_size ORDER BY number;

-- name: names
-- What blinds the names of streams in the head log's map; no row before the directory has an entry.
SELECT salt_h FROM entry JOIN stream ON entry.stream = stream.number WHERE stream.name = 'directory' AND seq = 0;

-- Entries -------------------------------------------------------------------------------------------------------------

-- name: insert_entry
-- Append an entry; the stream's head is locked.
INSERT INTO entry (stream, seq, header, salt_h, origin_c, body_c, leaf, fact, kind, added, not_before, purposes)
VALUES (:stream, :seq, :header, :salt_h, :origin_c, :body_c, :leaf, :fact, :kind, :added, :not_before, :purposes);

-- name: insert_entry [postgres]
-- The same for all at once: twice as fast in thousands (`tocsin bench append --postgres`), for three tables.
INSERT INTO entry (stream, seq, header, salt_h, origin_c, body_c, leaf, fact, kind, added, not_before, purposes)
SELECT * FROM unnest(:stream::bigint[], :seq::bigint[], :header::bytea[], :salt_h::bytea[], :origin_c::bytea[],
  :body_c::bytea[], :leaf::bytea[], :fact::text[], :kind::text[], :added::bigint[], :not_before::bigint[],
  :purposes::bigint[]);

-- name: insert_body
-- The part of an entry that can be erased.
INSERT INTO body (stream, seq, salt_b, body) VALUES (:stream, :seq, :salt_b, :body);

-- name: insert_body [postgres]
-- The same for all at once.
INSERT INTO body (stream, seq, salt_b, body)
SELECT * FROM unnest(:stream::bigint[], :seq::bigint[], :salt_b::bytea[], :body::bytea[]);

-- name: insert_origin
-- Where an entry came from.
INSERT INTO origin (stream, seq, salt_o, origin, owner, fact)
VALUES (:stream, :seq, :salt_o, :origin, :owner, :fact);

-- name: insert_origin [postgres]
-- The same for all at once.
INSERT INTO origin (stream, seq, salt_o, origin, owner, fact)
SELECT * FROM unnest(:stream::bigint[], :seq::bigint[], :salt_o::bytea[], :origin::bytea[], :owner::text[],
  :fact::text[]);

-- name: page_of_stream
-- Up to so many entries after a position, in order; body and salt_b are NULL once erased.
-- seq is dense, so a page is a range, and no engine can plan it badly.
SELECT entry.seq, header, salt_h, origin_c, body_c, leaf, fact, kind, added, not_before, salt_b, body
FROM entry LEFT JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
WHERE entry.stream = :stream AND entry.seq > :after AND entry.seq <= :after + :limit
ORDER BY entry.seq;

-- name: readable_page
-- Up to so many entries of a stream after a position, as a party may read them now; no row unless it may follow it.
-- body and salt_b are NULL where `tocsin.domain.release` says no, and once erased. The past of a group hides no erasure.
WITH roster AS (
  SELECT min(reads_from) AS reads_from
  FROM stream JOIN membership ON stream.name = 'group:' || membership.name
  WHERE number = :stream AND membership.party = :party AND since <= :now AND (until IS NULL OR until > :now)
), reader AS (
  SELECT coalesce(roster.reads_from, 0) AS reads_from
  FROM party CROSS JOIN stream CROSS JOIN roster
  WHERE party.id = :party AND party.standing = 'active' AND stream.number = :stream
    AND (roster.reads_from IS NOT NULL OR stream.name IN ('directory', 'all',
      CASE WHEN party.role IN ('bank', 'desk') THEN 'members' ELSE 'all' END,
      'role:' || party.role, 'jurisdiction:' || party.jurisdiction,
      'role:' || party.role || '+jurisdiction:' || party.jurisdiction, 'party:' || party.id))
)
SELECT entry.seq, header, salt_h, origin_c, body_c, salt_b, body
FROM reader CROSS JOIN entry LEFT JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
  -- Said of both tables, so that an engine may read two ranges instead of a row for each entry.
  AND body.stream = :stream AND body.seq > :after AND body.seq <= :after + :limit
  AND (entry.added >= reader.reads_from OR entry.kind = 'erasure')
  AND (entry.not_before IS NULL OR entry.not_before <= :now)
  AND :purposes <> 0 AND (entry.purposes = 0 OR (entry.purposes & :purposes) <> 0)
WHERE entry.stream = :stream AND entry.seq > :after AND entry.seq <= :after + :limit
ORDER BY entry.seq;

-- name: last_header
-- What is said about one entry.
SELECT header FROM entry WHERE stream = :stream AND seq = :seq;

-- name: leaves_of_stream
-- Up to so many leaf hashes after a position, in order: for proofs and snapshots.
SELECT leaf FROM entry WHERE stream = :stream AND seq > :after AND seq <= :after + :limit ORDER BY seq;

-- name: keep_subtree
-- A subtree of a stream is full and never changes; no row changes when it is there.
INSERT INTO subtree (stream, height, number, root) VALUES (:stream, :height, :number, :root)
ON CONFLICT (stream, height, number) DO NOTHING;

-- name: subtrees
-- Roots of full subtrees of one height, from a number up to, not including, another.
SELECT root FROM subtree WHERE stream = :stream AND height = :height AND number >= :first AND number < :last
ORDER BY number;

-- name: said_by
-- Whether a party said anything of a fact. What others said of it takes no time.
SELECT owner FROM origin WHERE fact = :fact AND owner = :owner LIMIT 1;

-- name: entries_of_fact
-- Where a fact was said, and by whom; owner is NULL for an anonymous report.
SELECT entry.stream, entry.seq, kind, added, owner
FROM origin JOIN entry ON entry.stream = origin.stream AND entry.seq = origin.seq
WHERE origin.fact = :fact ORDER BY entry.stream, entry.seq;

-- name: aged_entries
-- Entries of a stream within a span of seq that were added before a time; `added` grows with seq.
SELECT seq, kind, fact FROM entry
WHERE stream = :stream AND seq > :after AND seq <= :upto AND added < :before ORDER BY seq;

-- Erasure by fact, all in one transaction -------------------------------------------------------------------------------

-- name: erase_bodies
-- Delete what an owner's entries of a fact said (NULL: everybody's), with the salts, but never the entry that says it
-- was erased; says where.
DELETE FROM body WHERE (stream, seq) IN (
  SELECT entry.stream, entry.seq FROM origin JOIN entry ON entry.stream = origin.stream AND entry.seq = origin.seq
  WHERE origin.fact = :fact AND kind <> 'erasure' AND coalesce(owner, '') = coalesce(:owner, owner, ''))
RETURNING stream, seq;

-- name: erase_digests
-- Forget the digests of an owner's objects of a fact (NULL: everybody's); their chains stay.
UPDATE object SET digest = NULL
WHERE digest IS NOT NULL AND owner = coalesce(:owner, owner) AND (stream, seq) IN (SELECT stream, seq FROM origin WHERE fact = :fact);

-- name: erase_sources
-- Retract what an owner vouched for by its entries of a fact (NULL: everybody); says which bands may have changed.
DELETE FROM source WHERE party = coalesce(:owner, party) AND (stream, seq) IN (SELECT stream, seq FROM origin WHERE fact = :fact)
RETURNING stream, value;

-- Objects: repeats, chains and conflicts ----------------------------------------------------------------------------------

-- name: insert_object
-- Record which version of which object an entry is.
INSERT INTO object (stream, seq, owner, id, modified, digest, chain)
VALUES (:stream, :seq, :owner, :id, :modified, :digest, :chain);

-- name: versions_of_object
-- Every version that an owner posted of one object, oldest first; digest is NULL once erased.
SELECT stream, seq, modified, digest, chain FROM object
WHERE owner = :owner AND id = :id ORDER BY modified;

-- name: conflicts_of_owner
-- Versions of which an owner posted more than one content.
SELECT id, modified, count(DISTINCT digest) AS contents FROM object WHERE owner = :owner
GROUP BY id, modified HAVING count(DISTINCT digest) > 1 ORDER BY id, modified;

-- Sources and bands -------------------------------------------------------------------------------------------------------

-- name: insert_source
-- A named party vouches for an observable; no row changes when this entry said so already.
INSERT INTO source (stream, value, party, seq, attended) VALUES (:stream, :value, :party, :seq, :attended)
ON CONFLICT (stream, value, party, seq) DO NOTHING;

-- name: standing_of_value
-- How many distinct named parties vouch for an observable in a stream, whether a person approved any of it, and the
-- band last published with its fact: NULL before the first.
SELECT count(DISTINCT party) AS sources, coalesce(max(attended), 0) AS attended,
  (SELECT band FROM band WHERE stream = :stream AND value = :value) AS band,
  (SELECT fact FROM band WHERE stream = :stream AND value = :value) AS fact
FROM source JOIN entry ON entry.stream = source.stream AND entry.seq = source.seq
WHERE source.stream = :stream AND value = :value AND added >= :since;

-- name: sources_between
-- Values for which an entry of this span of a stream is a source.
SELECT DISTINCT value FROM source WHERE stream = :stream AND seq >= :first AND seq <= :last;

-- name: bands_between
-- The bands that stand in this span of a stream.
SELECT body FROM entry JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
WHERE entry.stream = :stream AND entry.seq >= :first AND entry.seq <= :last AND kind = 'band';

-- name: set_band
-- This band is published now; no row changes when it was published already.
INSERT INTO band (stream, value, band, fact) VALUES (:stream, :value, :band, :fact)
ON CONFLICT (stream, value) DO UPDATE SET band = excluded.band WHERE band.band <> excluded.band;

-- name: drop_band
-- Nobody vouches for the observable any more.
DELETE FROM band WHERE stream = :stream AND value = :value;

-- name: parties_of_value
-- Who vouches for an observable in a stream.
SELECT DISTINCT party FROM source JOIN entry ON entry.stream = source.stream AND entry.seq = source.seq
WHERE source.stream = :stream AND value = :value AND added >= :since ORDER BY party;

-- name: held_by_two
-- How many values of a stream rest on two parties alone.
SELECT count(*) AS held FROM by_two WHERE stream = :stream AND one = :one AND other = :other;

-- name: rest_on_two
-- A band of two is published for an observable; no row changes when it rested on two parties before.
INSERT INTO by_two (stream, value, one, other) VALUES (:stream, :value, :one, :other)
ON CONFLICT (stream, value) DO NOTHING;

-- name: rest_on_two_no_more
-- An observable has fewer sources, or more.
DELETE FROM by_two WHERE stream = :stream AND value = :value;

-- name: rest_on_no_band
-- Their bands are gone: the views were made anew.
DELETE FROM by_two WHERE NOT EXISTS (
  SELECT 1 FROM band WHERE band.stream = by_two.stream AND band.value = by_two.value);

-- name: full_pairs
-- Parties that alone confirm as many values of a stream as two may, by their names.
SELECT stream.name AS stream, first_party.name AS one, second_party.name AS other, held
FROM (SELECT stream, one, other, count(*) AS held FROM by_two GROUP BY stream, one, other) AS pair
JOIN stream ON stream.number = pair.stream
JOIN party AS first_party ON first_party.id = pair.one JOIN party AS second_party ON second_party.id = pair.other
WHERE held >= :most ORDER BY held DESC, stream.name, first_party.name, second_party.name;

-- Warnings and answers ----------------------------------------------------------------------------------------------------

-- name: insert_warning
-- Record which version of which warning an entry is.
INSERT INTO warning (stream, seq, owner, id, version, digest, chain, withdrawn, expires)
VALUES (:stream, :seq, :owner, :id, :version, :digest, :chain, :withdrawn, :expires);

-- name: versions_of_warning
-- Every version that an owner posted of one warning, oldest first; digest is NULL once erased.
SELECT stream.name AS stream, warning.seq, version, digest, chain, withdrawn, expires, purposes
FROM warning JOIN stream ON stream.number = warning.stream
JOIN entry ON entry.stream = warning.stream AND entry.seq = warning.seq
WHERE owner = :owner AND id = :id ORDER BY version, warning.stream, warning.seq;

-- name: place_of_warning
-- Where one version of a warning stands in one stream, unless it was erased. What stands in others takes no time.
SELECT warning.stream AS number, stream.name AS stream, owner, withdrawn, expires, entry.added, not_before, purposes
FROM stream JOIN warning ON warning.stream = stream.number AND chain = :chain AND version = :version
JOIN entry ON entry.stream = warning.stream AND entry.seq = warning.seq
WHERE stream.name = :stream AND digest IS NOT NULL;

-- name: owner_of_chain
-- Who wrote a warning.
SELECT DISTINCT owner FROM warning WHERE chain = :chain;

-- name: insert_answer
-- A party answered; whether it counts is said by recount_answers.
INSERT INTO answer (chain, version, stream, party, role, answer, home, seq, counted)
VALUES (:chain, :version, :stream, :party, :role, :answer, :home, :seq, 0);

-- name: recount_answers
-- A party's latest answer to each version counts while the party is active; without a chain, to every warning.
UPDATE answer SET counted = CASE WHEN EXISTS (
    SELECT 1 FROM party WHERE party.id = answer.party AND standing = 'active'
  ) AND NOT EXISTS (
    SELECT 1 FROM answer AS later WHERE later.party = answer.party AND later.chain = answer.chain
      AND later.version = answer.version AND later.stream = answer.stream AND later.seq > answer.seq
  ) THEN 1 ELSE 0 END
WHERE party = :party AND (chain = :chain OR :chain = '');

-- name: answer_of_party
-- What a party answered last to a version of a warning; no row before.
SELECT answer FROM answer WHERE party = :party AND chain = :chain AND version = :version
ORDER BY seq DESC LIMIT 1;

-- name: bands_of_role
-- Every band of parties with the role of this one, of warnings that have not ended.
SELECT warning.chain AS chain, warning.version AS version, warning.stream AS stream, party.role AS role
FROM party CROSS JOIN warning WHERE party.id = :party AND warning.expires > :now AND EXISTS (
  SELECT 1 FROM answer WHERE answer.chain = warning.chain AND answer.version = warning.version
    AND answer.stream = warning.stream AND answer.role = party.role)
ORDER BY warning.chain, warning.version, warning.stream;

-- name: count_answers
-- How many parties of a role gave an answer as their latest, up to a limit.
SELECT count(*) AS parties FROM (
  SELECT 1 AS one FROM answer WHERE chain = :chain AND version = :version AND stream = :stream AND role = :role
    AND answer = :answer AND counted = 1 LIMIT :limit
) AS found;

-- name: count_audience
-- How many active parties of a role are in an audience, up to a limit; '' for no jurisdiction and for no group.
SELECT count(*) AS parties FROM (
  SELECT 1 AS one FROM party WHERE role = :role AND standing = 'active'
    AND (jurisdiction = :jurisdiction OR :jurisdiction = '')
    AND (:name = '' OR id IN (SELECT party FROM membership
      WHERE name = :name AND since <= :now AND (until IS NULL OR until > :now)))
  LIMIT :limit
) AS found;

-- name: band_of_answers
-- The bands last published; no row before the first.
SELECT received, acted, not_affected, fact FROM answer_band
WHERE chain = :chain AND version = :version AND stream = :stream AND role = :role;

-- name: set_band_of_answers
-- These bands are published now.
INSERT INTO answer_band (chain, version, stream, role, received, acted, not_affected, fact)
VALUES (:chain, :version, :stream, :role, :received, :acted, :not_affected, :fact)
ON CONFLICT (chain, version, stream, role) DO UPDATE SET received = excluded.received, acted = excluded.acted,
  not_affected = excluded.not_affected;

-- name: erase_answers
-- Retract what an owner answered by its entries of a fact (NULL: everybody); says which bands may have changed.
DELETE FROM answer WHERE party = coalesce(:owner, party)
  AND (home, seq) IN (SELECT stream, seq FROM origin WHERE fact = :fact)
RETURNING chain, version, stream, role, party;

-- name: bands_of_erased_warning
-- The facts of the bands about an owner's warning (NULL: everybody's).
SELECT DISTINCT answer_band.fact AS fact FROM answer_band JOIN warning ON warning.chain = answer_band.chain
WHERE warning.owner = coalesce(:owner, warning.owner) AND warning.id = :fact ORDER BY answer_band.fact;

-- name: drop_bands_of_erased_warning
-- They are not kept up to date any more.
DELETE FROM answer_band WHERE chain IN (
  SELECT chain FROM warning WHERE owner = coalesce(:owner, owner) AND id = :fact);

-- name: drop_answers_to_erased_warning
-- What was answered to it counts nowhere.
DELETE FROM answer WHERE chain IN (
  SELECT chain FROM warning WHERE owner = coalesce(:owner, owner) AND id = :fact);

-- name: erase_warning_digests
-- Forget the digests of an owner's warning (NULL: everybody's); that it was there is known, so that none comes back.
UPDATE warning SET digest = NULL
WHERE digest IS NOT NULL AND owner = coalesce(:owner, owner) AND id = :fact;

-- Parties and invitations -------------------------------------------------------------------------------------------------

-- name: put_party
-- A party as the directory now states it; when it joined never changes.
INSERT INTO party (id, name, role, jurisdiction, standing, signing_key, sealing_key, recovery_key, agreement, joined)
VALUES (:id, :name, :role, :jurisdiction, :standing, :signing_key, :sealing_key, :recovery_key, :agreement, :joined)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role, jurisdiction = excluded.jurisdiction,
  standing = excluded.standing, signing_key = excluded.signing_key, sealing_key = excluded.sealing_key,
  recovery_key = excluded.recovery_key, agreement = excluded.agreement;

-- name: parties
-- Every party, in the order of their identifiers.
SELECT id, name, role, jurisdiction, standing, signing_key, sealing_key, recovery_key, agreement, joined
FROM party ORDER BY id;

-- name: party_by_id
-- One party; no row when there is none.
SELECT id, name, role, jurisdiction, standing, signing_key, sealing_key, recovery_key, agreement, joined
FROM party WHERE id = :id;

-- name: put_membership
-- One party's time in one group, as the desk's stream now states it.
INSERT INTO membership (name, party, since, until, reads_from) VALUES (:name, :party, :since, :until, :reads_from)
ON CONFLICT (name, party, since) DO UPDATE SET until = excluded.until, reads_from = excluded.reads_from;

-- name: roster
-- Everybody who was ever in a group, in order of joining.
SELECT name, party, since, until, reads_from FROM membership WHERE name = :name ORDER BY since, party;

-- name: memberships_of_party
-- Every group that a party was ever in.
SELECT name, party, since, until, reads_from FROM membership WHERE party = :party;

-- name: memberships
-- Who was ever in which group.
SELECT name, party, since, until, reads_from FROM membership ORDER BY party, name, since;

-- name: party_by_recovery_key
-- The party whose recovery key this is; no row when it is nobody's.
SELECT id, name, role, jurisdiction, standing, signing_key, sealing_key, recovery_key, agreement, joined
FROM party WHERE recovery_key = :key;

-- name: declare
-- A key of hub or partner, or the agreement, counts from this entry of the directory on.
INSERT INTO declared (holder, seq, value, body) VALUES (:holder, :seq, :value, :body);

-- name: declared
-- Everything that was declared of one holder, oldest first.
SELECT seq, value, body FROM declared WHERE holder = :holder ORDER BY seq;

-- name: declared_last
-- What counts now; no row before the first.
SELECT seq, value, body FROM declared WHERE holder = :holder ORDER BY seq DESC LIMIT 1;

-- name: insert_invitation
-- A one-time code was made.
INSERT INTO invitation (code_hash, name, role, jurisdiction, namesake, expires, spent_by)
VALUES (:code_hash, :name, :role, :jurisdiction, :namesake, :expires, NULL);

-- name: spend_invitation
-- Redeem a code once; no row when it is spent, expired or was never made.
UPDATE invitation SET spent_by = :party
WHERE code_hash = :code_hash AND spent_by IS NULL AND expires > :now
RETURNING name, role, jurisdiction, namesake;

-- name: invitations
-- Every code that was made, by what it is for.
SELECT name, role, jurisdiction, expires, spent_by FROM invitation ORDER BY name, expires, code_hash;

-- Edges --------------------------------------------------------------------------------------------------------------------

-- name: insert_edge
-- A process may become an edge by a code; no row changes when one of that name is there.
INSERT INTO edge (id, name, code_hash, expires, signing_key) VALUES (:id, :name, :code_hash, :expires, NULL)
ON CONFLICT (name) DO NOTHING;

-- name: admit_edge
-- Redeem a code once; no row when it is spent, expired or was never made.
UPDATE edge SET signing_key = :signing_key
WHERE code_hash = :code_hash AND signing_key IS NULL AND expires > :now
RETURNING id, name;

-- name: edges
-- Every edge, by name; signing_key is NULL while its code is not redeemed.
SELECT id, name, expires, signing_key FROM edge ORDER BY name;

-- name: edge_by_id
-- One edge that was admitted; no row when there is none.
SELECT id, name, expires, signing_key FROM edge WHERE id = :id AND signing_key IS NOT NULL;

-- name: drop_edge
-- The edge follows no more.
DELETE FROM edge WHERE name = :name;

-- name: drop_edges
-- None follows any more: one that was revoked since the backup would be back.
DELETE FROM edge;

-- name: put_stream
-- At an edge: a stream without entries, under the hub's number; no row changes when it is there.
INSERT INTO stream (number, name, key, size, frontier, root, added,
  noted_size, noted_root, witnessed_size, witnessed_frontier)
VALUES (:number, :name, :key, 0, :frontier, :root, 0, 0, :root, 0, :frontier)
ON CONFLICT (number) DO NOTHING;

-- Messages: replay and repetition -----------------------------------------------------------------------------------------

-- name: insert_nonce
-- Remember a nonce; no row changes when it was seen: the request is a replay.
INSERT INTO nonce (keyid, nonce, expires) VALUES (:keyid, :nonce, :expires)
ON CONFLICT (keyid, nonce) DO NOTHING;

-- name: purge_nonces
-- Forget nonces whose requests are refused by their age.
DELETE FROM nonce WHERE expires <= :now;

-- name: insert_message
-- Keep the receipt of a message; no row changes when it has one: give that one again.
INSERT INTO message (party, id, receipt, added) VALUES (:party, :id, :receipt, :added)
ON CONFLICT (party, id) DO NOTHING;

-- name: receipt_of_message
-- The receipt that a sender got; no row when the message is new.
SELECT receipt FROM message WHERE party = :party AND id = :id;

-- name: purge_messages
-- Forget receipts older than senders repeat themselves.
DELETE FROM message WHERE added < :before;

-- Embargo -----------------------------------------------------------------------------------------------------------------

-- name: hold
-- Keep a message until its embargo ends.
INSERT INTO held (party, id, not_before, kind, message, origin)
VALUES (:party, :id, :not_before, :kind, :message, :origin);

-- name: count_held
-- How many messages of a party wait.
SELECT count(*) AS held FROM held WHERE party = :party;

-- name: held_due
-- Messages whose embargo is over, oldest first; those of a party that is not active wait on.
SELECT held.party, held.id, kind, message, origin FROM held JOIN party ON party.id = held.party
WHERE not_before <= :now AND standing = 'active' ORDER BY not_before, held.party, held.id LIMIT :limit;

-- name: held_message
-- A message of a party that waits; no row when none does.
SELECT party FROM held WHERE party = :party AND id = :id;

-- name: drop_held
-- A message of a party waits no longer.
DELETE FROM held WHERE party = :party AND id = :id;

-- name: drop_held_of_anybody
-- The same, whoever told it.
DELETE FROM held WHERE id = :id;

-- name: put_off_held
-- A message whose stream takes nothing now is tried again then.
UPDATE held SET not_before = :until WHERE party = :party AND id = :id;

-- name: purge_held
-- Forget messages whose author did not come back. Those of an active party are never forgotten, however late they are.
DELETE FROM held WHERE not_before < :before AND party NOT IN (SELECT id FROM party WHERE standing = 'active');

-- Head log --------------------------------------------------------------------------------------------------------------

-- name: append_log
-- One more leaf; no row changes when another transaction made that leaf.
INSERT INTO log (size, leaf, frontier, note, cosigned, added)
VALUES (:size, :leaf, :frontier, :note, NULL, :added)
ON CONFLICT (size) DO NOTHING;

-- name: cosign_log
-- The partner has co-signed the log at this size.
UPDATE log SET cosigned = :cosigned WHERE size = :size;

-- name: newest_log
-- The head log as it stands; no row before the first leaf.
SELECT size, leaf, frontier, note, cosigned, added FROM log ORDER BY size DESC LIMIT 1;

-- name: log_of_size
-- The head log when it had that many leaves; no row when it never had.
SELECT size, leaf, frontier, note, cosigned, added FROM log WHERE size = :size;

-- name: newest_cosigned_log
-- The newest head above a size that the partner has co-signed; no row before the first.
SELECT size, leaf, frontier, note, cosigned, added FROM log
WHERE cosigned IS NOT NULL AND size > :above ORDER BY size DESC LIMIT 1;

-- name: leaves_of_log
-- Up to so many leaves after a size, in order: for consistency proofs.
SELECT leaf FROM log WHERE size > :after AND size <= :after + :limit ORDER BY size;

-- Facts about the hub -----------------------------------------------------------------------------------------------------

-- name: set_meta
-- Keep a fact under its name.
INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: get_meta
-- One fact; no row when it was never set.
SELECT value FROM meta WHERE key = :key;

-- The restart ceremony -----------------------------------------------------------------------------------------------------

-- name: void_invitations
-- Codes that the backup holds as unspent may have been spent since.
UPDATE invitation SET expires = 0 WHERE spent_by IS NULL;

-- name: leaf_and_body
-- What stands at one place; body is NULL when it is erased or was never handed in.
SELECT leaf, header, fact, kind, body FROM entry LEFT JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
WHERE entry.stream = :stream AND entry.seq = :seq;

-- name: without_body
-- Entries of a stream after a seq, up to so many, whose bodies are not here.
SELECT entry.seq FROM entry LEFT JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
WHERE entry.stream = :stream AND entry.seq > :after AND body.seq IS NULL ORDER BY entry.seq LIMIT :limit;

-- name: erasures
-- What the erasure entries of a stream say.
SELECT body FROM entry JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
WHERE entry.stream = :stream AND kind = 'erasure' ORDER BY entry.seq;

-- name: erase_body_at
-- An erasure entry names this place: delete what it said, with its salt.
DELETE FROM body WHERE stream = :stream AND seq = :seq;

-- name: erase_digest_at
-- Forget the digest of an erased object.
UPDATE object SET digest = NULL WHERE stream = :stream AND seq = :seq;

-- name: erase_sources_at
-- Nobody vouches by an erased entry.
DELETE FROM source WHERE stream = :stream AND seq = :seq;

-- name: drop_bands
-- The table of bands is about to be made anew.
DELETE FROM band;

-- name: handed_in_of_fact
-- Entries of a fact that a reader handed back and that nobody has claimed; body is NULL once erased.
SELECT stream.name, entry.stream, entry.seq, header, kind, body
FROM origin JOIN entry ON entry.stream = origin.stream AND entry.seq = origin.seq
JOIN stream ON stream.number = entry.stream
LEFT JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
WHERE origin.fact = :fact AND owner IS NULL AND origin = :handed_in ORDER BY entry.stream, entry.seq;

-- name: own_entry
-- The receipt of an entry that was handed in says whose it is; no row changes when that was known.
UPDATE origin SET owner = :owner WHERE stream = :stream AND seq = :seq AND owner IS NULL AND origin = :handed_in;

-- name: insert_object_again
-- As insert_object; no row changes when it is there.
INSERT INTO object (stream, seq, owner, id, modified, digest, chain)
VALUES (:stream, :seq, :owner, :id, :modified, :digest, :chain)
ON CONFLICT (stream, seq) DO NOTHING;

-- name: continue_log
-- The head at which the log goes on, as its partner or a reader holds it; no row changes when it is there.
INSERT INTO log (size, leaf, frontier, note, cosigned, added)
VALUES (:size, :leaf, :frontier, :note, :cosigned, :added)
ON CONFLICT (size) DO UPDATE SET cosigned = excluded.cosigned;

-- name: continue_stream
-- What the newest leaf of the continued log says of a stream.
UPDATE stream SET noted_size = :size, noted_root = :root, witnessed_size = :witnessed_size,
  witnessed_frontier = :witnessed_frontier WHERE number = :number;

-- name: witnessed_heads
-- Every stream as the partner last saw it.
SELECT key, witnessed_size, witnessed_frontier FROM stream ORDER BY number;

-- name: close_stream
-- A stream's readers did not come: nothing is added to it until one does.
INSERT INTO closed (key, size, root) VALUES (:key, :size, :root);

-- name: closed_streams
-- Every stream that waits for one of its readers.
SELECT key, size, root FROM closed ORDER BY key;

-- name: closed_stream
-- Whether this stream waits; no row when it does not.
SELECT key, size, root FROM closed WHERE key = :key;

-- name: reopen_stream
-- The stream is as long as the partner saw it.
DELETE FROM closed WHERE key = :key;

-- name: abandoned
-- Streams whose ends were given up, one row for each time.
SELECT value FROM declared WHERE holder = 'abandoned' ORDER BY seq;

-- name: blind_anew
-- The end of a stream was given up: it goes on under another blinded name, of which nothing is noted yet.
UPDATE stream SET key = :key, noted_size = 0, noted_root = :root, witnessed_size = 0, witnessed_frontier = :frontier
WHERE name = :name;

-- name: drop_answers
-- The view is about to be made anew.
DELETE FROM answer;

-- name: drop_answer_bands
-- The same.
DELETE FROM answer_band;

-- name: entries_of_kind
-- Every entry of a kind that was not erased, in the order of its stream.
SELECT stream.name, entry.stream, entry.seq, entry.fact, header, entry.added, owner, body
FROM entry JOIN stream ON stream.number = entry.stream
JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
JOIN origin ON origin.stream = entry.stream AND origin.seq = entry.seq
WHERE kind = :kind ORDER BY entry.stream, entry.seq;

-- name: drop_parties
-- The view is about to be made anew; so with those that follow.
DELETE FROM party;

-- name: drop_declared
-- Keys and agreements.
DELETE FROM declared;

-- name: drop_memberships
-- Rosters.
DELETE FROM membership;

-- name: drop_sources
-- Who vouched for what.
DELETE FROM source;

-- name: drop_objects
-- Versions of objects; those whose content was erased stand nowhere else.
DELETE FROM object WHERE digest IS NOT NULL;

-- name: drop_warnings
-- Versions of warnings; likewise.
DELETE FROM warning WHERE digest IS NOT NULL;

-- name: erase_warning_digest_at
-- Forget the digest of an erased warning; that it was there is known, so that it does not come back.
UPDATE warning SET digest = NULL WHERE stream = :stream AND seq = :seq;

-- name: erase_answer_at
-- An answer was erased: it counts nowhere.
DELETE FROM answer WHERE home = :stream AND seq = :seq;

-- name: epochs
-- Every epoch of the anonymous path that is kept, in their order.
SELECT number, document, roster, state FROM epoch ORDER BY number;

-- name: keep_epoch
-- A new epoch's document.
INSERT INTO epoch (number, document, roster, state) VALUES (:number, :document, :roster, :state);

-- name: forget_epoch
-- Another row takes its place.
DELETE FROM epoch WHERE number = :number;

-- name: move_epoch
-- An epoch's next state, once.
UPDATE epoch SET state = :state WHERE number = :number AND state = :was;

-- name: set_roster
-- Its members have other keys now.
UPDATE epoch SET roster = :roster WHERE number = :number;

-- name: close_epochs
-- Which of their tokens were spent is not known any more.
UPDATE epoch SET state = :state WHERE state = :was;

-- name: bound_epochs
-- Those below are long over.
DELETE FROM epoch WHERE number < :below;

-- name: issued_to
-- What a member asked tokens for, and how far that came; no row when it has not asked.
SELECT digest, draw, state FROM issued WHERE epoch = :epoch AND party = :party;

-- name: note_issued
-- It has asked; it is given them at once, or has to open some first.
INSERT INTO issued (epoch, party, digest, draw, state) VALUES (:epoch, :party, :digest, :draw, :state);

-- name: settle_issued
-- It has opened what it was to open.
UPDATE issued SET state = :state WHERE epoch = :epoch AND party = :party AND state = 0;

-- name: count_issued
-- How many members have been given theirs.
SELECT count(*) AS members FROM issued WHERE epoch = :epoch AND state = 1;

-- name: audits
-- How far members came, by epoch.
SELECT epoch, state, count(*) AS members FROM issued WHERE draw <> :open GROUP BY epoch, state ORDER BY epoch, state;

-- name: keep_false_tokens
-- A member was caught.
INSERT INTO false_tokens (epoch, party, evidence) VALUES (:epoch, :party, :evidence);

-- name: false_tokens
-- Who was caught, in the order of epochs.
SELECT evidence FROM false_tokens ORDER BY epoch, party;

-- name: keep_escrow
-- An accountable report was taken in.
INSERT INTO escrow (fact, token, kept) VALUES (:fact, :token, :kept);

-- name: escrows_of
-- What trustees need to open a report; more than one where two senders used its identifier.
SELECT kept FROM escrow WHERE fact = :fact ORDER BY token;

-- name: openings
-- What the directory says of a kind, in its order.
SELECT body FROM stream JOIN entry ON entry.stream = stream.number
JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
WHERE stream.name = :stream AND kind = :kind ORDER BY entry.seq;

-- name: drop_escrows
-- The report is erased.
DELETE FROM escrow WHERE fact = :fact;

-- name: drop_escrows_at
-- An erasure entry names this place: where an anonymous report stood there, it is erased. What somebody said by name
-- under the same identifier, and took back, is another's.
DELETE FROM escrow WHERE fact = :fact AND EXISTS (
  SELECT 1 FROM origin WHERE origin.stream = :stream AND origin.seq = :seq AND origin.fact = :fact
  AND origin.owner IS NULL AND origin.origin <> :handed_in);

-- name: forget_issued
-- Those epochs are long over.
DELETE FROM issued WHERE epoch < :below;

-- name: spent_token
-- For what a token was spent; no row when it was not.
SELECT digest, fate FROM spent WHERE epoch = :epoch AND token = :token;

-- name: spend_token
-- It is spent.
INSERT INTO spent (epoch, token, digest, fate) VALUES (:epoch, :token, :digest, :fate);

-- name: forget_spent
-- Those epochs are long over.
DELETE FROM spent WHERE epoch < :below;
