"""Settings come from the environment, and each says what it is for."""

import pytest
from pydantic import Field, ValidationError

from concord import ports, settings
from concord.settings import LocalSecretInUse, ServiceSettings


class Sample(ServiceSettings):
    """A service of its own. More words."""

    extra_wait: float = Field(2.0, description="Seconds.")


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_PORT_BASE", "9000")
    monkeypatch.setenv("CONCORD_W2", "0.25")
    monkeypatch.setenv("CONCORD_REQUIRED_LOCALES", "en, es")
    monkeypatch.setenv("CONCORD_EXTRA_WAIT", "3")
    read = Sample()
    assert (read.w2_seconds, read.required_locales, read.extra_wait) == (0.25, ["en", "es"], 3.0)
    assert (read.port("registry"), read.bootstrap) == (9100, "127.0.0.1:9492")
    assert (read.issuer, read.jwks) == ("http://127.0.0.1:9400", "http://127.0.0.1:9400/.well-known/jwks.json")


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT_BASE", "80"), ("W2", "0"), ("REQUIRED_LOCALES", ""), ("LOG_LEVEL", "LOUD"), ("LOCAL", "maybe")],
)
def test_a_setting_that_makes_no_sense_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"CONCORD_{name}", value)
    with pytest.raises(ValidationError):
        ServiceSettings()


def test_shipped_secrets_work_in_local_runs_only() -> None:
    ServiceSettings(local=True).refuse_local_secrets()
    ServiceSettings(client_secret="a", lookup_key="b").refuse_local_secrets()
    with pytest.raises(LocalSecretInUse):
        ServiceSettings(client_secret="a").refuse_local_secrets()


def test_secrets_are_not_printed() -> None:
    shown = repr(ServiceSettings(client_secret="a-secret", database_url="postgresql://u:pw@h/d"))
    assert "a-secret" not in shown
    assert "pw" not in shown


def test_the_reference_names_every_setting_once() -> None:
    page = settings.reference([ServiceSettings, Sample])
    assert all(page.count(f"| `CONCORD_{name.upper()}` |") == 1 for name in Sample.model_fields if name != "w2_seconds")
    assert page.count("| `CONCORD_W2` | `1.0` |") == 1
    assert page.index("## A service of its own") > page.index("CONCORD_LOCAL")
    assert "local-runs-only" not in page
    assert all(field.description for field in Sample.model_fields.values())
    assert all(f"| {name} | {offset} |" in page for name, offset in ports.OFFSETS.items())
