"""Who can reach the stack: this machine alone (architecture §8)."""

import socket

import pytest

from concord import ports
from concord.engines.stack import Stack

LISTENING = sorted(set(ports.OFFSETS) - {"mystery_shopper"})  # which is not built yet


def accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize("name", LISTENING)
async def test_everything_listens_on_127_0_0_1_and_no_other_address(stack: Stack, name: str) -> None:
    port = ports.port(name, stack.base)
    # 127.0.0.2 is this machine too: whoever listens on every address answers there.
    assert (accepts("127.0.0.1", port), accepts("127.0.0.2", port)) == (True, False)
