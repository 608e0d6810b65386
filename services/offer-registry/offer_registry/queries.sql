-- name: insert_offers
-- New offers; those whose key is taken are left out.
INSERT INTO offers (id, key, newest, created_by, created_at)
SELECT g.id, g.key, 1, $3, $4 FROM unnest($1::text[], $2::text[]) AS g(id, key)
ON CONFLICT (key) DO NOTHING
RETURNING id;

-- name: insert_versions
-- New versions, in one statement for any number of them.
INSERT INTO offer_versions
    (offer, number, terms, content_hash, lifecycle, authors, row_version, created_at, changed_at, required_locales,
    hours, attributes)
SELECT g.offer, g.number, g.terms, g.content_hash, $5, $6, $7, $8, $9, $10, g.hours::jsonb, g.attributes::jsonb
FROM unnest($1::text[], $2::int[], $3::jsonb[], $4::text[], $11::text[], $12::text[])
    AS g(offer, number, terms, content_hash, hours, attributes);

-- name: fetch_offer
-- An offer by id or key.
SELECT id, key, newest, created_by, created_at FROM offers WHERE id = $1 OR key = $1;

-- name: lock_offer
-- An offer by id or key, held to the end of the transaction, so that version numbers are given out one at a time.
SELECT id, key, newest, created_by, created_at FROM offers WHERE id = $1 OR key = $1 FOR UPDATE;

-- name: set_newest
-- The offer has a newer version.
UPDATE offers SET newest = $2 WHERE id = $1;

-- name: fetch_version
-- One version.
SELECT offer, number, terms::text AS terms, content_hash, lifecycle, authors, row_version, created_at, changed_at, approver, rejection,
    required_locales, hours::text AS hours, attributes::text AS attributes
FROM offer_versions WHERE offer = $1 AND number = $2;

-- name: lock_version
-- One version, held to the end of the transaction.
SELECT offer, number, terms::text AS terms, content_hash, lifecycle, authors, row_version, created_at, changed_at, approver, rejection,
    required_locales, hours::text AS hours, attributes::text AS attributes
FROM offer_versions WHERE offer = $1 AND number = $2 FOR UPDATE;

-- name: fetch_documents
-- The terms of some versions, as they are stored.
SELECT number, terms FROM offer_versions WHERE offer = $1 AND number = ANY ($2::int[]);

-- name: list_versions
-- An offer's versions after a number.
SELECT offer, number, terms::text AS terms, content_hash, lifecycle, authors, row_version, created_at, changed_at, approver, rejection,
    required_locales, hours::text AS hours, attributes::text AS attributes
FROM offer_versions WHERE offer = $1 AND number > $2 ORDER BY number LIMIT $3;

-- name: save_version
-- A version as a verb left it.
UPDATE offer_versions SET terms = $3, content_hash = $4, lifecycle = $5, authors = $6, row_version = $7, changed_at = $8,
    approver = $9, rejection = $10, required_locales = $11, hours = $12::text::jsonb, attributes = $13::text::jsonb
WHERE offer = $1 AND number = $2;

-- name: list_offers
-- Offers after a key, each with its newest version and with the newest version that is not CLOSED.
-- The channel is one that shows the offer or in which it is promised; text is looked for in the key and the titles.
SELECT o.id, o.key, o.newest, o.created_by, o.created_at,
    v.lifecycle, v.content_hash, v.terms -> 'title' AS title, a.version AS active_version, a.state, a.leaving, s.revision
FROM offers o
JOIN offer_versions v ON v.offer = o.id AND v.number = o.newest
LEFT JOIN LATERAL (
    SELECT * FROM activations a WHERE a.offer = o.id AND a.state <> 'CLOSED' ORDER BY a.version DESC LIMIT 1
) a ON true
LEFT JOIN log_state s ON s.topic = $1 AND s.key = o.id
WHERE o.key > $2
    AND ($4::text IS NULL OR v.lifecycle = $4)
    AND ($5::text IS NULL OR a.state = $5)
    AND ($6::text IS NULL OR v.terms -> 'shown_in' ? $6 OR v.terms -> 'promised_in' ? $6)
    AND ($7::text IS NULL OR strpos(o.key, lower($7)) > 0 OR strpos(lower(v.terms ->> 'title'), lower($7)) > 0)
ORDER BY o.key LIMIT $3;

