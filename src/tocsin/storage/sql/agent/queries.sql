-- Every statement of an agent. SQLite only.

-- name: secret
-- One secret by name.
SELECT box FROM secret WHERE name = :name;

-- name: keep_secret
-- Store or replace a secret.
INSERT INTO secret (name, box) VALUES (:name, :box) ON CONFLICT (name) DO UPDATE SET box = excluded.box;

-- name: drop_secret
-- Forget a secret.
DELETE FROM secret WHERE name = :name;

-- name: keep_case
-- A new case, or how far its log goes now.
INSERT INTO vault_case (id, opened, box) VALUES (:id, :opened, :box)
ON CONFLICT (id) DO UPDATE SET box = excluded.box;

-- name: case_box
-- How far the log of a case goes.
SELECT box FROM vault_case WHERE id = :id;

-- name: cases
-- Every case, newest first.
SELECT id FROM vault_case ORDER BY opened DESC, rowid DESC;

-- name: cases_opened_before
-- Cases that may have reached their age, oldest first.
SELECT id FROM vault_case WHERE opened <= :before ORDER BY opened, id;

-- name: write_case_line
-- The next line of a case.
INSERT INTO case_line (vault_case, seq, box) VALUES (:vault_case, :seq, :box);

-- name: case_lines
-- The log of a case, from its beginning.
SELECT box FROM case_line WHERE vault_case = :vault_case ORDER BY seq;

-- name: keep_evidence
-- Store a file of a case; the same file again changes nothing.
INSERT INTO evidence (vault_case, digest, added, box) VALUES (:vault_case, :digest, :added, :box)
ON CONFLICT (vault_case, digest) DO NOTHING;

-- name: evidence_box
-- One file of a case.
SELECT box FROM evidence WHERE vault_case = :vault_case AND digest = :digest;

-- name: cases_of_evidence
-- The newest cases that rest on a file.
SELECT vault_case AS id FROM evidence WHERE digest = :digest ORDER BY added DESC, rowid DESC LIMIT :limit;

-- name: drop_case_evidence
-- A case has its age: its files go first.
DELETE FROM evidence WHERE vault_case = :vault_case;

-- name: drop_case_lines
-- Then its log.
DELETE FROM case_line WHERE vault_case = :vault_case;

-- name: drop_case
-- Then the case itself.
DELETE FROM vault_case WHERE id = :id;

-- name: seen
-- What came of a file that was looked at.
SELECT box FROM seen WHERE digest = :digest;

-- name: keep_seen
-- A file was looked at; once more, and this is what came of it.
INSERT INTO seen (digest, at, box) VALUES (:digest, :at, :box)
ON CONFLICT (digest) DO UPDATE SET at = excluded.at, box = excluded.box;

-- name: bound_seen
-- The newest million stay.
DELETE FROM seen WHERE rowid <= (SELECT max(rowid) FROM seen) - 1000000;

-- name: keep_collected
-- A file came in.
INSERT INTO collected (id, added, size, about, box) VALUES (:id, :added, :size, :about, :box);

-- name: collected
-- What waits, the oldest first, without the files themselves.
SELECT id, added, size, about FROM collected ORDER BY added, id;

-- name: collected_file
-- One file that waits.
SELECT box FROM collected WHERE id = :id;

-- name: drop_collected
-- It waits no more.
DELETE FROM collected WHERE id = :id;

-- name: count_collected
-- How many wait, and their bytes.
SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes FROM collected;

-- name: source
-- How one source does.
SELECT box FROM source WHERE name = :name;

-- name: save_source
-- The same, as it is now.
INSERT INTO source (name, box) VALUES (:name, :box) ON CONFLICT (name) DO UPDATE SET box = excluded.box;

-- name: keep_hunt
-- A hunt, as far as it is.
INSERT INTO hunt (id, began, box) VALUES (:id, :began, :box) ON CONFLICT (id) DO UPDATE SET box = excluded.box;

-- name: bound_hunts
-- The newest thousand stay.
DELETE FROM hunt WHERE rowid <= (SELECT max(rowid) FROM hunt) - 1000;

-- name: hunts
-- The newest hunts.
SELECT id, box FROM hunt ORDER BY began DESC, rowid DESC LIMIT :limit;

-- name: hunt_value
-- A value that no hunt has known before belongs to this round.
INSERT INTO hunted_value (value, round) VALUES (:value, :round) ON CONFLICT (value) DO NOTHING;

-- name: forget_hunted_values
-- Values that nobody names any more: should somebody name one again, it is hunted again.
DELETE FROM hunted_value WHERE value NOT IN (SELECT value FROM posting);

-- name: hunted_values
-- Every value with its round.
SELECT value, round FROM hunted_value;

-- name: hunted_log
-- Up to which round a log was hunted through.
SELECT round FROM hunted_log WHERE digest = :digest;

-- name: keep_hunted_log
-- A log was hunted through.
INSERT INTO hunted_log (digest, round) VALUES (:digest, :round)
ON CONFLICT (digest) DO UPDATE SET round = excluded.round;

-- name: bound_hunted_logs
-- The newest million stay.
DELETE FROM hunted_log WHERE rowid <= (SELECT max(rowid) FROM hunted_log) - 1000000;

-- name: found_here
-- One value in one log.
SELECT box FROM found_here WHERE digest = :digest;

