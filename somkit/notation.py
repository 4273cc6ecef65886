"""The text form of a part, ``name:key=value,...``: written and read here, given a meaning in `somkit.spelling`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from somkit.errors import ParameterError

_INTEGER = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?")
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_RESERVED = {"true": True, "false": False, "null": None, "inf": float("inf"), "-inf": float("-inf")}
_STOP = ",[]{}=\"'"


def write(name: str, fields: Mapping[str, Any]) -> str:
    """Spell a part as text.

    Examples
    --------
    >>> write("hex", {"rows": 10, "offset": "even"})
    'hex:rows=10,offset=even'
    """
    pairs = ",".join(f"{key}={_write_value(value)}" for key, value in fields.items())
    return f"{name}:{pairs}" if pairs else name


def _write_value(value: Any) -> str:
    if isinstance(value, str):
        return value if _BARE.fullmatch(value) and value not in _RESERVED else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_write_value(str(key))}={_write_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_write_value(item) for item in value) + "]"
    return json.dumps(value) if isinstance(value, bool | None) else repr(value)


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """Read ``[plugin/]name[:key=value,...]`` into the name and its fields.

    A value is an int, a float (also ``.5``, ``-1e3``), ``true``/``false``, a quoted string, ``[a list]``,
    ``{key=value}``, else a bare word.

    Raises
    ------
    ParameterError
        Where the text is not of that form.

    Examples
    --------
    >>> parse("hex:rows=10,offset=even")
    ('hex', {'rows': 10, 'offset': 'even'})
    """
    name, colon, rest = text.partition(":")
    if not re.fullmatch(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?", name.strip()):
        message = f"cannot read {text!r} as a part; write it as name or name:key=value,key=value."
        raise ParameterError(message)
    reader = _Reader(text, len(name) + 1)
    fields = reader.pairs(end="") if colon and rest.strip() else {}
    return name.strip(), fields


class _Reader:
    """A cursor over one spelling: a few productions of a small grammar."""

    def __init__(self, text: str, at: int) -> None:
        self.text, self.at = text, at

    def _fail(self, expected: str) -> ParameterError:
        return ParameterError(f"cannot read {self.text!r}: {expected} expected at character {self.at + 1}.")

    def _peek(self) -> str:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def _take(self, symbol: str) -> bool:
        if self._peek() != symbol:
            return False
        self.at += len(symbol)
        return True

    def pairs(self, end: str) -> dict[str, Any]:
        """Read ``key=value,...`` up to ``end``, the end of the text if that is empty."""
        found: dict[str, Any] = {}
        while self._peek() != end:
            key = self._quoted() if self._peek() in {'"', "'"} else self._bare()
            if not key or not self._take("="):
                raise self._fail("key=value")
            if key in found:
                message = f"cannot read {self.text!r}: {key!r} is given twice."
                raise ParameterError(message)
            found[key] = self._value()
            if not self._take(","):
                break
        if end and not self._take(end):
            raise self._fail(repr(end))
        if not end and self._peek():
            raise self._fail("a comma")
        return found

    def _value(self) -> Any:
        symbol = self._peek()
        if symbol in {'"', "'"}:
            return self._quoted()
        if symbol == "[":
            self.at += 1
            return self._items()
        if symbol == "{":
            self.at += 1
            return self.pairs(end="}")
        return _literal(self._bare())

    def _items(self) -> list[Any]:
        found: list[Any] = []
        while not self._take("]"):
            found.append(self._value())
            if not self._take(",") and self._peek() != "]":
                raise self._fail("a comma or ']'")
        return found

    def _bare(self) -> str:
        self._peek()
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _STOP:
            self.at += 1
        word = self.text[start : self.at].strip()
        if not word:
            raise self._fail("a word or a number")
        return word

    def _quoted(self) -> str:
        quote, start = self.text[self.at], self.at
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != quote:
            self.at += 2 if self.text[self.at] == "\\" else 1
        if self.at >= len(self.text):
            raise self._fail("a closing " + quote)
        self.at += 1
        body = self.text[start + 1 : self.at - 1]
        if quote == "'":
            body = body.replace("\\'", "'").replace('"', '\\"')
        try:
            return str(json.loads(f'"{body}"', strict=False))
        except json.JSONDecodeError:
            raise self._fail("a string with known escapes") from None


def _literal(word: str) -> Any:
    if word in _RESERVED:
        return _RESERVED[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    if _FLOAT.fullmatch(word):
        return float(word)
    return word
