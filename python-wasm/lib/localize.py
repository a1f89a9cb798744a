"""Makes every symbol that a relocatable WebAssembly object defines its own, except the function that a module is started by.

usage: localize.py OBJECT RESULT

Extension modules that are loaded each have their own names; linked into one program, functions of the same name would be taken
for one another. Format: "linking" section and symbol table of the WebAssembly object file linking convention.
"""

import sys
from pathlib import Path

_CUSTOM, _SYMBOL_TABLE = 0, 8
_FUNCTION, _DATA, _GLOBAL, _SECTION, _TAG, _TABLE = range(6)
_WEAK, _LOCAL, _HIDDEN, _UNDEFINED, _EXPLICIT_NAME = 0x1, 0x2, 0x4, 0x10, 0x40


class _Reader:
    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def number(self) -> int:
        """An unsigned LEB128."""
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def name(self) -> bytes:
        return self.take(self.number())

    def rest(self) -> bool:
        return self.at < len(self.data)


def _leb(value: int) -> bytes:
    coded = bytearray()
    while value >= 0x80:
        coded.append(value & 0x7F | 0x80)
        value >>= 7
    coded.append(value)
    return bytes(coded)


def _section(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _leb(len(body)) + body


def _symbol(table: _Reader) -> bytes:
    """Read one symbol and return it, local if it is to be."""
    kind = table.take(1)[0]
    flags = table.number()
    begin, name = table.at, b""
    defined = not flags & _UNDEFINED
    if kind in (_FUNCTION, _GLOBAL, _TAG, _TABLE):
        table.number()
        if defined or flags & _EXPLICIT_NAME:
            name = table.name()
    elif kind == _DATA:
        name = table.name()
        if defined:
            for _ in ("segment", "offset", "size"):
                table.number()
    elif kind == _SECTION:
        table.number()
    # Weak ones are C++'s, of which one is taken for all.
    own = kind in (_FUNCTION, _DATA, _GLOBAL) and defined and not flags & (_WEAK | _LOCAL)
    if own and not name.startswith(b"PyInit_"):
        flags = flags & ~_HIDDEN | _LOCAL
    return bytes([kind]) + _leb(flags) + table.data[begin : table.at]


def _symbols(data: bytes) -> bytes:
    table = _Reader(data)
    count = table.number()
    return _leb(count) + b"".join(_symbol(table) for _ in range(count))


def _linking(body: bytes) -> bytes:
    """Rewrite the symbol table in a "linking" section's content."""
    parts = _Reader(body)
    parts.name()
    parts.number()
    written = [body[: parts.at]]
    while parts.rest():
        kind = parts.take(1)[0]
        part = parts.name()
        written.append(_section(kind, _symbols(part) if kind == _SYMBOL_TABLE else part))
    return b"".join(written)


def main(source: Path, result: Path) -> None:
    module = _Reader(source.read_bytes())
    written = [module.take(8)]
    while module.rest():
        kind = module.take(1)[0]
        body = module.name()
        is_linking = kind == _CUSTOM and _Reader(body).name() == b"linking"
        written.append(_section(kind, _linking(body) if is_linking else body))
    result.write_bytes(b"".join(written))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