-- name: keep_found_here
-- The same, as it is now.
INSERT INTO found_here (digest, at, box) VALUES (:digest, :at, :box)
ON CONFLICT (digest) DO UPDATE SET at = excluded.at, box = excluded.box;

-- name: all_found_here
-- Everything that was found, the newest first.
SELECT digest, box FROM found_here ORDER BY at DESC, digest LIMIT :limit;

-- name: forget_found_here
-- What was last found before some time.
DELETE FROM found_here WHERE at < :before;

-- name: forget_found_told
-- What was decided of values before some time.
DELETE FROM found_told WHERE at < :before;

-- name: keep_found_told
-- It was decided who hears of a value that was found.
INSERT INTO found_told (digest, at, box) VALUES (:digest, :at, :box)
ON CONFLICT (digest) DO UPDATE SET at = excluded.at, box = excluded.box;

-- name: all_found_told
-- Everything that was decided.
SELECT digest, box FROM found_told ORDER BY at DESC, digest LIMIT :limit;

-- name: streams_of_value
-- To whom a value was named.
SELECT DISTINCT stream FROM posting WHERE value = :value ORDER BY stream;

-- name: last_journal
-- The newest link of the journal's chain.
SELECT seq, at, digest, box FROM journal ORDER BY seq DESC LIMIT 1;

-- name: write_journal
-- The next link.
INSERT INTO journal (seq, at, digest, box) VALUES (:seq, :at, :digest, :box);

-- name: journal
-- The whole chain, from its beginning.
SELECT seq, at, digest, box FROM journal ORDER BY seq;

-- name: queue_message
-- An approved message waits for the hub; the same message again changes nothing.
INSERT INTO outbox (id, queued, state, tries, next_try, box) VALUES (:id, :queued, 'waiting', 0, 0, :box)
ON CONFLICT (id) DO NOTHING;

-- name: due_messages
-- What may be sent now, oldest first.
SELECT id, tries, box FROM outbox WHERE state = 'waiting' AND next_try <= :now ORDER BY queued, id LIMIT :limit;

-- name: put_off_message
-- The hub could not be reached: try again later.
UPDATE outbox SET tries = tries + 1, next_try = :next_try WHERE id = :id AND state = 'waiting';

-- name: settle_message
-- The hub answered for good.
UPDATE outbox SET state = :state, answer = :answer, tries = tries + 1 WHERE id = :id AND state = 'waiting';

-- name: message_box
-- One message as it was sealed.
SELECT box FROM outbox WHERE id = :id;

-- name: message_by_id
-- One message with its state.
SELECT id, state, tries, answer FROM outbox WHERE id = :id;

-- name: waiting_messages
-- What has no answer yet, oldest first.
SELECT id, queued, tries, next_try FROM outbox WHERE state = 'waiting' ORDER BY queued, id;

-- name: own_messages
-- Everything that this party told or is telling.
SELECT id FROM outbox WHERE state <> 'refused';

-- name: erasure_of_fact
-- Whether a stream says that what stood under one identifier was erased.
SELECT fact AS id FROM entry WHERE fact = :fact AND kind = 'erasure' LIMIT 1;

-- name: bodies_of_fact
-- What is said under one identifier, from its beginning.
SELECT body.body AS body FROM entry JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
WHERE entry.fact = :fact ORDER BY entry.stream, entry.seq LIMIT :limit;

-- name: newest_bodies
-- What a stream said last, the newest first.
SELECT body FROM body WHERE stream = :stream ORDER BY seq DESC LIMIT :limit;

-- name: count_outbox
-- How many messages are in each state.
SELECT state, count(*) AS messages FROM outbox GROUP BY state ORDER BY state;

-- name: streams
-- Every replicated stream.
SELECT name, size, frontier, witness, late, firm, directory, counted, note FROM stream ORDER BY name;

-- name: stream_by_name
-- One replicated stream.
SELECT name, size, frontier, witness, late, firm, directory, counted, note FROM stream WHERE name = :name;

-- name: names
-- What blinds the names of streams in the hub's head log, and how much of the directory needs no further witness.
SELECT salt_h, firm FROM entry JOIN stream ON entry.stream = stream.name WHERE stream = 'directory' AND seq = 0;

-- name: save_stream
-- How far a stream has proved itself.
INSERT INTO stream (name, size, frontier, witness, late, firm, directory, counted, note)
VALUES (:name, :size, :frontier, :witness, :late, :firm, :directory, :counted, :note)
ON CONFLICT (name) DO UPDATE SET size = excluded.size, frontier = excluded.frontier,
  witness = excluded.witness, late = excluded.late, firm = excluded.firm,
  directory = excluded.directory, counted = excluded.counted, note = excluded.note;

-- name: note_of_size
-- The note of the head log at one size, if it was shown.
SELECT size, root, note FROM note WHERE size = :size;

-- name: newest_note
-- The longest head log that was shown.
SELECT size, root, note FROM note ORDER BY size DESC LIMIT 1;

-- name: save_note
-- A note was shown; one with the partner's signature replaces the same without it.
INSERT INTO note (size, root, note) VALUES (:size, :root, :note)
ON CONFLICT (size) DO UPDATE SET note = excluded.note WHERE length(excluded.note) > length(note.note);

