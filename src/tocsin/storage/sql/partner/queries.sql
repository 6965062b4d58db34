-- Every statement of the partner. SQLite only.

-- name: heads
-- The head of every stream, in the order of the map.
SELECT key, size, root FROM head ORDER BY key;

-- name: save_head
-- A head that was checked and co-signed.
INSERT INTO head (key, size, root) VALUES (:key, :size, :root)
ON CONFLICT (key) DO UPDATE SET size = excluded.size, root = excluded.root;

-- name: newest_log
-- The newest leaf of the head log.
SELECT size, frontier, before, note FROM log ORDER BY size DESC LIMIT 1;

-- name: log_of_size
-- The head of that size, if this partner co-signed it.
SELECT size, frontier, before, note FROM log WHERE size = :size;

-- name: append_log
-- The next leaf was co-signed.
INSERT INTO log (size, frontier, before, note, added) VALUES (:size, :frontier, :before, :note, :added);

-- name: forget_heads
-- The partner is restored: what it held is replaced by what it last co-signed.
DELETE FROM head;

-- name: keep_evidence
-- A note contradicts one that was co-signed; the same one again changes nothing.
INSERT INTO evidence (added, note, reason)
SELECT :added, :note, :reason WHERE NOT EXISTS (SELECT 1 FROM evidence WHERE note = :note);

-- name: bound_evidence
-- Only the oldest stay: a hub cannot push the first proof out with later ones.
DELETE FROM evidence WHERE rowid NOT IN (SELECT rowid FROM evidence ORDER BY rowid LIMIT 1000);

-- name: count_evidence
-- How many of them there are.
SELECT count(*) AS notes FROM evidence;

-- name: believe_key
-- The hub signs with another key from here on.
INSERT INTO hub_key (number, key, body, added) SELECT count(*) + 1, :key, :body, :added FROM hub_key;

-- name: believed_key
-- The key that the hub signs with now; no row while it is the configured one.
SELECT key FROM hub_key ORDER BY number DESC LIMIT 1;

-- name: signed_epochs
-- The epoch documents that were signed, in their order.
SELECT number, document, roster FROM epoch ORDER BY number;

-- name: keep_epoch
-- A document is signed, or its roster is another one now.
INSERT INTO epoch (number, document, roster) VALUES (:number, :document, :roster)
ON CONFLICT (number) DO UPDATE SET roster = excluded.roster;

-- name: bound_epochs
-- Older ones are over.
DELETE FROM epoch WHERE number <= :below;

-- name: slot_records
-- What was signed of the newest slots.
SELECT epoch, slot, record, signature FROM slot_record ORDER BY epoch, slot;

-- name: keep_record
-- A slot's record, signed once.
INSERT INTO slot_record (epoch, slot, record, signature) VALUES (:epoch, :slot, :record, :signature);

-- name: bound_records
-- Only the newest stay.
DELETE FROM slot_record WHERE rowid NOT IN (SELECT rowid FROM slot_record ORDER BY epoch DESC, slot DESC LIMIT :most);
