"""Planned instants, kept to some 50 µs without spinning.

The timers of asyncio and uvloop count whole milliseconds, which is as long as what is measured here; a timerfd of the
kernel counts nanoseconds.
"""

import asyncio
import ctypes
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from time import perf_counter
from types import TracebackType
from typing import Final, Self

CLOCK_MONOTONIC: Final = 1  # what perf_counter reads
TFD_TIMER_ABSTIME: Final = 1
LEAD: Final = 0.02  # s between asking for a pace and its first instant


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Timer(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Alarm:
    """A timer of the kernel; `until` waits for an instant of `perf_counter`. Linux only."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._handle: int = self._libc.timerfd_create(CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._handle < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        os.close(self._handle)

    async def until(self, instant: float) -> None:
        """Return at `instant`; at once when it has passed."""
        if instant <= perf_counter():
            return
        loop = asyncio.get_running_loop()
        rung = loop.create_future()
        loop.add_reader(self._handle, self._ring, rung)
        try:
            self._set(instant)
            await rung
        finally:
            loop.remove_reader(self._handle)

    def _set(self, instant: float) -> None:
        seconds, rest = divmod(round(instant * 1e9), 1_000_000_000)
        timer = _Timer(_Timespec(0, 0), _Timespec(seconds, rest))
        if self._libc.timerfd_settime(self._handle, TFD_TIMER_ABSTIME, ctypes.byref(timer), None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def _ring(self, rung: "asyncio.Future[None]") -> None:
        with suppress(BlockingIOError):
            os.read(self._handle, 8)
            if not rung.done():
                rung.set_result(None)


async def instants(rate: float, count: int) -> AsyncIterator[float]:
    """`count` instants, `rate` of them a second, each given when it is due; late ones at once, so none is left out."""
    begin = perf_counter() + LEAD
    with Alarm() as alarm:
        for number in range(count):
            planned = begin + number / rate
            await alarm.until(planned)
            yield planned
