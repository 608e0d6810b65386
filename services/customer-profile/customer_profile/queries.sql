-- name: insert_household
-- A household and its counter, which starts at one.
WITH counted AS (INSERT INTO household_counters (household, version) VALUES ($1, 1))
INSERT INTO households (id, document, created_by, created_at) VALUES ($1, $2, $3, $4);

-- name: insert_counters
-- Counters of many new households.
INSERT INTO household_counters (household, version) SELECT unnest($1::text[]), 1;

-- name: insert_households
-- Many new households.
INSERT INTO households (id, document, created_by, created_at) SELECT unnest($1::text[]), unnest($2::jsonb[]), $3, $4;

-- name: insert_identifiers
-- Names by which households can be found.
INSERT INTO identifiers (kind, value, household, subject)
SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]);

-- name: delete_identifiers
-- Names of a household, before its new ones are written.
DELETE FROM identifiers WHERE household = $1;

-- name: fetch_household
-- A household with its counter.
SELECT h.id, h.document, c.version FROM households h JOIN household_counters c ON c.household = h.id WHERE h.id = $1;

-- name: lock_household
-- A household with its counter, which nobody else raises until this transaction ends.
SELECT h.id, h.document, c.version FROM households h JOIN household_counters c ON c.household = h.id WHERE h.id = $1
FOR UPDATE OF c;

-- name: update_household
-- A household's new document, and its counter raised.
WITH counted AS (UPDATE household_counters SET version = version + 1 WHERE household = $1)
UPDATE households SET document = $2 WHERE id = $1;

-- name: fetch_households
-- Many households.
SELECT id, document::text FROM households WHERE id = ANY ($1);

-- name: raise_counters
-- Counters of many households, each raised by its number of changes; answers with what they were before. Locked in
-- ascending order, so that no two batches wait for each other.
WITH wanted AS (
    SELECT c.household, c.version, w.changes FROM household_counters c
    JOIN unnest($1::text[], $2::int[]) AS w(household, changes) ON w.household = c.household
    ORDER BY c.household FOR UPDATE OF c
)
UPDATE household_counters c SET version = w.version + w.changes FROM wanted w WHERE c.household = w.household
RETURNING c.household, w.version AS before;

-- name: find_promise
-- A promise by id.
SELECT * FROM promises WHERE id = $1;

-- name: find_promise_by_code
-- A promise by its folded code.
SELECT * FROM promises WHERE code = $1;

-- name: lock_promise
-- A promise and its household's counter, both held until this transaction ends; the counter first, as everywhere.
WITH counted AS (
    SELECT household, version FROM household_counters WHERE household = (SELECT household FROM promises WHERE id = $1) FOR UPDATE
)
SELECT version FROM counted;

-- name: promises_of
-- A household's promises, newest first.
SELECT * FROM promises WHERE household = $1 ORDER BY made_at DESC, id DESC;

-- name: promised_parties
-- Parties of a household to whom something was promised.
SELECT DISTINCT party FROM promises WHERE household = $1;

-- name: log_promises
-- Records of many promises. What they have in common is sent once, since asyncpg looks at every element of an array.
SELECT count(*) FROM log_append_v1($1, $2, $3::text[], array_fill($4::text, ARRAY[cardinality($3::text[])]), $5,
    array_fill($6::text, ARRAY[cardinality($3::text[])]));

-- name: prepare_promise
-- What a promise needs before it is decided: the answer kept under the key, if any, and the household, by id or by the caller's ref.
SELECT k.fingerprint, k.status, k.body, h.id, h.document
FROM (SELECT $1::text AS caller, $2::text AS key, $3::text AS name) asked
LEFT JOIN idempotency_keys k ON k.caller = asked.caller AND k.key = asked.key
LEFT JOIN import_refs r ON r.caller = asked.caller AND r.kind = 'households' AND r.ref = asked.name
LEFT JOIN households h ON h.id = coalesce(r.id, asked.name);

-- name: make_promise
-- Key, counter, promise and log record in one statement. No row: another request has the key.
WITH claimed AS (
    INSERT INTO idempotency_keys (caller, key, fingerprint, status, body)
    SELECT $1, $2, $3, 201, $5 WHERE pg_try_advisory_xact_lock($4)
    ON CONFLICT DO NOTHING RETURNING key
), counted AS (
    UPDATE household_counters SET version = version + 1 WHERE household = $8 AND EXISTS (SELECT FROM claimed) RETURNING version
), made AS (
    INSERT INTO promises (id, code, household, party, offer, offer_key, offer_version, content_hash, channel, made_at,
        honour_until, evidence, made_by, version)
    SELECT $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $1, version FROM counted RETURNING version
)
SELECT made.version, logged.epoch, logged.revision
FROM made, LATERAL log_append_v1($18, ARRAY[$19::int], ARRAY[$20::text], ARRAY[$21::text],
    ARRAY[$22::bytea || convert_to(made.version::text, 'UTF8') || $23::bytea], ARRAY[$24::text]) AS logged;

-- name: cancel_promise
-- A promise cancelled, its household's counter raised, its record on the log, in one statement; the counter is held already.
WITH counted AS (
    UPDATE household_counters SET version = version + 1 WHERE household = $2
), cancelled AS (
    UPDATE promises SET state = 'cancelled', cancelled = $3, cancelled_by = $4, version = $5 WHERE id = $1 RETURNING id
)
SELECT logged.epoch, logged.revision
FROM cancelled, LATERAL log_append_v1($6, ARRAY[$7::int], ARRAY[$8::text], ARRAY[$9::text], ARRAY[$10::bytea], ARRAY[$11::text]) AS logged;

-- name: find_by_identifier
-- Households that go by a name, the newest first.
SELECT i.household, i.subject, h.document, c.version FROM identifiers i
JOIN households h ON h.id = i.household JOIN household_counters c ON c.household = h.id
WHERE i.kind = $1 AND i.value = $2 ORDER BY i.household DESC LIMIT 20;

-- name: find_by_ref
-- The household that a caller's import brought under a ref.
SELECT h.document, c.version FROM import_refs r
JOIN households h ON h.id = r.id JOIN household_counters c ON c.household = h.id
WHERE r.caller = $1 AND r.kind = 'households' AND r.ref = $2;

-- name: fetch_records
-- A household and its promises as the log has them, with the household's counter.
SELECT s.key, s.value, c.version FROM household_counters c
JOIN LATERAL (SELECT c.household AS key UNION ALL SELECT c.household || '/' || p.id FROM promises p WHERE p.household = c.household) k ON true
JOIN log_state s ON s.topic = $1 AND s.key = k.key
WHERE c.household = $2 ORDER BY s.key;

-- name: counters
-- Counters of households.
SELECT household, version FROM household_counters WHERE household = ANY ($1);

-- name: epoch
-- The epoch of the households log.
SELECT max(epoch) FROM log_clock WHERE topic = $1;

-- name: load_offers
-- The copy of the catalogue.
SELECT id, revision, value FROM offer_copies;

-- name: offers_position
-- Up to where the catalogue was read.
SELECT epoch, revision FROM offers_position;

-- name: offers_offset
-- Where in the topic to go on; null at the first start.
SELECT next_offset FROM offers_position;

-- name: keep_offers
-- Newer copies of offers.
INSERT INTO offer_copies (id, revision, value) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[])
ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, value = excluded.value WHERE offer_copies.revision < excluded.revision;

-- name: move_offers_position
-- Up to where the catalogue was read, in the transaction that keeps what was read.
UPDATE offers_position SET log = $1, epoch = $2, revision = greatest(revision, $3), next_offset = $4;
