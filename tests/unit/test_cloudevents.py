"""Every record of the log is a CloudEvent in binary mode, and says where it stands."""

from datetime import UTC, datetime

import pytest

from concord.contracts.cloudevents import Envelope, NotAnEvent, decode, encode

ENVELOPE = Envelope(
    id="concord.offers.v1:1:0:42",
    source="/offer-registry",
    type="concord.offer.changed.v1",
    time=datetime(2026, 6, 1, 9, 12, 0, 123456, UTC),
    revision=42,
    log=1,
    epoch=1,
    changeset_end=True,
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)


def test_envelope_survives_the_headers() -> None:
    assert decode(encode(ENVELOPE)) == ENVELOPE


def test_sequence_sorts_as_text() -> None:
    assert dict(encode(ENVELOPE))["ce_sequence"] == b"00000000000000000042"


@pytest.mark.parametrize("missing", ["ce_id", "ce_type", "ce_sequence", "log", "epoch", "changeset_end"])
def test_envelope_without_a_header_is_refused_by_name(missing: str) -> None:
    with pytest.raises(NotAnEvent, match=missing):
        decode([header for header in encode(ENVELOPE) if header[0] != missing])


@pytest.mark.parametrize(
    ("name", "value"), [("ce_sequence", b"x"), ("ce_time", b"soon"), ("log", b""), ("ce_id", b"\xff")]
)
def test_envelope_with_a_malformed_header_is_refused(name: str, value: bytes) -> None:
    headers = [(key, value if key == name else held) for key, held in encode(ENVELOPE)]
    with pytest.raises(NotAnEvent):
        decode(headers)
