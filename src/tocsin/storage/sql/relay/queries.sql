-- Every statement of the relay. SQLite only.

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

-- name: believe_key
-- The hub signs with another key from here on.
INSERT INTO hub_key (number, key, body, added) SELECT count(*) + 1, :key, :body, :added FROM hub_key;

-- name: believed_key
-- The key that the hub signs with now; no row while it is the configured one.
SELECT key FROM hub_key ORDER BY number DESC LIMIT 1;