-- name: bound_notes
-- The newest 10,000 stay.
DELETE FROM note WHERE size <= (SELECT max(size) FROM note) - 10000;

-- name: keep_evidence_against_hub
-- Signed proof that the hub contradicted itself.
INSERT INTO evidence_against_hub (at, sentence, shown) VALUES (:at, :sentence, :shown);

-- name: drop_mark
-- Forget a mark.
DELETE FROM mark WHERE name = :name;

-- name: keep_entry
-- A verified entry.
INSERT INTO entry (stream, seq, header, salt_h, origin_c, body_c, leaf, kind, fact, added)
VALUES (:stream, :seq, :header, :salt_h, :origin_c, :body_c, :leaf, :kind, :fact, :added);

-- name: keep_body
-- The part of a verified entry that can be erased.
INSERT INTO body (stream, seq, salt_b, body) VALUES (:stream, :seq, :salt_b, :body);

-- name: waiting_erasures
-- Erasures of a stream from a place on: those that no head with a witness covered when they came.
SELECT body.body AS body FROM entry JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
WHERE entry.stream = :stream AND entry.kind = 'erasure' AND entry.seq >= :firm ORDER BY entry.seq;

-- name: body_of
-- The body of one entry, if it is not erased.
SELECT body FROM body WHERE stream = :stream AND seq = :seq;

-- name: erase_body
-- Obey an erasure.
DELETE FROM body WHERE stream = :stream AND seq = :seq;

-- name: erase_postings
-- Whatever the erased entry said counts no more.
DELETE FROM posting WHERE stream = :stream AND seq = :seq;

-- name: header_of_entry
-- What is said about an entry of one kind, whether or not its body is here.
SELECT header FROM entry WHERE stream = :stream AND seq = :seq AND kind = :kind;

-- name: erase_chain
-- A warning was erased: no version of it counts from now on.
INSERT INTO erased_warning (chain) VALUES (:chain) ON CONFLICT (chain) DO NOTHING;

-- name: erased_chain
-- Whether a warning was erased.
SELECT chain FROM erased_warning WHERE chain = :chain;

-- name: versions_beside
-- Every version of the warning that has entries under a chain, whatever chain they are under themselves.
SELECT DISTINCT other.stream AS stream, other.seq AS seq, other.chain AS chain FROM warning
JOIN warning AS other ON other.id = warning.id AND other.author = warning.author
WHERE warning.chain = :chain;

-- name: erase_version
-- What an erased warning said is gone.
DELETE FROM warning WHERE stream = :stream AND seq = :seq;

-- name: erase_answers
-- Bands that rested on erased entries count no more.
DELETE FROM answers WHERE stream = :stream AND seq = :seq;

-- name: forget_own_answer
-- An answer of one's own was taken back.
DELETE FROM own_answer WHERE message = :message;

-- name: erase_band
-- A band that rested on erased entries counts no more.
DELETE FROM band WHERE stream = :stream AND seq = :seq;

-- name: post
-- An entry names a value.
INSERT INTO posting (value, stream, seq, fact, kind, may_block, since, expires)
VALUES (:value, :stream, :seq, :fact, :kind, :may_block, :since, :expires)
ON CONFLICT (value, stream, seq) DO NOTHING;

-- name: save_band
-- The hub's count for a value changed.
INSERT INTO band (value, stream, seq, named) VALUES (:value, :stream, :seq, :named);

-- name: save_warning
-- A version of a warning of an agency's or the desk's.
INSERT INTO warning (stream, seq, id, author, chain, version, digest, withdrawn, expires, added, counts, body)
VALUES (:stream, :seq, :id, :author, :chain, :version, :digest, :withdrawn, :expires, :added, 0, :body);

-- name: versions_of_warning
-- Every version of one author's warning, in an order that no delay changes.
SELECT stream, seq, chain, version, digest, withdrawn, expires, added, counts FROM warning
WHERE id = :id AND author = :author ORDER BY version, digest, stream, seq;

-- name: signed_warning
-- One version as its author signed it.
SELECT body FROM warning WHERE stream = :stream AND seq = :seq;

-- name: count_warning
-- This version counts, or counts no more.
UPDATE warning SET counts = :counts WHERE stream = :stream AND seq = :seq;

-- name: warnings
-- The version that stands of each warning that has not ended, the latest first; withdrawn ones too.
SELECT id, author, chain, version, withdrawn, body FROM warning WHERE counts = 1 AND expires > :now
ORDER BY added DESC, stream, seq;

-- name: warnings_ever
-- The version that stands of each warning that others wrote, ended or not, the latest first, with when its first came.
SELECT id, author, stream, seq, added, (SELECT min(first.added) FROM warning AS first
  WHERE first.id = warning.id AND first.author = warning.author) AS first, body FROM warning
WHERE counts = 1 AND author <> :party ORDER BY added DESC, stream, seq;

-- name: reports_of_value
-- The reports that name a value, the newest first, whether or not they still count.
SELECT fact FROM posting WHERE value = :value AND kind IN ('named', 'anonymous')
GROUP BY fact ORDER BY max(since) DESC, fact LIMIT :limit;

-- name: places_of_fact
-- Where something of one kind is said under one identifier, whether or not it was erased.
SELECT stream, seq FROM entry WHERE fact = :fact AND kind = :kind ORDER BY stream, seq;

