-- name: positions
-- Where the view stands in every partition.
SELECT topic, partition, log, epoch, next_offset, revision, closed_at, count, digest FROM position;

-- name: put_position
-- Moves a partition's position.
INSERT INTO position (topic, partition, log, epoch, next_offset, revision, closed_at, count, digest)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (topic, partition) DO UPDATE SET
    log = excluded.log, epoch = excluded.epoch, next_offset = excluded.next_offset, revision = excluded.revision,
    closed_at = excluded.closed_at, count = excluded.count, digest = excluded.digest;

-- name: meta
-- A named fact about the file.
SELECT value FROM meta WHERE name = ?;

-- name: put_meta
-- Sets a named fact about the file.
INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: known_offers
-- Revision and hash of those offers of a batch that are here already.
SELECT key, revision, hash FROM offers WHERE key IN (SELECT value FROM json_each(?));

-- name: known_households
-- Revision, hash and value of those households of a batch that are here already.
SELECT key, revision, hash, value FROM households WHERE key IN (SELECT value FROM json_each(?));

-- name: known_promises
-- Revision and hash of those promises of a batch that are here already.
SELECT key, revision, hash FROM promises WHERE key IN (SELECT value FROM json_each(?));

-- name: put_offer
-- An offer as its newest record has it.
INSERT INTO offers (key, partition, revision, hash, value) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, hash = excluded.hash, value = excluded.value
WHERE excluded.revision > offers.revision;

-- name: put_household
-- A household as its newest record has it.
INSERT INTO households (key, partition, revision, hash, version, value) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    revision = excluded.revision, hash = excluded.hash, version = excluded.version, value = excluded.value
WHERE excluded.revision > households.revision;

-- name: put_promise
-- A promise as its newest record has it.
INSERT INTO promises (key, partition, revision, hash, version, code, value) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    revision = excluded.revision, hash = excluded.hash, version = excluded.version, code = excluded.code, value = excluded.value
WHERE excluded.revision > promises.revision;

-- name: put_lookup
-- A term that leads to a household.
INSERT OR IGNORE INTO lookups (term, household, subject, kind) VALUES (?, ?, ?, ?);

-- name: drop_lookup
-- A term that no longer leads to a household.
DELETE FROM lookups WHERE term = ? AND household = ? AND subject = ? AND kind = ?;

-- name: offers
-- Every offer, for compiling the catalogue.
SELECT value FROM offers WHERE value IS NOT NULL;

-- name: household
-- A household's document.
SELECT value FROM households WHERE key = ? AND value IS NOT NULL;

-- name: promises_of
-- A household's promises: the range of keys from `hh_…/` up to, not including, `hh_…0`.
SELECT value FROM promises WHERE key > ? AND key < ? AND value IS NOT NULL ORDER BY key;

-- name: household_version
-- The highest version of a household that was applied, its own or a promise's.
SELECT max(version) FROM (
    SELECT version FROM households WHERE key = ?
    UNION ALL SELECT version FROM promises WHERE key > ? AND key < ?
);

-- name: promise_by_code
-- The key of the promise with this code; the household is what stands before the slash.
SELECT key FROM promises WHERE code = ? AND value IS NOT NULL;

-- name: lookup
-- Whom a term leads to.
SELECT household, subject, kind FROM lookups WHERE term = ? ORDER BY household, kind, subject;

-- name: offer_rows
-- Every offer's key, partition and value, for computing count and digest anew.
SELECT key, partition, value FROM offers WHERE value IS NOT NULL;

-- name: household_rows
-- Every household's key, partition and value, for computing count and digest anew.
SELECT key, partition, value FROM households WHERE value IS NOT NULL;

-- name: promise_rows
-- Every promise's key, partition and value, for computing count and digest anew.
SELECT key, partition, value FROM promises WHERE value IS NOT NULL;

-- name: note_pending
-- A code presented here that this view does not know.
INSERT OR IGNORE INTO pending (code, first_seen) VALUES (?, ?);

-- name: pending
-- The codes that are still not known, oldest first.
SELECT code, first_seen FROM pending ORDER BY first_seen;

-- name: forget_pending
-- A code that was found, or is too old.
DELETE FROM pending WHERE code = ?;

-- name: count_pending
-- How many codes are still not known.
SELECT count(*) FROM pending;
