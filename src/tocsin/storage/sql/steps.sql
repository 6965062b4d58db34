-- Which steps of its schema a store has been through; the same table in every store.

-- name: create_step_table
-- Make the record of steps, in a store that has none.
CREATE TABLE step (
  number BIGINT NOT NULL PRIMARY KEY, -- 1 is schema.sql, then the migrations
  name   TEXT   NOT NULL,             -- such as hub/schema.sql: whose store it is
  digest TEXT   NOT NULL              -- SHA-256 of the statements, in hexadecimal
);

-- name: steps_taken
-- What the store has been through, in order.
SELECT number, name, digest FROM step ORDER BY number;

-- name: record_step
-- A step was taken in this transaction.
INSERT INTO step (number, name, digest) VALUES (:number, :name, :digest);