-- name: summarise_offer
-- One offer as the list shows it.
SELECT o.id, o.key, o.newest, o.created_by, o.created_at,
    v.lifecycle, v.content_hash, v.terms -> 'title' AS title, a.version AS active_version, a.state, a.leaving, s.revision
FROM offers o
JOIN offer_versions v ON v.offer = o.id AND v.number = o.newest
LEFT JOIN LATERAL (
    SELECT * FROM activations a WHERE a.offer = o.id AND a.state <> 'CLOSED' ORDER BY a.version DESC LIMIT 1
) a ON true
LEFT JOIN log_state s ON s.topic = $1 AND s.key = o.id
WHERE o.id = $2 OR o.key = $2;

-- name: discard_offer
-- An offer with its versions taken away, if all of them are drafts and no other offer names it; else it stays, and this
-- says why.
WITH held AS MATERIALIZED (
    SELECT lifecycle FROM offer_versions WHERE offer = $1 FOR UPDATE
), hindered AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM held WHERE lifecycle <> 'draft') AS submitted, EXISTS (
        SELECT FROM offer_versions v
        WHERE v.offer <> $1 AND (v.terms ->> 'alternative' IN ($1, $2) OR EXISTS (
            SELECT FROM jsonb_each(v.terms -> 'honour') AS h(channel, cell)
            WHERE cell ->> 'action' = 'alternative' AND cell ->> 'offer' IN ($1, $2)))
    ) AS named
), gone AS (
    DELETE FROM offer_versions v USING hindered h WHERE v.offer = $1 AND NOT h.submitted AND NOT h.named RETURNING 1
), removed AS (
    DELETE FROM offers o USING hindered h WHERE o.id = $1 AND NOT h.submitted AND NOT h.named RETURNING 1
)
SELECT submitted, named FROM hindered;