-- name: places_of_kind
-- Where a stream says something of one kind.
SELECT stream, seq FROM entry WHERE stream = :stream AND kind = :kind ORDER BY seq;

-- name: places_of_party
-- Where the directory states one party.
SELECT seq FROM party_history WHERE party = :party ORDER BY seq;

-- name: head_of_stream
-- The newest head of one stream that needs no further witness.
SELECT stream, head FROM head WHERE stream = :stream;

-- name: save_answers
-- The hub's bands for a warning changed.
INSERT INTO answers (chain, version, audience, role, stream, seq, received, acted, not_affected)
VALUES (:chain, :version, :audience, :role, :stream, :seq, :received, :acted, :not_affected)
ON CONFLICT (chain, version, audience, role, stream) DO UPDATE SET seq = excluded.seq,
  received = excluded.received, acted = excluded.acted, not_affected = excluded.not_affected;

-- name: answers
-- The bands for one version of a warning.
SELECT audience, role, received, acted, not_affected FROM answers
WHERE chain = :chain AND version = :version ORDER BY audience, role, stream;

-- name: save_own_answer
-- This party answers a warning; a later answer takes the place of an earlier one.
INSERT INTO own_answer (chain, version, answer, message) VALUES (:chain, :version, :answer, :message)
ON CONFLICT (chain, version) DO UPDATE SET answer = excluded.answer, message = excluded.message;

-- name: recall_own_answer
-- An answer came back in this party's own stream; what somebody decided since stands.
INSERT INTO own_answer (chain, version, answer, message) VALUES (:chain, :version, :answer, :message)
ON CONFLICT (chain, version) DO NOTHING;

-- name: own_answer
-- What this party has answered.
SELECT answer FROM own_answer WHERE chain = :chain AND version = :version;

-- name: unanswered_warnings
-- Versions of others' warnings that stand, and that this party has not answered.
SELECT warning.id AS id, warning.chain AS chain, warning.version AS version FROM warning
LEFT JOIN own_answer ON own_answer.chain = warning.chain AND own_answer.version = warning.version
WHERE warning.counts = 1 AND warning.withdrawn = 0 AND warning.expires > :now AND warning.author <> :party
  AND own_answer.chain IS NULL
ORDER BY warning.added LIMIT :limit;

-- name: add_draft
-- A disclosure that waits from now on.
INSERT INTO draft (id, since, digest, box, file) VALUES (:id, :since, :digest, :box, :file);

-- name: change_draft
-- Somebody agreed to it.
UPDATE draft SET box = :box WHERE id = :id;

-- name: draft_file
-- The file of one disclosure that waits.
SELECT file FROM draft WHERE id = :id;

-- name: draft_by_id
-- One disclosure that waits.
SELECT id, box FROM draft WHERE id = :id;

-- name: drafts
-- Every disclosure that waits, the oldest first.
SELECT id, box FROM draft ORDER BY since, id;

-- name: drafts_of_file
-- The disclosures of one file that wait, the oldest first.
SELECT id, box FROM draft WHERE digest = :digest ORDER BY since, id;

-- name: count_drafts
-- How many disclosures wait.
SELECT count(*) AS held FROM draft;

-- name: drop_draft
-- It was approved, refused or replaced.
DELETE FROM draft WHERE id = :id;

-- name: keep_correction
-- What a person said of a value.
INSERT INTO correction (id, box) VALUES (:id, :box);

-- name: corrections
-- Every correction.
SELECT id, box FROM correction ORDER BY id;

-- name: drop_correction
-- A person took it back.
DELETE FROM correction WHERE id = :id;

-- name: keep_own_warning
-- A version of an own warning, or its next state.
INSERT INTO own_warning (id, version, box) VALUES (:id, :version, :box)
ON CONFLICT (id, version) DO UPDATE SET box = excluded.box;

-- name: own_warning
-- Every version of one own warning.
SELECT id, version, box FROM own_warning WHERE id = :id ORDER BY version;

-- name: own_warnings
-- Every own warning with its versions, oldest first.
SELECT id, version, box FROM own_warning ORDER BY id, version;

-- name: save_party
-- A party as the directory states it now.
INSERT INTO party (id, name, role, jurisdiction, standing, signing_key, sealing_key, recovery_key, agreement)
VALUES (:id, :name, :role, :jurisdiction, :standing, :signing_key, :sealing_key, :recovery_key, :agreement)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role, jurisdiction = excluded.jurisdiction,
  standing = excluded.standing, signing_key = excluded.signing_key, sealing_key = excluded.sealing_key,
  recovery_key = excluded.recovery_key, agreement = excluded.agreement;

-- name: save_party_history
-- A party as it stands from this entry of the directory on.
INSERT INTO party_history (party, seq, name, role, standing, signing_key)
VALUES (:party, :seq, :name, :role, :standing, :signing_key);

-- name: party_at
-- A party as the first so many entries of the directory state it; no row when they do not know it.
SELECT name, role, standing, signing_key FROM party_history
WHERE party = :party AND seq < :directory ORDER BY seq DESC LIMIT 1;

-- name: declare
-- A key of hub or partner, or the agreement, counts from this entry of the directory on.
INSERT INTO declared (holder, seq, value) VALUES (:holder, :seq, :value);

