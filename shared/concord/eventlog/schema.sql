-- The authority's side of the log: what each partition is at, what was written, what was sent.

CREATE TABLE log_clock (
    topic text NOT NULL,
    partition int NOT NULL,
    log int NOT NULL DEFAULT 1,
    epoch int NOT NULL DEFAULT 1,
    revision bigint NOT NULL DEFAULT 0,
    count bigint NOT NULL DEFAULT 0,
    digest bit(256) NOT NULL DEFAULT repeat('0', 256)::bit(256),
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 20);
COMMENT ON TABLE log_clock IS 'One row a partition, locked last in a transaction, so that revisions are gapless and in commit order.';

CREATE TABLE log_state (
    topic text NOT NULL,
    key text NOT NULL,
    partition int NOT NULL,
    revision bigint NOT NULL,
    hash bit(256) NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (topic, key)
);
COMMENT ON TABLE log_state IS 'The newest value of each key, byte for byte as published, so that the authority can publish it again.';

CREATE TABLE outbox (
    topic text NOT NULL,
    partition int NOT NULL,
    revision bigint NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    value bytea,
    traceparent text,
    changeset_end boolean NOT NULL,
    committed_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, revision)
);
COMMENT ON TABLE outbox IS 'Every record in the order of its partition; the relay sends them, history is read from here.';

CREATE TABLE relay_position (
    topic text NOT NULL,
    partition int NOT NULL,
    revision bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 20);
COMMENT ON TABLE relay_position IS 'The last revision of each partition that Kafka acknowledged.';

-- SHA-256(key ‖ 0x00 ‖ value), null for a tombstone (protocol §3).
CREATE FUNCTION log_hash_v1(p_key text, p_value bytea) RETURNS bit(256)
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ('x' || encode(sha256(convert_to(p_key, 'UTF8') || '\x00'::bytea || p_value), 'hex'))::bit(256);

-- Writes records and gives each its revision. Must be the last thing a transaction does: it locks the clock rows,
-- in ascending order, and holds them to the commit. One record takes a shorter way to the same rows. Keys are distinct within a call; a null value is a tombstone.
-- The last record of each partition ends the change set.
CREATE FUNCTION log_append_v1(
    p_topic text, p_partitions int[], p_keys text[], p_types text[], p_values bytea[], p_traceparents text[],
    p_expected bigint DEFAULT NULL
) RETURNS TABLE (ordinal int, partition int, revision bigint, epoch int)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    nothing CONSTANT bit(256) := repeat('0', 256)::bit(256);
    before bit(256);
    after bit(256);
    next_revision bigint;
    next_epoch int;
BEGIN
    IF cardinality(p_keys) = 1 THEN
        after := log_hash_v1(p_keys[1], p_values[1]);
        SELECT revision + 1, epoch INTO STRICT next_revision, next_epoch FROM log_clock
            WHERE topic = p_topic AND partition = p_partitions[1] FOR UPDATE;
        IF next_revision <> p_expected THEN
            RAISE EXCEPTION 'revision moved' USING ERRCODE = 'CL001';
        END IF;
        SELECT hash INTO before FROM log_state WHERE topic = p_topic AND key = p_keys[1];
        UPDATE log_clock SET revision = next_revision, digest = digest # coalesce(after, nothing) # coalesce(before, nothing),
            count = count + (after IS NOT NULL)::int - (before IS NOT NULL)::int
            WHERE topic = p_topic AND partition = p_partitions[1];
        IF after IS NULL THEN
            DELETE FROM log_state WHERE topic = p_topic AND key = p_keys[1];
        ELSE
            INSERT INTO log_state VALUES (p_topic, p_keys[1], p_partitions[1], next_revision, after, p_values[1])
                ON CONFLICT (topic, key) DO UPDATE SET revision = excluded.revision, hash = excluded.hash, value = excluded.value;
        END IF;
        INSERT INTO outbox VALUES (p_topic, p_partitions[1], next_revision, p_keys[1], p_types[1], p_values[1],
            p_traceparents[1], true, clock_timestamp());
        RETURN QUERY SELECT 1, p_partitions[1], next_revision, next_epoch;
        RETURN;
    END IF;

    PERFORM 1 FROM log_clock c WHERE c.topic = p_topic AND c.partition = ANY (p_partitions)
        ORDER BY c.partition FOR UPDATE;
    IF p_expected IS NOT NULL AND EXISTS (
        SELECT 1 FROM log_clock c WHERE c.topic = p_topic AND c.partition = p_partitions[1] AND c.revision + 1 <> p_expected
    ) THEN
        RAISE EXCEPTION 'revision moved' USING ERRCODE = 'CL001';
    END IF;
    RETURN QUERY
    WITH given AS (
        SELECT g.ordinal::int AS ordinal, g.partition, g.key, g.type, g.value, g.traceparent,
            row_number() OVER (PARTITION BY g.partition ORDER BY g.ordinal) AS place,
            count(*) OVER (PARTITION BY g.partition) AS places,
            log_hash_v1(g.key, g.value) AS hash
        FROM unnest(p_partitions, p_keys, p_types, p_values, p_traceparents)
            WITH ORDINALITY AS g(partition, key, type, value, traceparent, ordinal)
    ), placed AS (
        SELECT g.*, c.revision + g.place AS revision, c.epoch, s.hash AS previous
        FROM given g
        JOIN log_clock c ON c.topic = p_topic AND c.partition = g.partition
        LEFT JOIN log_state s ON s.topic = p_topic AND s.key = g.key
    ), ticked AS (
        UPDATE log_clock c SET revision = c.revision + t.places, count = c.count + t.change, digest = c.digest # t.delta
        FROM (
            SELECT p.partition, max(p.places) AS places,
                sum((p.hash IS NOT NULL)::int - (p.previous IS NOT NULL)::int) AS change,
                bit_xor(coalesce(p.hash, nothing) # coalesce(p.previous, nothing)) AS delta
            FROM placed p GROUP BY p.partition
        ) t
        WHERE c.topic = p_topic AND c.partition = t.partition
    ), kept AS (
        INSERT INTO log_state (topic, key, partition, revision, hash, value)
        SELECT p_topic, p.key, p.partition, p.revision, p.hash, p.value FROM placed p WHERE p.value IS NOT NULL
        ON CONFLICT (topic, key) DO UPDATE SET revision = excluded.revision, hash = excluded.hash, value = excluded.value
    ), erased AS (
        DELETE FROM log_state s USING placed p WHERE p.value IS NULL AND s.topic = p_topic AND s.key = p.key
    ), written AS (
        INSERT INTO outbox (topic, partition, revision, key, type, value, traceparent, changeset_end, committed_at)
        SELECT p_topic, p.partition, p.revision, p.key, p.type, p.value, p.traceparent, p.place = p.places, clock_timestamp()
        FROM placed p
    )
    SELECT p.ordinal, p.partition, p.revision, p.epoch FROM placed p ORDER BY p.ordinal;
END $$;
