-- name: fetch_promotion
-- An offer by id or key with one of its versions, the newest unless $3 names another, and where that one and the newest
-- that is not CLOSED stand.
SELECT o.id AS offer_id, o.key, o.newest, o.created_by, o.created_at AS offer_created_at,
    v.offer, v.number, v.terms::text AS terms, v.content_hash, v.lifecycle, v.authors, v.row_version, v.created_at,
    v.changed_at, v.approver, v.rejection, v.required_locales, v.hours::text AS hours, v.attributes::text AS attributes,
    n.state AS place_state, n.leaving AS place_leaving,
    r.version AS running_version, r.state AS running_state, r.leaving AS running_leaving,
    s.revision, greatest(v.changed_at, h.at) AS updated
FROM offers o
LEFT JOIN offer_versions v ON v.offer = o.id AND v.number = coalesce($3, o.newest)
LEFT JOIN activations n ON n.offer = v.offer AND n.version = v.number
LEFT JOIN LATERAL (
    SELECT * FROM activations a WHERE a.offer = o.id AND a.state <> 'CLOSED' ORDER BY a.version DESC LIMIT 1
) r ON true
LEFT JOIN LATERAL (SELECT max(at) AS at FROM activation_history a WHERE a.offer = o.id) h ON true
LEFT JOIN log_state s ON s.topic = $1 AND s.key = o.id
WHERE o.id = $2 OR o.key = $2;

-- name: list_promotions
-- A page of offers by key with their newest versions, as fetch_promotion has them, and how many there are in all.
-- Standings are given as lifecycle, state ('' for none) and leaving; a type by the kinds that have it. What is null
-- narrows nothing.
WITH matched AS MATERIALIZED (
    SELECT o.id, o.key
    FROM offers o
    JOIN offer_versions v ON v.offer = o.id AND v.number = o.newest
    LEFT JOIN activations n ON n.offer = o.id AND n.version = o.newest
    WHERE ($4::text[] IS NULL OR o.id = ANY ($4))
        AND ($5::text[] IS NULL OR o.key = ANY ($5))
        AND ($6::text IS NULL OR $6 = coalesce(v.terms -> 'title' ->> $7, (
            SELECT t.value FROM jsonb_each_text(v.terms -> 'title') t ORDER BY t.key COLLATE "C" LIMIT 1)))
        AND ($8::int IS NULL OR o.newest = $8)
        AND ($9::text[] IS NULL OR EXISTS (
            SELECT FROM unnest($9, $10::text[], $11::boolean[]) AS g(lifecycle, state, leaving)
            WHERE g.lifecycle = v.lifecycle AND g.state = coalesce(n.state, '') AND g.leaving = coalesce(n.leaving, false)))
        AND ($12::text[] IS NULL
            OR coalesce($13::jsonb ->> (v.terms -> 'benefits' -> 0 ->> 'kind'), $14) = ANY ($12))
        AND ($15::text IS NULL OR v.terms -> 'shown_in' ? $15 OR v.terms -> 'promised_in' ? $15)
        AND ($16::text IS NULL OR $16 = (
            SELECT a.state FROM activations a WHERE a.offer = o.id AND a.state <> 'CLOSED'
            ORDER BY a.version DESC LIMIT 1))
        AND ($17::timestamptz IS NULL OR (v.terms -> 'validity' ->> 'start')::timestamptz >= $17)
        AND ($18::timestamptz IS NULL OR (v.terms -> 'validity' ->> 'start')::timestamptz < $18)
        AND ($19::timestamptz IS NULL OR (v.terms -> 'validity' ->> 'end')::timestamptz >= $19)
        AND ($20::timestamptz IS NULL OR (v.terms -> 'validity' ->> 'end')::timestamptz < $20)
        AND ($21::timestamptz IS NULL
            OR greatest(v.changed_at, (SELECT max(at) FROM activation_history a WHERE a.offer = o.id)) >= $21)
        AND ($22::timestamptz IS NULL
            OR greatest(v.changed_at, (SELECT max(at) FROM activation_history a WHERE a.offer = o.id)) < $22)
)
SELECT t.total, p.*
FROM (SELECT count(*) AS total FROM matched) t
LEFT JOIN (
    SELECT o.id AS offer_id, o.key, o.newest, o.created_by, o.created_at AS offer_created_at,
        v.offer, v.number, v.terms::text AS terms, v.content_hash, v.lifecycle, v.authors, v.row_version, v.created_at,
        v.changed_at, v.approver, v.rejection, v.required_locales, v.hours::text AS hours, v.attributes::text AS attributes,
        n.state AS place_state, n.leaving AS place_leaving,
        r.version AS running_version, r.state AS running_state, r.leaving AS running_leaving,
        s.revision, greatest(v.changed_at, h.at) AS updated
    FROM (SELECT id FROM matched ORDER BY key OFFSET $2 LIMIT $3) m
    JOIN offers o ON o.id = m.id
    JOIN offer_versions v ON v.offer = o.id AND v.number = o.newest
    LEFT JOIN activations n ON n.offer = v.offer AND n.version = v.number
    LEFT JOIN LATERAL (
        SELECT * FROM activations a WHERE a.offer = o.id AND a.state <> 'CLOSED' ORDER BY a.version DESC LIMIT 1
    ) r ON true
    LEFT JOIN LATERAL (SELECT max(at) AS at FROM activation_history a WHERE a.offer = o.id) h ON true
    LEFT JOIN log_state s ON s.topic = $1 AND s.key = o.id
) p ON true
ORDER BY p.key;
