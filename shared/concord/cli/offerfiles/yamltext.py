"""YAML read as strictly as JSON, and written so that every reader of YAML reads the same.

A plain scalar is `null` (also `~` or nothing), `true`, `false` or a number as JSON writes it; anything else is text, so
`no`, `2026-06-01`, `12:30`, `010` and `1_000` are. Names of fields are always text. Refused, because it says something
else than it seems to or can grow without end: anchors and aliases, tags, a name given twice.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

DEEPEST: Final = 64  # as in JSON (`concord.web.strict`)
PARSER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's where the wheel has it: some ten times faster

_CONSTANTS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,999})")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_ESCAPED: Final = re.compile(r"[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010fffe]")


class YamlRefused(Exception):
    """The text is no YAML, or YAML that is not taken."""

    def __init__(self, sentence: str, line: int) -> None:
        self.sentence = sentence
        self.line = line  # from 1
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a file, and the line it begins at, from 1."""

    value: Any
    line: int


def documents(text: str) -> list[Document]:
    """The documents of a text; empty ones are left out.

    Raises:
        YamlRefused: the first thing that is wrong.
    """
    try:
        return list(_documents(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlRefused(f"It is not YAML: {error.problem or error.context}.", mark.line + 1 if mark else 1) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlRefused(f"It is not YAML: {str(error).splitlines()[0]}.", 1) from None


def _documents(text: str) -> Iterator[Document]:
    builder = _Builder()
    for event in yaml.parse(text, Loader=PARSER):
        if isinstance(event, yaml.DocumentStartEvent):
            builder = _Builder()
        elif isinstance(event, yaml.DocumentEndEvent):
            if builder.value is not None:
                yield Document(builder.value, builder.line)
        elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent):
            builder.take(event)


@dataclass(slots=True)
class _Open:
    """An object or list that is being read; `name` is the field whose value comes next."""

    value: Any
    name: str | None = None


@dataclass(slots=True)
class _Builder:
    """One document out of its events. It keeps its own stack, so that depth costs none of Python's."""

    value: Any = None
    line: int = 0
    stack: list[_Open] = field(default_factory=list)

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        self.line = self.line or line
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.stack.pop()
            return
        _refuse(event, line)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        else:
            self._open({} if isinstance(event, yaml.MappingStartEvent) else [], line)

    def _scalar(self, event: Any, line: int) -> None:
        at = self.stack[-1] if self.stack else None
        if at is not None and isinstance(at.value, dict) and at.name is None:
            if event.value in at.value:
                raise YamlRefused(f"The field {event.value} is there twice.", line)
            at.name = event.value
        else:
            self._put(event.value if event.style else _plain(event.value), line)

    def _open(self, container: Any, line: int) -> None:
        if len(self.stack) >= DEEPEST:
            raise YamlRefused(f"It is nested deeper than {DEEPEST}.", line)
        self._put(container, line)
        self.stack.append(_Open(container))

    def _put(self, value: Any, line: int) -> None:
        if not self.stack:
            self.value = value
            return
        at = self.stack[-1]
        if isinstance(at.value, list):
            at.value.append(value)
        elif at.name is None:
            raise YamlRefused("A field's name is a text.", line)
        else:
            at.value[at.name], at.name = value, None


def _refuse(event: Any, line: int) -> None:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise YamlRefused("Anchors (&) and aliases (*) are not taken; write it out, or quote the text.", line)
    if event.tag is not None:
        raise YamlRefused("Tags (!) are not taken; quote what is a text.", line)


def _plain(text: str) -> Any:
    """What an unquoted scalar stands for."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else text


class _Dumper(yaml.SafeDumper):
    """In Python, not libyaml's: the same bytes wherever it runs."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Lines as a block; what not everybody sees, or reads the same, by its escape."""
    style = '"' if _ESCAPED.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
# Quoted when it is text: PyYAML follows YAML 1.1, to which 1e3 is no number.
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(f"^(?:{_NUMBER.pattern})$"), list("-0123456789"))


def written(values: Sequence[Any]) -> str:
    """JSON values as YAML, a document each, fields in their order and one line for each text without line ends."""
    return "---\n".join(
        yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf")) for value in values
    )
