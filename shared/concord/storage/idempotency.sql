-- name: lock_key
-- Whether this transaction is the only one under way for the key; never waits.
SELECT pg_try_advisory_xact_lock($1);

-- name: find_answer
-- What was answered under a caller's key.
SELECT fingerprint, status, body, headers FROM idempotency_keys WHERE caller = $1 AND key = $2;

-- name: keep_answer
-- The answer, in the transaction of its effect.
INSERT INTO idempotency_keys (caller, key, fingerprint, status, body, headers) VALUES ($1, $2, $3, $4, $5, $6);

-- name: forget_answers
-- Answers nobody can ask for any more.
DELETE FROM idempotency_keys WHERE kept_at < $1;
