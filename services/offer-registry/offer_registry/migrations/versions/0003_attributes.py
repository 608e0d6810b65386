"""Attributes and budgets that authors declare, and what a version carries of them from submit on."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE attributes (
    name text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL,
    noun text NOT NULL,
    question text NOT NULL,
    adjective text NOT NULL,
    row_version int NOT NULL,
    declared_by text NOT NULL,
    declared_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
COMMENT ON TABLE attributes IS
    'Attributes that criteria may name beside the built-in ones. A kind never changes, and none is ever deleted.';

CREATE TABLE budgets (
    name text COLLATE "C" PRIMARY KEY,
    cap jsonb NOT NULL,
    per jsonb,
    row_version int NOT NULL,
    declared_by text NOT NULL,
    declared_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
COMMENT ON TABLE budgets IS 'Caps that several offers share, as declared. None is ever deleted.';

ALTER TABLE offer_versions ADD COLUMN hours jsonb, ADD COLUMN attributes jsonb;
COMMENT ON COLUMN offer_versions.hours IS
    'Weekly hours as UTC intervals, worked out at submit; NULL when it has none and is open always.';
COMMENT ON COLUMN offer_versions.attributes IS
    'Declared attributes that its criteria name, as they were at submit; NULL when it names none.';
"""


def upgrade() -> None:
    for statement in TABLES.strip().split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("What was declared is not thrown away.")
