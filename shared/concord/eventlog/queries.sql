-- name: append
-- Write records; the last thing a transaction does. The revision of each comes back in the order given.
SELECT ordinal, partition, revision, epoch FROM log_append_v1($1, $2, $3, $4, $5, $6, $7) ORDER BY ordinal;

-- name: positions
-- Where each partition is, all in one snapshot; closed_at is before it, so every commit before closed_at is in it (R12).
SELECT topic, partition, log, epoch, revision, now() AS closed_at, count, digest
FROM log_clock WHERE topic = $1 OR $1 IS NULL ORDER BY topic, partition;

-- name: unsent
-- The next records of each partition in order, with where that partition is in the same snapshot.
-- A partition with nothing to send has one row without a record.
SELECT c.partition, c.log, c.epoch, c.revision AS clock_revision, c.count, c.digest, now() AS closed_at,
    p.revision AS sent, o.revision, o.key, o.type, o.value, o.traceparent, o.changeset_end, o.committed_at
FROM log_clock c
JOIN relay_position p USING (topic, partition)
LEFT JOIN LATERAL (
    SELECT * FROM outbox o
    WHERE o.topic = c.topic AND o.partition = c.partition AND o.revision > p.revision
    ORDER BY o.revision LIMIT $2
) o ON true
WHERE c.topic = $1
ORDER BY c.partition, o.revision;

-- name: advance
-- Move the relay's positions, each only from where this relay believes it to be.
UPDATE relay_position p SET revision = m.after
FROM unnest($2::int[], $3::bigint[], $4::bigint[]) AS m(partition, before, after)
WHERE p.topic = $1 AND p.partition = m.partition AND p.revision = m.before
RETURNING p.partition;

-- name: oldest_unsent_age
-- Seconds since the oldest record that Kafka has not acknowledged was committed; 0 when there is none.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(first.committed_at)), 0)::float8
FROM relay_position p, LATERAL (
    SELECT o.committed_at FROM outbox o
    WHERE o.topic = p.topic AND o.partition = p.partition AND o.revision > p.revision ORDER BY o.revision LIMIT 1
) first;

-- name: backlog
-- Records of a topic that Kafka has not acknowledged: how many, and seconds since the oldest was committed.
SELECT coalesce(sum(c.revision - p.revision), 0)::bigint AS records,
    coalesce(extract(epoch FROM clock_timestamp() - min(first.committed_at)), 0)::float8 AS age
FROM log_clock c
JOIN relay_position p USING (topic, partition)
LEFT JOIN LATERAL (
    SELECT o.committed_at FROM outbox o
    WHERE o.topic = p.topic AND o.partition = p.partition AND o.revision > p.revision ORDER BY o.revision LIMIT 1
) first ON true
WHERE c.topic = $1;

-- name: changes
-- Records after a revision of one partition, oldest first.
SELECT o.revision, c.epoch, o.key, o.type, o.value, o.committed_at
FROM outbox o JOIN log_clock c USING (topic, partition)
WHERE o.topic = $1 AND o.partition = $2 AND o.revision > $3 ORDER BY o.revision LIMIT $4;

-- name: try_lead
-- Become the one active relay of this database, for as long as this session lives.
SELECT pg_try_advisory_lock(hashtextextended($1, 0));

-- name: prune
-- Delete records that were sent and are older than the history to be kept, a bounded number at a time.
DELETE FROM outbox WHERE ctid = ANY (ARRAY(
    SELECT o.ctid FROM outbox o JOIN relay_position p USING (topic, partition)
    WHERE o.topic = $1 AND o.revision <= p.revision AND o.committed_at < now() - $2::interval LIMIT $3
));
