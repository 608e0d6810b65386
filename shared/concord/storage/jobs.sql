-- name: begin_job
-- A job whose lines are still arriving.
INSERT INTO import_jobs (id, caller, kind, state, traceparent) VALUES ($1, $2, $3, 'receiving', $4);

-- name: add_chunk
-- Lines as they were received.
INSERT INTO import_chunks (job, first_line, data) VALUES ($1, $2, $3);

-- name: queue_job
-- All lines are here: the job may be acknowledged once this commits.
UPDATE import_jobs SET state = 'queued', lines = $2 WHERE id = $1 AND state = 'receiving' RETURNING *;

-- name: drop_job
-- An upload that was not finished.
DELETE FROM import_jobs WHERE id = $1 AND state = 'receiving';

-- name: drop_abandoned
-- Uploads whose sender or receiver died.
DELETE FROM import_jobs WHERE state = 'receiving' AND created_at < $1;

-- name: fetch_job
-- A job that was acknowledged.
SELECT * FROM import_jobs WHERE id = $1 AND state <> 'receiving';

-- name: fetch_refusals
-- Refused lines of a job after a line number.
SELECT line, ref, reason, sentence, errors FROM import_refusals WHERE job = $1 AND line > $2 ORDER BY line LIMIT $3;

-- name: keep_refusals
-- Lines that had no effect.
INSERT INTO import_refusals (job, line, ref, reason, sentence, errors)
SELECT $1, line, ref, reason, sentence, errors::jsonb
FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[]) AS r(line, ref, reason, sentence, errors);

-- name: lock_next_job
-- The oldest job with work left that no other process is at.
SELECT * FROM import_jobs WHERE state IN ('queued', 'running') ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: take_chunk
-- The next lines of a locked job, and whether they are its last. A statement of its own, so that its snapshot is younger than the lock.
DELETE FROM import_chunks c USING (SELECT job, first_line FROM import_chunks WHERE job = $1 ORDER BY first_line LIMIT 1) n
WHERE c.job = n.job AND c.first_line = n.first_line
RETURNING c.first_line, c.data, NOT EXISTS (SELECT FROM import_chunks o WHERE o.job = $1 AND o.first_line > n.first_line) AS last;

-- name: advance_job
-- What became of a chunk's lines.
UPDATE import_jobs SET state = CASE WHEN $2 THEN 'done' ELSE 'running' END, accepted = accepted + $3,
    already_there = already_there + $4, refused = refused + $5,
    started_at = coalesce(started_at, now()), finished_at = CASE WHEN $2 THEN now() END
WHERE id = $1;

-- name: find_refs
-- What a caller's own ids stand for.
SELECT ref, id, fingerprint FROM import_refs WHERE caller = $1 AND kind = $2 AND ref = ANY ($3);

-- name: seen_again
-- Lines that an earlier job brought belong to the newest one that brought them.
UPDATE import_refs SET job = $4 WHERE caller = $1 AND kind = $2 AND ref = ANY ($3);

-- name: ids_of_job
-- What a job's lines that were accepted, now or before, stand for.
SELECT id FROM import_refs WHERE job = $1 ORDER BY id;