-- name: declared
-- Everything that was declared of one holder, oldest first.
SELECT seq, value FROM declared WHERE holder = :holder ORDER BY seq;

-- name: size_of_stream
-- How far a stream has proved itself.
SELECT size FROM stream WHERE name = :name;

-- name: wait
-- An entry rests on more of the directory than is proved.
INSERT INTO waiting (stream, seq, directory) VALUES (:stream, :seq, :directory);

-- name: waiting
-- Entries that need wait no longer, in their order; body and salt_b are NULL once erased.
SELECT waiting.stream AS stream, waiting.seq AS seq, header, salt_h, origin_c, body_c, leaf, body, salt_b
FROM waiting JOIN entry ON entry.stream = waiting.stream AND entry.seq = waiting.seq
LEFT JOIN body ON body.stream = waiting.stream AND body.seq = waiting.seq
WHERE waiting.directory <= :directory ORDER BY waiting.stream, waiting.seq;

-- name: wait_no_longer
-- They were acted on.
DELETE FROM waiting WHERE directory <= :directory;

-- name: party_by_id
-- One party.
SELECT id, name, role, jurisdiction, standing, signing_key, sealing_key, recovery_key, agreement FROM party WHERE id = :id;

-- name: parties
-- All parties.
SELECT id, name, role, jurisdiction, standing, signing_key, sealing_key, recovery_key, agreement FROM party ORDER BY name, id;

-- name: known_values
-- Why each value from one to another is known now: all postings that still count.
SELECT value, stream, seq, fact, kind, may_block, since, expires, named, firm, named_firm FROM known
WHERE value BETWEEN :first AND :last AND expires > :now
ORDER BY value, since, stream, seq;

-- name: blockable_values
-- The same for those values alone that a warning or two named sources may raise to block: a flood that nobody confirms
-- costs nothing here.
SELECT value, stream, seq, fact, kind, may_block, since, expires, named, firm, named_firm FROM known
WHERE expires > :now AND value IN (
  SELECT value FROM posting WHERE kind = 'warning'
  UNION ALL SELECT value FROM band WHERE named IN ('2-4', '5-19', '20+'))
ORDER BY value, since, stream, seq;

-- name: blockable_value
-- The same for one value.
SELECT value, stream, seq, fact, kind, may_block, since, expires, named, firm, named_firm FROM known
WHERE value = :value AND expires > :now AND (
  EXISTS (SELECT 1 FROM posting AS warned WHERE warned.value = :value AND warned.kind = 'warning')
  OR EXISTS (SELECT 1 FROM band WHERE band.value = :value AND band.named IN ('2-4', '5-19', '20+')))
ORDER BY since, stream, seq;

-- name: values_that_ended
-- What lost evidence by age.
SELECT DISTINCT value FROM posting WHERE expires > :since AND expires <= :now;

-- name: values_of_entry
-- What an entry says something of.
SELECT value FROM posting WHERE stream = :stream AND seq = :seq
UNION SELECT value FROM band WHERE stream = :stream AND seq = :seq;

-- name: next_expiry
-- When the next value stops counting.
SELECT coalesce(min(expires), 0) AS at FROM posting WHERE expires > :now;

-- name: warning_authors
-- Who warned.
SELECT DISTINCT id, author FROM warning;

-- name: switches
-- What was decided of each shield.
SELECT name, state, box FROM shield ORDER BY name;

-- name: keep_switch
-- A person decided.
INSERT INTO shield (name, state, box) VALUES (:name, :state, :box)
ON CONFLICT (name) DO UPDATE SET state = excluded.state, box = excluded.box;

-- name: subscribers
-- Every product that fetches files.
SELECT name, shield, digest, since FROM subscriber ORDER BY name;

-- name: keep_subscriber
-- A product was let in.
INSERT INTO subscriber (name, shield, digest, since) VALUES (:name, :shield, :digest, :since);

-- name: drop_subscriber
-- It was shut out.
DELETE FROM subscriber WHERE name = :name;

-- name: postings
-- Who named which value when, for everything that still counts.
SELECT value, fact, kind, since FROM posting WHERE expires > :now ORDER BY value, since;

-- name: postings_ever
-- Who named which value when, before a time, whether or not it still counts.
SELECT value, fact, kind, since FROM posting WHERE since < :until ORDER BY value, since;

-- name: told_between
-- What was said between two times of the hub, each once.
SELECT DISTINCT fact, kind FROM entry
WHERE added >= :since AND added < :until AND kind IN ('object', 'sighting', 'warning');

-- name: mark
-- One mark by name.
SELECT value FROM mark WHERE name = :name;

