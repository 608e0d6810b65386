"""The issuer as a process: it starts on its port, answers, stops when asked, and logs JSON."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import orjson
import pytest

from concord import ports


@pytest.fixture
def base() -> int:
    """A base whose issuer port is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
    return free - ports.OFFSETS["issuer"]


@pytest.fixture
def issuer(base: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "CONCORD_PORT_BASE": str(base),
        "CONCORD_STATE_DIR": str(tmp_path),
        "CONCORD_LOCAL": "true",
    }
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen([sys.executable, "-m", "concord.signin"], env=environment, stderr=log) as process,
    ):
        yield process
        process.kill()


def until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + 90  # a machine that does much else
    while True:
        try:
            assert httpx.get(f"{url}/healthz/ready").status_code == 200
        except httpx.TransportError:
            assert process.poll() is None
            assert monotonic() < deadline
            sleep(0.02)
        else:
            return


def exchange(port: int, sent: bytes) -> bytes:
    """What the server says to raw bytes until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_issuer_serves_until_it_is_asked_to_stop(
    base: int, issuer: subprocess.Popen[bytes], tmp_path: Path, stop: signal.Signals
) -> None:
    url = ports.url("issuer", base)
    until_ready(url, issuer)
    answer = httpx.post(f"{url}/v1/tokens", json={"person": "linda"})
    assert answer.json()["token_type"] == "Bearer"
    assert "server" not in answer.headers
    assert httpx.head(f"{url}/v1/tokens").status_code == 405
    issuer.send_signal(stop)
    assert issuer.wait(10) == 0
    lines = [orjson.loads(line) for line in (tmp_path / "log").read_bytes().splitlines()]
    assert [line["action"] for line in lines if "action" in line] == ["start", "stop"]
    assert all(line["service"] == "issuer" for line in lines)


def test_a_refused_upload_does_not_hang_and_is_a_problem(base: int, issuer: subprocess.Popen[bytes]) -> None:
    until_ready(ports.url("issuer", base), issuer)
    port = ports.port("issuer", base)
    head = b"POST /v1/tokens HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
    stated = exchange(port, head + b"content-length: 99999999999\r\n\r\n")
    assert b" 413 " in stated.split(b"\r\n")[0]
    assert b"body_too_large" in stated
    chunked = exchange(
        port, head + b"transfer-encoding: chunked\r\n\r\n" + b"10000\r\n" + b"x" * 65_536 + b"\r\n" + b"0\r\n\r\n"
    )
    assert b"json_malformed" in chunked


def test_a_process_that_cannot_have_its_port_says_so(
    base: int, issuer: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    until_ready(ports.url("issuer", base), issuer)
    environment = {
        **os.environ,
        "CONCORD_PORT_BASE": str(base),
        "CONCORD_STATE_DIR": str(tmp_path),
        "CONCORD_LOCAL": "true",
    }
    second = subprocess.run(
        [sys.executable, "-m", "concord.signin"], env=environment, capture_output=True, timeout=30, check=False
    )
    assert second.returncode not in (0, None)
    assert b"address already in use" in second.stderr
    assert b"Traceback" not in second.stderr


def test_shipped_secrets_are_refused_outside_local_runs(base: int, tmp_path: Path) -> None:
    environment = {**os.environ, "CONCORD_PORT_BASE": str(base), "CONCORD_STATE_DIR": str(tmp_path)}
    environment.pop("CONCORD_LOCAL", None)
    refused = subprocess.run(
        [sys.executable, "-m", "concord.signin"], env=environment, capture_output=True, timeout=30, check=False
    )
    assert refused.returncode == 2
    assert b"Traceback" not in refused.stderr
    assert b"CONCORD_CLIENT_SECRET" in refused.stderr


@pytest.mark.parametrize(
    ("module", "service", "environment", "told"),
    [
        ("concord.signin", "issuer", {"CONCORD_W2": "0"}, {"CONCORD_W2": "Input should be greater than 0"}),
        ("channel_adapters.web", "channel-web", {"CONCORD_LOCAL": "perhaps", "CONCORD_W2": "soon"}, None),
        ("offer_registry", "offer-registry", {}, {"CONCORD_DATABASE_URL": "It must be set."}),
        ("customer_profile", "customer-profile", {}, {"CONCORD_DATABASE_URL": "It must be set."}),
    ],
)
def test_process_with_a_setting_that_makes_no_sense_names_it_and_ends_with_2(
    module: str, service: str, environment: dict[str, str], told: dict[str, str] | None
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONCORD_")}
    ended = subprocess.run(  # noqa: S603  ours
        [sys.executable, "-m", module], env=clean | environment, capture_output=True, check=False, timeout=60
    )
    lines = [orjson.loads(line) for line in ended.stderr.splitlines()]
    assert (ended.returncode, {line["service"] for line in lines}) == (2, {service})
    found = {line["setting"]: line["reason"] for line in lines}
    assert found == told if told else found.keys() == {"CONCORD_LOCAL", "CONCORD_W2"}
