"""Migrations, run by the services themselves at their start, under an advisory lock so that several may start at once.

A service keeps ordinary Alembic revision files in `<package>/migrations/versions`, each named by its revision
(`0001_offers.py`), so that whether one is due is known without loading Alembic.
"""

from importlib import resources
from typing import Protocol

import asyncpg


class Migration(Protocol):
    """What a table's module needs of `alembic.op`."""

    def execute(self, sqltext: str) -> None:
        """Run a statement."""
        ...


async def upgrade(url: str, package: str) -> None:
    """Bring the database to the newest revision of the package's migrations.

    Raises:
        OSError: the server does not answer.
    """
    if await _revision(url) != newest(package):
        # SQLAlchemy and Alembic take 0.7 s of CPU to load, at each start of each service.
        from concord.storage import revisions  # noqa: PLC0415

        await revisions.upgrade(url, package)


def newest(package: str) -> str:
    """The newest revision there is a file for."""
    files = (resources.files(package) / "migrations" / "versions").iterdir()
    return max(file.name.partition("_")[0] for file in files if file.name[0].isdigit())


async def _revision(url: str) -> str | None:
    """The revision the database is at, None for a new one."""
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return str(await connection.fetchval("SELECT version_num FROM alembic_version"))
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()