-- name: save_mark
-- Store or replace a mark.
INSERT INTO mark (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: raise_alarm
-- People must hear of this.
INSERT INTO alarm (at, sentence) VALUES (:at, :sentence);

-- name: bound_alarms
-- Only the newest stay.
DELETE FROM alarm WHERE rowid NOT IN (SELECT rowid FROM alarm ORDER BY at DESC, rowid DESC LIMIT 1000);

-- name: clear_alarms
-- Somebody has seen them.
DELETE FROM alarm;

-- name: alarms
-- The newest alarms.
SELECT at, sentence FROM alarm ORDER BY at DESC, rowid DESC LIMIT :limit;

-- name: value_known
-- Whether any entry names a value.
SELECT DISTINCT value FROM posting WHERE value = :value;

-- The restart ceremony -----------------------------------------------------------------------------------------------------

-- name: keep_head
-- The newest head of a stream that needs no further witness.
INSERT INTO head (stream, head) VALUES (:stream, :head) ON CONFLICT (stream) DO UPDATE SET head = excluded.head;

-- name: firm_heads
-- All of them.
SELECT stream, head FROM head ORDER BY stream;

-- name: leaves
-- Leaf hashes of a stream from one place up to, not including, another.
SELECT leaf FROM entry WHERE stream = :stream AND seq >= :start AND seq < :stop ORDER BY seq;

-- name: entries_between
-- Entries of a stream, the same way; body and salt_b are NULL where they were erased or not for this reader.
SELECT entry.seq AS seq, header, salt_h, origin_c, body_c, body, salt_b
FROM entry LEFT JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
WHERE entry.stream = :stream AND entry.seq >= :start AND entry.seq < :stop ORDER BY entry.seq;

-- name: count_before
-- How many entries of a stream were added before a time: its place, as times only grow in one stream.
SELECT count(*) AS entries FROM entry WHERE stream = :stream AND added < :added;

-- name: entries_again
-- What a stream says, in its order, to be applied again.
SELECT entry.seq AS seq, header, salt_h, origin_c, body_c, leaf, salt_b, body
FROM entry JOIN body ON body.stream = entry.stream AND body.seq = entry.seq
WHERE entry.stream = :stream AND entry.seq >= :start AND entry.seq < :stop ORDER BY entry.seq;

-- name: receipted_messages
-- Receipts of everything that the hub has signed for, oldest first.
SELECT id, answer FROM outbox WHERE state = 'receipted' AND answer IS NOT NULL ORDER BY queued, id;

-- name: send_again
-- A restored hub does not hold it: back into line.
UPDATE outbox SET state = 'waiting', next_try = 0 WHERE id = :id AND state = 'receipted';

-- name: drop_claim
-- The receipts of this restart were shown.
DELETE FROM mark WHERE name = 'claim' AND value = :value;

-- name: header_at
-- The header of one entry.
SELECT header FROM entry WHERE stream = :stream AND seq = :seq;

-- name: rewind_waiting
-- Entries that are let go need not wait.
DELETE FROM waiting WHERE stream = :stream AND seq >= :size;

-- name: rewind_bodies
-- Let go of what entries from a place on say.
DELETE FROM body WHERE stream = :stream AND seq >= :size;

-- name: rewind_entries
-- Let go of the entries themselves.
DELETE FROM entry WHERE stream = :stream AND seq >= :size;

-- name: drop_party_history
-- What the directory said of parties is read again.
DELETE FROM party_history;

-- name: count_no_more
-- The end of a stream was given up: its next head counts what it may.
UPDATE stream SET counted = size WHERE name = :name;

-- name: drop_declared
-- What the directory declared is read again.
DELETE FROM declared;

-- name: drop_parties
-- The view is about to be made anew.
DELETE FROM party;

-- name: drop_postings
-- The same.
DELETE FROM posting;

-- name: drop_bands
-- The same.
DELETE FROM band;

-- name: drop_warnings
-- The same.
DELETE FROM warning;

-- name: drop_erased_warnings
-- The same.
DELETE FROM erased_warning;

-- name: drop_answers
-- The same.
DELETE FROM answers;

-- name: notes_beyond
-- Notes over longer logs than this.
SELECT size, root, note FROM note WHERE size > :size;

-- name: forget_note
-- A note that was never witnessed gives way to another of its size.
DELETE FROM note WHERE size = :size;

-- name: add_call
-- Something that a person must look at, under the next number.
INSERT INTO call (number, cause, subject, urgency, opened, told, at, closed)
SELECT coalesce(max(number), 0) + 1, :cause, :subject, :urgency, :opened, 0, 0, 0 FROM call;

-- name: open_calls
-- What nobody has acknowledged, the oldest first.
SELECT number, cause, subject, urgency, opened, told, at, closed FROM call WHERE closed = 0 ORDER BY number;

-- name: call_by_number
-- One of them, open or not.
SELECT number, cause, subject, urgency, opened, told, at, closed FROM call WHERE number = :number;

-- name: calls_about
-- Those about one thing, the newest first.
SELECT number, cause, subject, urgency, opened, told, at, closed FROM call
WHERE cause = :cause AND subject = :subject ORDER BY number DESC;

-- name: count_open_calls
-- How many are open.
SELECT count(*) AS calls FROM call WHERE closed = 0;

-- name: calling_warnings
-- Warnings of others that stand, that nobody has acted on, and that nobody was ever called for; the newest first.
SELECT warning.chain AS chain, warning.version AS version, warning.body AS body FROM warning
LEFT JOIN own_answer ON own_answer.chain = warning.chain AND own_answer.version = warning.version
LEFT JOIN call ON call.cause = 'warning' AND call.subject = warning.chain || '/' || warning.version
WHERE warning.counts = 1 AND warning.withdrawn = 0 AND warning.expires > :now AND warning.author <> :party
  AND (own_answer.answer IS NULL OR own_answer.answer = 'received') AND call.number IS NULL
ORDER BY warning.added DESC LIMIT :limit;

-- name: warnings_that_call_no_more
-- Open calls of warnings that ended, were withdrawn or replaced, or that this party has acted on.
SELECT number, cause, subject, urgency, opened, told, at, closed FROM call
WHERE closed = 0 AND cause = 'warning' AND (
  NOT EXISTS (SELECT 1 FROM warning WHERE warning.chain || '/' || warning.version = call.subject
    AND warning.counts = 1 AND warning.withdrawn = 0 AND warning.expires > :now)
  OR EXISTS (SELECT 1 FROM own_answer WHERE own_answer.chain || '/' || own_answer.version = call.subject
    AND own_answer.answer <> 'received'))
ORDER BY number;

-- name: newest_draft
-- The disclosure that began to wait last.
SELECT id FROM draft ORDER BY since DESC, id DESC LIMIT 1;

-- name: change_subject
-- The same call is about something newer.
UPDATE call SET subject = :subject WHERE number = :number;

-- name: told_call
-- People were told of it.
UPDATE call SET told = :told, at = :at WHERE number = :number AND closed = 0;

-- name: close_call
-- Somebody acknowledged it, or it was over by itself.
UPDATE call SET closed = :closed WHERE number = :number AND closed = 0;

-- name: forget_codes_of_call
-- Its codes are worth nothing any more.
DELETE FROM call_code WHERE call = :number;

-- name: forget_codes_of_closed
-- A code that was told while somebody else acknowledged is worth nothing.
DELETE FROM call_code WHERE call IN (SELECT number FROM call WHERE closed > 0);

-- name: forget_calls
-- Closed before that time.
DELETE FROM call WHERE closed > 0 AND closed < :before;

-- name: keep_code
-- A code was given to somebody, for one call.
INSERT INTO call_code (code, call, box) VALUES (:code, :call, :box);

-- name: forget_code
-- It was told to nobody.
DELETE FROM call_code WHERE code = :code;

-- name: calls_of_code
-- What a code acknowledges, and who was given it.
SELECT call AS number, box FROM call_code WHERE code = :code ORDER BY call;

-- name: keep_contact
-- Somebody who can be called, or what is known of them now.
INSERT INTO contact (id, box) VALUES (:id, :box) ON CONFLICT (id) DO UPDATE SET box = excluded.box;

-- name: contacts
-- Everybody.
SELECT id, box FROM contact ORDER BY id;

-- name: drop_contact
-- Nobody to be called any more.
DELETE FROM contact WHERE id = :id;

-- name: keep_epoch
-- Believe a document; its number has none.
INSERT INTO epoch (number, document, closed) VALUES (:number, :document, 0);

-- name: epochs
-- The newest documents that are believed, the newest first.
SELECT number, document, closed FROM epoch ORDER BY number DESC LIMIT :limit;

-- name: epoch_by_number
-- One document.
SELECT number, document, closed FROM epoch WHERE number = :number;

-- name: close_epoch
-- The hub takes no token of it any more.
UPDATE epoch SET closed = 1 WHERE number = :number;

-- name: keep_token
-- A token that is not used yet.
INSERT INTO token (epoch, place, box) VALUES (:epoch, :place, :box);

-- name: next_token
-- The first unused token of an epoch.
SELECT place, box FROM token WHERE epoch = :epoch ORDER BY place LIMIT 1;

-- name: drop_token
-- It is used.
DELETE FROM token WHERE epoch = :epoch AND place = :place;

-- name: count_tokens
-- How many tokens of an epoch are left.
SELECT count(*) AS tokens FROM token WHERE epoch = :epoch;

-- name: forget_tokens
-- Tokens of epochs that have ended count nowhere.
DELETE FROM token WHERE epoch < :epoch;

-- name: keep_slot
-- What goes into a slot, or what came of it.
INSERT INTO slot (epoch, slot, box) VALUES (:epoch, :slot, :box)
ON CONFLICT (epoch, slot) DO UPDATE SET box = excluded.box;

-- name: newest_slots
-- What went into the newest slots of an epoch, the newest first.
SELECT slot, box FROM slot WHERE epoch = :epoch ORDER BY slot DESC LIMIT :limit;

-- name: bound_slots
-- Only the newest 256 are kept.
DELETE FROM slot WHERE (epoch, slot) NOT IN (SELECT epoch, slot FROM slot ORDER BY epoch DESC, slot DESC LIMIT 256);

-- name: keep_anonymous_report
-- A report of an anonymous class, or what came of it.
INSERT INTO anonymous_report (id, queued, box) VALUES (:id, :queued, :box)
ON CONFLICT (id) DO UPDATE SET box = excluded.box;

-- name: anonymous_reports
-- Every one, in the order in which they were approved.
SELECT id, queued, box FROM anonymous_report ORDER BY queued, id;

-- name: anonymous_report
-- One of them.
SELECT id, queued, box FROM anonymous_report WHERE id = :id;

-- name: forget_anonymous_reports
-- They have the age of cases.
DELETE FROM anonymous_report WHERE queued < :before;

-- name: add_person
-- Somebody new.
INSERT INTO person (id, name, subject, box) VALUES (:id, :name, :subject, :box);

-- name: change_person
-- What is known of somebody now.
UPDATE person SET box = :box WHERE id = :id;

-- name: person
-- One person.
SELECT id, box FROM person WHERE id = :id;

-- name: person_by_name
-- Whoever has a name that reads so.
SELECT id, box FROM person WHERE name = :name;

-- name: person_by_subject
-- Whoever an identity provider answers for.
SELECT id, box FROM person WHERE subject = :subject;

-- name: people
-- Everybody who has or had an account.
SELECT id, box FROM person ORDER BY id;

-- name: keep_link
-- A new one-time link.
INSERT INTO link (digest, person, until, box) VALUES (:digest, :person, :until, :box);

-- name: link
-- One link by its code's digest.
SELECT box FROM link WHERE digest = :digest;

-- name: drop_link
-- It was used.
DELETE FROM link WHERE digest = :digest;

-- name: drop_links_of
-- A newer one takes their place, or their person is shut out.
DELETE FROM link WHERE person = :person;

-- name: drop_expired_links
-- Their time is over.
DELETE FROM link WHERE until <= :now;

-- name: begin_session
-- Somebody signed in.
INSERT INTO session (digest, person, began, seen, proved, box)
VALUES (:digest, :person, :began, :seen, :proved, :box);

-- name: session
-- Who holds a token.
SELECT digest, person, began, seen, proved, box FROM session WHERE digest = :digest;

-- name: sessions
-- Every session, the newest first.
SELECT digest, person, began, seen, proved, box FROM session ORDER BY began DESC, digest;

-- name: session_seen
-- It was used.
UPDATE session SET seen = :seen WHERE digest = :digest;

-- name: end_session
-- Somebody ended it.
DELETE FROM session WHERE digest = :digest;

-- name: end_sessions
-- Its person is shut out.
DELETE FROM session WHERE person = :person;

-- name: drop_ended_sessions
-- Those that began, or were last used, too long ago.
DELETE FROM session WHERE began <= :began OR seen <= :seen;

-- name: drop_oldest_sessions
-- All but a person's newest.
DELETE FROM session WHERE person = :person AND digest NOT IN (
  SELECT digest FROM session WHERE person = :person ORDER BY began DESC, digest LIMIT :most
);

-- name: failures
-- What failed in a row.
SELECT failures, at FROM failed_sign_in WHERE kind = :kind AND key = :key;

-- name: keep_failures
-- What failed in a row until now.
INSERT INTO failed_sign_in (kind, key, failures, at) VALUES (:kind, :key, :failures, :at)
ON CONFLICT (kind, key) DO UPDATE SET failures = excluded.failures, at = excluded.at;

-- name: forget_failures
-- Somebody got in.
DELETE FROM failed_sign_in WHERE kind = :kind AND key = :key;

-- name: drop_failures
-- They are long past.
DELETE FROM failed_sign_in WHERE kind = :kind AND at <= :before;

-- name: drop_oldest_failures
-- All but the newest of a kind.
DELETE FROM failed_sign_in WHERE kind = :kind AND at <= (
  SELECT at FROM failed_sign_in WHERE kind = :kind ORDER BY at DESC LIMIT 1 OFFSET :most
);

-- name: keep_passkey
-- A new passkey.
INSERT INTO passkey (digest, person, box) VALUES (:digest, :person, :box);

-- name: change_passkey
-- It was used.
UPDATE passkey SET box = :box WHERE digest = :digest;

-- name: passkey
-- One passkey.
SELECT digest, box FROM passkey WHERE digest = :digest;

-- name: passkeys
-- Those of a person.
SELECT digest, box FROM passkey WHERE person = :person ORDER BY digest;

-- name: drop_passkey
-- It was taken away.
DELETE FROM passkey WHERE digest = :digest;

-- name: drop_passkeys_of
-- Their person is shut out.
DELETE FROM passkey WHERE person = :person;

-- name: use_ticket
-- What it brought is believed, once.
INSERT INTO used_ticket (digest, until) VALUES (:digest, :until);

-- name: used_ticket
-- Whether it was used before.
SELECT until FROM used_ticket WHERE digest = :digest;

-- name: drop_used_tickets
-- Those that have ended, and the oldest beyond a number.
DELETE FROM used_ticket WHERE until <= :now OR until <= (
  SELECT until FROM used_ticket ORDER BY until DESC LIMIT 1 OFFSET :most
);

-- name: newest_told
-- What was said last in a stream, the newest first.
SELECT fact, kind, added FROM entry WHERE stream = :stream AND kind IN ('object', 'sighting', 'warning')
ORDER BY seq DESC LIMIT :limit;

-- name: standing_warnings
-- The version that stands of each warning that has not ended, without its words.
SELECT stream, seq, id, withdrawn, added FROM warning WHERE counts = 1 AND expires > :now ORDER BY added DESC, stream, seq;

-- name: warning_at
-- One version of a warning, with its author.
SELECT id, author, chain, version, body FROM warning WHERE stream = :stream AND seq = :seq;

-- name: values_like
-- Values that begin so, in their order, a page of them.
SELECT DISTINCT value FROM posting WHERE value >= :first AND value < :last AND expires > :now ORDER BY value LIMIT :limit;

-- name: said_of_value
-- Who named a value and how long that counts, the newest first.
SELECT fact, kind, stream, since, expires FROM posting WHERE value = :value ORDER BY since DESC, stream, seq LIMIT :limit;
