"""Lines of an NDJSON upload: cut from the stream as it comes, read into `{ref, data}` (api §1)."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from concord.errors import FieldError

CHUNK_LINES = 1_000  # one chunk is one transaction
CHUNK_BYTES = 8 * 1024 * 1024
LONGEST = 1024 * 1024  # bytes of one line; the largest real offer (14,477 SKUs) has 160 KB
_REF = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive whole lines of an upload."""

    first_line: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """A line that could be read; `data` is its JSON with sorted keys, so that equal data has equal bytes."""

    number: int
    ref: str
    data: bytes

    @property
    def fingerprint(self) -> bytes:
        """What tells data from other data under the same ref."""
        return hashlib.blake2b(self.data, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class LineRefused:
    """A line that has no effect, and why."""

    reason: str
    sentence: str
    errors: tuple[FieldError, ...] = ()


TOO_LONG: Final = LineRefused("line_too_long", f"The line is longer than {LONGEST:,} bytes.")
NOT_JSON: Final = LineRefused("json_malformed", "The line is not JSON.")
TOO_DEEP: Final = LineRefused("json_malformed", "data is nested too deeply.")
NOT_A_LINE: Final = LineRefused("line_malformed", "A line is an object with ref and data, and nothing else.")
NOT_DATA: Final = LineRefused("line_malformed", "data is the object that the single POST would have as its body.")
NOT_A_REF: Final = LineRefused("ref_malformed", "ref is a text of 1 to 200 characters without control characters.")
NOT_TEXT: Final = LineRefused("text_not_allowed", "Texts have no character U+0000.")
REF_REUSED: Final = LineRefused("ref_reused", "This ref was used before, with other data.")
BROKEN: Final = LineRefused("internal_error", "This line cannot be imported; tell the operators job and line.")
REFUSALS: Final = (TOO_LONG, NOT_JSON, TOO_DEEP, NOT_A_LINE, NOT_DATA, NOT_A_REF, NOT_TEXT, REF_REUSED, BROKEN)
"""Why a line is refused before its data is looked at, and the last resort; else for the reason of the single POST."""


class Cutter:
    """Cuts a stream of bytes into chunks of whole lines; holds at most one chunk and one line."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._line = 1
        self._skipping = False  # inside a line that is too long; what is held of it is enough to say so

    def feed(self, data: bytes) -> Iterator[Chunk]:
        """The chunks that are complete with these bytes."""
        if self._skipping:
            _, newline, data = data.partition(b"\n")
            if not newline:
                return
            self._held += newline
            self._skipping = False
        self._held += data
        yield from self._whole()
        self._shorten()

    def rest(self) -> Iterator[Chunk]:
        """The last chunk, at the end of the stream."""
        if self._held.strip():
            yield self._cut(len(self._held))

    def _whole(self) -> Iterator[Chunk]:
        while (lines := self._held.count(b"\n")) >= CHUNK_LINES or (lines and len(self._held) > CHUNK_BYTES):
            yield self._cut(self._end_of(min(lines, CHUNK_LINES)))

    def _end_of(self, lines: int) -> int:
        pieces = self._held.split(b"\n", lines)
        return len(self._held) - len(pieces[-1])

    def _cut(self, end: int) -> Chunk:
        chunk = Chunk(self._line, bytes(self._held[:end]))
        del self._held[:end]
        self._line += chunk.data.count(b"\n")
        return chunk

    def _shorten(self) -> None:
        start = self._held.rfind(b"\n") + 1
        if len(self._held) - start > LONGEST:
            del self._held[start + LONGEST + 1 :]
            self._skipping = True


def read_chunk(chunk: Chunk) -> Iterator[tuple[int, Line | LineRefused]]:
    """Each line with its number; blank lines count for the numbers only."""
    for number, raw in enumerate(chunk.data.split(b"\n"), start=chunk.first_line):
        if raw and not raw.isspace():
            yield number, read_line(number, raw)


def read_line(number: int, raw: bytes) -> Line | LineRefused:
    """The line, or why it cannot be one."""
    if len(raw) > LONGEST:
        return TOO_LONG
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return NOT_JSON
    if type(content) is not dict or content.keys() != {"ref", "data"}:
        return NOT_A_LINE
    ref, data = content["ref"], content["data"]
    if type(ref) is not str or not _REF.fullmatch(ref):
        return NOT_A_REF
    if type(data) is not dict:
        return NOT_DATA
    return _with_data(number, ref, data, raw)


def _with_data(number: int, ref: str, data: object, raw: bytes) -> Line | LineRefused:
    if b"\\u0000" in raw:
        return NOT_TEXT
    try:
        return Line(number, ref, orjson.dumps(data, option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError:
        return TOO_DEEP


def ref_of(raw: LineRefused | Line) -> str | None:
    """The caller's name for the line, when it could be read."""
    return raw.ref if isinstance(raw, Line) else None