-- name: fetch_references
-- Offers with these keys or ids, and all that can be reached from them: what the newest version of each names as
-- alternatives, and when it ends.
WITH RECURSIVE named AS NOT MATERIALIZED (
    SELECT o.id, o.key, array_remove(array_append(ARRAY(
            SELECT cell ->> 'offer' FROM jsonb_each(v.terms -> 'honour') AS h(channel, cell) WHERE cell ->> 'action' = 'alternative'
        ), v.terms ->> 'alternative'), NULL) AS names, (v.terms #>> '{validity,end}')::timestamptz AS ends
    FROM offers o JOIN offer_versions v ON v.offer = o.id AND v.number = o.newest
), reached AS (
    SELECT id, key, names, ends FROM named WHERE id = ANY ($1::text[]) OR key = ANY ($1::text[])
    UNION
    SELECT n.id, n.key, n.names, n.ends FROM reached r, unnest(r.names) AS target JOIN named n ON n.id = target OR n.key = target
)
SELECT id, key, names, ends FROM reached;

-- name: load_active
-- Offers with every version that is not CLOSED, and the clock, in one snapshot: if the clock still stands there when
-- their records are appended, nothing of this has changed.
SELECT c.epoch, c.revision AS clock, now() AS at, o.id, o.key, a.offer, a.version, a.state, a.leaving, a.state_revision, a.effective_at,
    a.honour_until, a.evaluator_min, a.traceparent, v.content_hash, v.terms::text AS terms, v.hours::text AS hours,
    v.attributes::text AS attributes
FROM log_clock c
JOIN offers o ON o.id = ANY ($2::text[])
LEFT JOIN (activations a JOIN offer_versions v ON v.offer = a.offer AND v.number = a.version)
    ON a.offer = o.id AND a.state <> 'CLOSED'
WHERE c.topic = $1 AND c.partition = 0
ORDER BY o.id, a.version;

-- name: moving
-- Every version that moves by itself, now or once a wait is over ($1 is W2). Rows pass through the partial index, and
-- only a scan in its order skips what they leave behind there.
(SELECT a.offer, a.version, a.state, a.leaving, a.state_revision, a.effective_at, a.honour_until, a.evaluator_min,
    a.traceparent, now() AS at
FROM activations a
WHERE a.state IN ('PREPARING', 'HONOURABLE') OR a.state = 'SUSPENDED' AND a.leaving
ORDER BY a.state_revision LIMIT 100000)
UNION ALL
SELECT a.offer, a.version, a.state, a.leaving, a.state_revision, a.effective_at, a.honour_until, a.evaluator_min,
    a.traceparent, now() AS at
FROM activations a
WHERE a.state = 'CLOSING' AND a.honour_until <= now() - $1::interval;

-- name: release
-- Approved versions become released and PREPARING, with one record of each offer. One statement: the state and the
-- record commit together. If one of the versions is not approved any more, 0 is no revision the clock can give next,
-- and the append refuses all of it.
WITH given AS (
    SELECT * FROM unnest($8::text[], $9::int[], $10::bigint[], $11::timestamptz[], $12::timestamptz[], $13::int[])
        AS g(offer, version, revision, effective_at, honour_until, evaluator_min)
), released AS (
    UPDATE offer_versions v SET lifecycle = 'released', row_version = v.row_version + 1, changed_at = now()
    FROM given g WHERE v.offer = g.offer AND v.number = g.version AND v.lifecycle = 'approved'
    RETURNING g.*
), prepared AS (
    INSERT INTO activations
        (offer, version, state, leaving, state_revision, effective_at, honour_until, evaluator_min, traceparent)
    SELECT r.offer, r.version, 'PREPARING', false, r.revision, r.effective_at, r.honour_until, r.evaluator_min, $14
    FROM released r
    RETURNING offer, version, state, leaving, state_revision
), noted AS (
    INSERT INTO activation_history (offer, revision, version, state, leaving, by, verb, traceparent)
    SELECT p.offer, p.state_revision, p.version, p.state, p.leaving, $15, 'release', $14 FROM prepared p
    RETURNING 1
)
SELECT a.revision, a.epoch
FROM (SELECT CASE WHEN count(*) = cardinality($8) THEN $7::bigint ELSE 0 END AS expected FROM noted) n,
    LATERAL log_append_v1($1, $2, $3, $4, $5, $6, n.expected) a
ORDER BY a.ordinal;

-- name: move
-- Versions go where the table of activation.py sends them, with one record of each offer, in one statement.
WITH given AS (
    SELECT * FROM unnest($8::text[], $9::int[], $10::text[], $11::boolean[], $12::bigint[], $13::bigint[])
        AS g(offer, version, state, leaving, state_revision, revision)
), moved AS (
    UPDATE activations a SET state = g.state, leaving = g.leaving, state_revision = g.state_revision,
        traceparent = coalesce($14, a.traceparent)
    FROM given g WHERE a.offer = g.offer AND a.version = g.version
    RETURNING g.*
), retired AS (
    UPDATE offer_versions v SET lifecycle = 'retired', row_version = v.row_version + 1, changed_at = now()
    FROM moved m WHERE m.state = 'CLOSED' AND v.offer = m.offer AND v.number = m.version
), noted AS (
    INSERT INTO activation_history (offer, revision, version, state, leaving, by, reason, verb, traceparent)
    SELECT m.offer, m.revision, m.version, m.state, m.leaving, $15, $16, $17, $14 FROM moved m
    RETURNING 1
)
SELECT a.revision, a.epoch
FROM (SELECT CASE WHEN count(*) = cardinality($8) THEN $7::bigint ELSE 0 END AS expected FROM noted) n,
    LATERAL log_append_v1($1, $2, $3, $4, $5, $6, n.expected) a
ORDER BY a.ordinal;

-- name: list_activations
-- Every released version of an offer with each step of its history, in one snapshot.
SELECT a.offer, a.version, a.state, a.leaving, a.state_revision, a.effective_at, a.honour_until, a.evaluator_min, a.traceparent,
    h.state AS step_state, h.leaving AS step_leaving, h.revision AS step_revision, h.at AS step_at, h.by AS step_by,
    h.reason AS step_reason
FROM activations a JOIN activation_history h ON h.offer = a.offer AND h.version = a.version
WHERE a.offer = $1 ORDER BY a.version, h.revision;

-- name: note_history
-- What people did to versions, in the transaction that does it.
INSERT INTO offer_history (offer, version, verb, by, at, reason, before, after, changes, job, traceparent)
SELECT g.offer, g.version, g.verb, g.by, g.at, g.reason, g.before, g.after, g.changes::jsonb, g.job, g.traceparent
FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::text[])
    AS g(offer, version, verb, by, at, reason, before, after, changes, job, traceparent);

