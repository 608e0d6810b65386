"""Tables to which rows are added and nothing else is done: PostgreSQL itself refuses the rest, whoever asks."""

from concord.storage.migrations import Migration

REFUSED = "CA001"  # the SQLSTATE of a refusal

_FUNCTION = f"""
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '{REFUSED}';
END
$$"""


def keep(op: Migration, *tables: str) -> None:
    """Make tables append-only, in a service's migration; also in a session that replicates (`ALWAYS`)."""
    op.execute(_FUNCTION)
    for table in tables:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")
