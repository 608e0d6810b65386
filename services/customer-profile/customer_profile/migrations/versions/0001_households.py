"""Households, promises, the copy of the catalogue, and the log of households."""

from alembic import op

from concord.contracts.topics import HOUSEHOLDS
from concord.eventlog import schema
from concord.storage import idempotency, jobs

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE households (
    id text PRIMARY KEY,
    document jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE households IS 'The whole household as posted, with ids. Endpoints stand here and nowhere else.';

CREATE TABLE household_counters (
    household text PRIMARY KEY,
    version bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE household_counters IS 'The counter that each change of a household or of one of its promises raises.'
    ' Its row is locked before the log is written, never after.';

CREATE TABLE identifiers (
    kind text NOT NULL,
    value text NOT NULL,
    household text NOT NULL,
    subject text NOT NULL,
    PRIMARY KEY (kind, value, household, subject)
);
CREATE INDEX identifiers_household ON identifiers (household);
COMMENT ON TABLE identifiers IS 'By what a household can be found: keyed hashes of numbers, e-mail addresses'
    ' and names, and ids of parties and lines.';

CREATE TABLE promises (
    id text PRIMARY KEY,
    code text NOT NULL UNIQUE,
    household text NOT NULL,
    party text NOT NULL,
    offer text NOT NULL,
    offer_key text NOT NULL,
    offer_version int NOT NULL,
    content_hash text NOT NULL,
    channel text NOT NULL,
    made_at timestamptz NOT NULL,
    honour_until timestamptz NOT NULL,
    evidence text NOT NULL,
    made_by text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'held', 'honoured', 'cancelled', 'expired')),
    cancelled text,
    cancelled_by text,
    version bigint NOT NULL,
    CHECK ((state = 'cancelled') = (cancelled IS NOT NULL))
) WITH (fillfactor = 90);
CREATE INDEX promises_household ON promises (household);
COMMENT ON TABLE promises IS 'What was promised. No foreign key to households: whoever inserts holds the'
    ' household''s counter, and a check per row would cost an import more than the row.';
COMMENT ON COLUMN promises.evidence IS 'JSON. As text, because a batch is copied in, which jsonb has no way for.';
COMMENT ON COLUMN promises.version IS 'The household''s counter when this promise last changed.';

CREATE TABLE offer_copies (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    value bytea NOT NULL
);
ALTER TABLE offer_copies ALTER COLUMN value SET STORAGE EXTERNAL;
COMMENT ON TABLE offer_copies IS 'The newest record of each offer on concord.offers.v1, for the next start.';

CREATE TABLE offers_position (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    log int NOT NULL DEFAULT 1,
    epoch int NOT NULL DEFAULT 1,
    revision bigint NOT NULL DEFAULT 0,
    next_offset bigint
);
INSERT INTO offers_position DEFAULT VALUES;
COMMENT ON TABLE offers_position IS 'Up to where offer_copies follows the topic; written in the transaction'
    ' of what was read.';
"""


def upgrade() -> None:
    for statement in TABLES.strip().split(";\n"):
        op.execute(statement)
    schema.create(op, [HOUSEHOLDS])
    idempotency.create(op)
    jobs.create(op)


def downgrade() -> None:
    raise NotImplementedError("The first migration has nothing before it.")
