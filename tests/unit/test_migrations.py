"""Whether a migration is due is read from file names; Alembic must agree."""

import pytest

from concord.storage.migrations import newest
from concord.storage.revisions import script_of


@pytest.mark.parametrize("package", ["offer_registry", "customer_profile"])
def test_newest_file_is_alembics_head(package: str) -> None:
    assert newest(package) == script_of(package).get_current_head()
