"""Alembic itself, and the `env.py` of every service; an advisory lock lets several processes start at once."""

from importlib import resources

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

_LOCK = 0x636F6E63  # one number for all services: each has its own database


async def upgrade(url: str, package: str) -> None:
    """Bring the database to the newest revision of the package's migrations.

    Raises:
        OSError: the server does not answer.
    """
    engine = create_async_engine(sa.make_url(url).set(drivername="postgresql+asyncpg"), poolclass=sa.pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, script_of(package))
    finally:
        await engine.dispose()


def script_of(package: str) -> ScriptDirectory:
    """The package's revision files as Alembic sees them."""
    config = Config()
    config.set_main_option("script_location", str(resources.files(package) / "migrations"))
    return ScriptDirectory.from_config(config)


def _upgrade(connection: sa.Connection, script: ScriptDirectory) -> None:
    with connection.begin():
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        # Alembic's own `command.upgrade` takes the same way, through an env.py that each service would have to repeat.
        with EnvironmentContext(Config(), script) as env:
            env.configure(connection=connection, fn=lambda rev, _: script._upgrade_revs("head", rev))  # noqa: SLF001
            env.run_migrations()