-- name: list_history
-- What people did to an offer before a place, newest first: on the author's side, and the steps of the run side that
-- somebody asked for. Terms never change once a version can be released, so its hash is that of then.
(SELECT h.place, h.version, h.verb, h.by, h.at, h.reason, h.before, h.after, h.changes, h.job,
    NULL AS state, NULL::bigint AS revision, h.traceparent
FROM offer_history h WHERE h.offer = $1 AND h.place < $2 ORDER BY h.place DESC LIMIT $3)
UNION ALL
(SELECT s.place, s.version, s.verb, s.by, s.at, s.reason, v.content_hash, v.content_hash, NULL, NULL,
    s.state, s.revision, s.traceparent
FROM activation_history s JOIN offer_versions v ON v.offer = s.offer AND v.number = s.version
WHERE s.offer = $1 AND s.place < $2 AND s.verb IS NOT NULL ORDER BY s.place DESC LIMIT $3)
ORDER BY place DESC LIMIT $3;

-- name: position
-- Where the catalogue is.
SELECT epoch, revision FROM log_clock WHERE topic = $1 AND partition = 0;

-- name: approve_job
-- Approve what a job's lines made, where somebody else wrote it and it is in review. Said again, it changes nothing
-- unless there is more to approve or to release.
WITH approved AS (
    UPDATE offer_versions v SET lifecycle = 'approved', approver = $2, row_version = v.row_version + 1, changed_at = $3
    FROM import_refs r
    WHERE r.job = $1 AND v.offer = r.id AND v.number = 1 AND v.lifecycle = 'in_review' AND $2 <> ALL (v.authors)
    RETURNING v.offer, v.number, v.content_hash
), noted AS (
    INSERT INTO offer_history (offer, version, verb, by, at, before, after, job, traceparent)
    SELECT a.offer, a.number, 'approve', $2, $3, a.content_hash, a.content_hash, $1, $5 FROM approved a
)
INSERT INTO import_approvals AS p (job, by, at, approved, release, traceparent)
SELECT $1, $2, $3, count(*), $4, $5 FROM approved
ON CONFLICT (job) DO UPDATE SET by = excluded.by, at = excluded.at, approved = p.approved + excluded.approved,
    release = p.release OR excluded.release, released_to = '', released_at = NULL, traceparent = excluded.traceparent
WHERE excluded.approved > 0 OR excluded.release AND NOT p.release;

-- name: fetch_approval
-- Who approved a job, and where its offers stand.
SELECT p.by, p.at, p.approved, p.release, p.released_at,
    count(a.state) AS released, count(a.state) FILTER (WHERE a.state NOT IN ('PREPARING', 'HONOURABLE')) AS activated
FROM import_approvals p
LEFT JOIN import_refs r ON r.job = p.job
LEFT JOIN activations a ON a.offer = r.id AND a.version = 1
WHERE p.job = $1
GROUP BY p.job;

-- name: next_release
-- The oldest approved job whose offers are still to be released.
SELECT job, by, at, traceparent, released_to FROM import_approvals WHERE release AND released_at IS NULL ORDER BY at, job LIMIT 1;

-- name: next_of_job
-- What the next lines of a job made, in the order of ids.
SELECT DISTINCT id FROM import_refs WHERE job = $1 AND id > $2 ORDER BY id LIMIT $3;

-- name: releasable
-- First versions of these offers that are approved and can be released: no newer one was.
SELECT v.offer, v.number, v.terms::text AS terms, v.content_hash, v.lifecycle, v.authors, v.row_version, v.created_at,
    v.changed_at, v.approver, v.rejection, v.required_locales, v.hours::text AS hours, v.attributes::text AS attributes
FROM offer_versions v
WHERE v.offer = ANY ($1::text[]) AND v.number = 1 AND v.lifecycle = 'approved'
    AND NOT EXISTS (SELECT FROM activations a WHERE a.offer = v.offer AND a.version > v.number)
ORDER BY v.offer;

-- name: released_to
-- What a job made is released up to this id, unless it was approved anew meanwhile.
UPDATE import_approvals SET released_to = $3 WHERE job = $1 AND at = $2;

-- name: released_all
-- Nothing of the job is left to be released, unless it was approved anew meanwhile.
UPDATE import_approvals SET released_at = $3 WHERE job = $1 AND at = $2;

