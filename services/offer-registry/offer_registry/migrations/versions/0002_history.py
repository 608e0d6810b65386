"""What people did to offers: kept, never changed."""

from alembic import op

from concord.storage import appendonly

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE SEQUENCE history_place;

CREATE TABLE offer_history (
    offer text NOT NULL,
    place bigint NOT NULL DEFAULT nextval('history_place'),
    version int NOT NULL,
    verb text NOT NULL,
    by text NOT NULL,
    at timestamptz NOT NULL,
    reason text,
    before text,
    after text NOT NULL,
    changes jsonb,
    job text,
    traceparent text,
    PRIMARY KEY (offer, place)
);
COMMENT ON TABLE offer_history IS
    'What people did to versions on the author''s side; before and after are content hashes, changes those of an edit.';

ALTER TABLE activation_history ADD COLUMN place bigint, ADD COLUMN verb text, ADD COLUMN traceparent text;
UPDATE activation_history h SET place = o.place, verb = CASE
        WHEN by IS NULL THEN NULL
        WHEN state = 'PREPARING' THEN 'release'
        WHEN leaving OR state = 'CLOSED' THEN 'withdraw'
        WHEN state = 'SUSPENDED' THEN 'suspend'
        ELSE 'resume'
    END
FROM (
    SELECT ctid, nextval('history_place') AS place
    FROM (SELECT ctid FROM activation_history ORDER BY at, revision, version) s
) o
WHERE h.ctid = o.ctid;
ALTER TABLE activation_history ALTER COLUMN place SET DEFAULT nextval('history_place'), ALTER COLUMN place SET NOT NULL;
COMMENT ON TABLE activation_history IS
    'Every step of every version; verb, by, reason and traceparent when a person asked for it.
Places are of one sequence with offer_history.';
"""


def upgrade() -> None:
    for statement in TABLES.strip().split(";\n"):
        op.execute(statement)
    appendonly.keep(op, "offer_history", "activation_history")


def downgrade() -> None:
    raise NotImplementedError("What was kept is not thrown away.")
