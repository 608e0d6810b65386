import os
import socket

import pytest

from concord import ports as table
from concord.engines import ports
from concord.engines.errors import PortInUse
from concord.engines.ports import Holder


def test_table_is_the_designs() -> None:
    services = ("registry", "profile", "web", "store_pos", "call_center", "sms", "issuer")
    assert [table.port(name) for name in services] == [8100, 8200, 8301, 8302, 8303, 8304, 8400]
    assert [table.port(name) for name in ("postgres", "kafka", "kafka_controller")] == [8432, 8492, 8493]
    assert table.url("web", 9000) == "http://127.0.0.1:9301"


def test_port_in_use_is_said_with_pid_and_command() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        number = server.getsockname()[1]
        with pytest.raises(PortInUse) as refused:
            ports.check_free([("web", number)])
    assert refused.value.detail.startswith(f"Port {number} (web) is in use by pid {os.getpid()}, ")
    assert refused.value.next


def test_port_in_use_by_an_unreadable_process_says_how_to_look() -> None:
    assert ports.describe("kafka", 8492, None) == (
        "Port 8492 (kafka) is in use by a process of another user; look for it with `ss -ltnp` as root."
    )
    assert ports.describe("kafka", 8492, Holder(812, "java kafka.Kafka")) == (
        "Port 8492 (kafka) is in use by pid 812, java kafka.Kafka."
    )


def test_every_taken_port_is_named_at_once() -> None:
    with socket.socket() as one, socket.socket() as two:
        numbers = []
        for server in (one, two):
            server.bind(("127.0.0.1", 0))
            server.listen()
            numbers.append(server.getsockname()[1])
        with pytest.raises(PortInUse) as refused:
            ports.check_free([("web", numbers[0]), ("sms", numbers[1])])
    assert all(str(number) in refused.value.detail for number in numbers)


def test_two_reservations_never_share_a_base() -> None:
    with ports.reserved_base() as one, ports.reserved_base() as two:
        assert one != two


def test_closed_port_is_free() -> None:
    with ports.reserved_base() as base:
        assert ports.is_free(base + 100)
        assert ports.holder(base + 100) is None