-- name: fetch_attribute
-- A declared attribute.
SELECT name, kind, noun, question, adjective, row_version, declared_by, declared_at, changed_by, changed_at
FROM attributes WHERE name = $1;

-- name: lock_attribute
-- A declared attribute, held to the end of the transaction.
SELECT name, kind, noun, question, adjective, row_version, declared_by, declared_at, changed_by, changed_at
FROM attributes WHERE name = $1 FOR UPDATE;

-- name: list_attributes
-- Declared attributes after a name.
SELECT name, kind, noun, question, adjective, row_version, declared_by, declared_at, changed_by, changed_at
FROM attributes WHERE name > $1 ORDER BY name LIMIT $2;

-- name: declared_attributes
-- Every declared attribute.
SELECT name, kind, noun, question, adjective FROM attributes;

-- name: declare_attribute
-- A new attribute; no row when somebody else was first.
INSERT INTO attributes
    (name, kind, noun, question, adjective, row_version, declared_by, declared_at, changed_by, changed_at)
VALUES ($1, $7, $2, $3, $4, 1, $5, $6, $5, $6)
ON CONFLICT (name) DO NOTHING
RETURNING name, kind, noun, question, adjective, row_version, declared_by, declared_at, changed_by, changed_at;

-- name: change_attribute
-- Other texts for an attribute; its kind stays.
UPDATE attributes SET noun = $2, question = $3, adjective = $4, row_version = row_version + 1, changed_by = $5, changed_at = $6
WHERE name = $1
RETURNING name, kind, noun, question, adjective, row_version, declared_by, declared_at, changed_by, changed_at;

-- name: fetch_budget
-- A budget.
SELECT name, cap, per, row_version, declared_by, declared_at, changed_by, changed_at FROM budgets WHERE name = $1;

-- name: fetch_budgets
-- Budgets of these names.
SELECT name, cap, per, row_version, declared_by, declared_at, changed_by, changed_at
FROM budgets WHERE name = ANY ($1::text[]);

-- name: lock_budget
-- A budget, held to the end of the transaction.
SELECT name, cap, per, row_version, declared_by, declared_at, changed_by, changed_at
FROM budgets WHERE name = $1 FOR UPDATE;

-- name: list_budgets
-- Budgets after a name.
SELECT name, cap, per, row_version, declared_by, declared_at, changed_by, changed_at
FROM budgets WHERE name > $1 ORDER BY name LIMIT $2;

-- name: declare_budget
-- A new budget; no row when somebody else was first.
INSERT INTO budgets (name, cap, per, row_version, declared_by, declared_at, changed_by, changed_at)
VALUES ($1, $2, $3, 1, $4, $5, $4, $5)
ON CONFLICT (name) DO NOTHING
RETURNING name, cap, per, row_version, declared_by, declared_at, changed_by, changed_at;

-- name: change_budget
-- Another cap or period for a budget.
UPDATE budgets SET cap = $2, per = $3, row_version = row_version + 1, changed_by = $4, changed_at = $5
WHERE name = $1
RETURNING name, cap, per, row_version, declared_by, declared_at, changed_by, changed_at;

-- name: rivals
-- LIVE offers that are valid at the same time as an offer ($1), where its group ($2) or what either combines with ($3 is
-- its key, $4 the keys it names) keeps them apart, and that may be about the same products: $7 says that it names none.
SELECT o.key, a.version, v.terms::text AS terms
FROM activations a
JOIN offers o ON o.id = a.offer
JOIN offer_versions v ON v.offer = a.offer AND v.number = a.version
WHERE a.state = 'LIVE' AND a.offer <> $1
    AND (v.terms ->> 'exclusive_group' = $2
        OR v.terms ? 'combines_with' AND NOT v.terms -> 'combines_with' ? $3
        OR o.key <> ALL ($4::text[]))
    AND ($6::timestamptz IS NULL OR (v.terms #>> '{validity,start}')::timestamptz < $6)
    AND coalesce((v.terms #>> '{validity,end}')::timestamptz > $5, true)
    AND ($7 OR coalesce(v.terms #> '{products,skus}', v.terms #> '{products,categories}') IS NULL
        OR v.terms #> '{products,skus}' ?| $8 OR v.terms #> '{products,categories}' ?| $9)
ORDER BY o.key LIMIT $10;
