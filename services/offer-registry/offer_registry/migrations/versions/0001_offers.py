"""Offers, their versions and activations, and the log of the catalogue."""

from alembic import op

from concord.contracts.topics import OFFERS
from concord.eventlog import schema
from concord.storage import idempotency, jobs

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE offers (
    id text PRIMARY KEY,
    key text NOT NULL UNIQUE,
    newest int NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE offers IS 'An offer and its two names; newest is the number of its newest version.';

CREATE TABLE offer_versions (
    offer text NOT NULL REFERENCES offers,
    number int NOT NULL,
    terms jsonb NOT NULL,
    content_hash text NOT NULL,
    lifecycle text NOT NULL
        CHECK (lifecycle IN ('draft', 'in_review', 'approved', 'rejected', 'released', 'retired')),
    authors text[] NOT NULL,
    row_version int NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    approver text,
    rejection text,
    required_locales text[] NOT NULL,
    PRIMARY KEY (offer, number),
    CHECK (approver IS NULL OR approver <> ALL (authors))
);
COMMENT ON TABLE offer_versions IS
    'What an offer says; terms stay as they are from submit on. The check is the four-eyes rule.';

CREATE TABLE activations (
    offer text NOT NULL,
    version int NOT NULL,
    state text NOT NULL
        CHECK (state IN ('PREPARING', 'HONOURABLE', 'LIVE', 'SUSPENDED', 'CLOSING', 'CLOSED')),
    leaving boolean NOT NULL,
    state_revision bigint NOT NULL,
    effective_at timestamptz,
    honour_until timestamptz,
    evaluator_min int NOT NULL,
    traceparent text,
    PRIMARY KEY (offer, version),
    FOREIGN KEY (offer, version) REFERENCES offer_versions,
    -- At the end of the statement: a replacement moves both versions in one.
    CONSTRAINT one_live EXCLUDE USING btree (offer WITH =) WHERE (state = 'LIVE') DEFERRABLE INITIALLY IMMEDIATE
) WITH (fillfactor = 70);
COMMENT ON TABLE activations IS
    'Where each released version stands. A row changes only in a statement that appends its offer''s record.';
CREATE INDEX activations_moving ON activations (state_revision)
    WHERE state IN ('PREPARING', 'HONOURABLE') OR state = 'SUSPENDED' AND leaving;
CREATE INDEX activations_closing ON activations (honour_until) WHERE state = 'CLOSING';

CREATE TABLE activation_history (
    offer text NOT NULL,
    revision bigint NOT NULL,
    version int NOT NULL,
    state text NOT NULL,
    leaving boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    by text,
    reason text,
    PRIMARY KEY (offer, revision, version)
);
COMMENT ON TABLE activation_history IS 'Every step of every version; by and reason when a person asked for it.';

CREATE TABLE import_approvals (
    job text PRIMARY KEY,
    by text NOT NULL,
    at timestamptz NOT NULL,
    approved int NOT NULL,
    release boolean NOT NULL,
    released_to text NOT NULL DEFAULT '',
    released_at timestamptz,
    traceparent text
);
COMMENT ON TABLE import_approvals IS
    'Import jobs whose offers somebody approved; released_to is the last one released, released_at when all were.';
CREATE INDEX import_approvals_releasing ON import_approvals (at) WHERE release AND released_at IS NULL;
"""


def upgrade() -> None:
    for statement in TABLES.strip().split(";\n"):
        op.execute(statement)
    schema.create(op, [OFFERS])
    idempotency.create(op)
    jobs.create(op)


def downgrade() -> None:
    raise NotImplementedError("The first migration has nothing before it.")
