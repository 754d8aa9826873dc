"""Thrift's compact protocol, as far as footers and page headers of Parquet need it, so that tests can make them lie.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

import struct
from dataclasses import dataclass
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)


@dataclass
class Field:
    """A value with its type on the wire; of a list the type of its elements and the elements."""

    kind: int
    value: Any


Struct = dict[int, Field]


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number: int) -> bytes:
    return varint((number << 1) ^ (number >> 63) if number >= 0 else ((-number) << 1) - 1)


def encode(fields: Struct) -> bytes:
    """The bytes of a struct."""
    out, last = bytearray(), 0
    for number, field in fields.items():
        step = number - last
        out += bytes([step << 4 | field.kind]) if 0 < step <= 15 else bytes([field.kind]) + zigzag(number)
        out += b"" if field.kind in (TRUE, FALSE) else _encoded(field.kind, field.value)
        last = number
    return bytes(out) + b"\0"


def _encoded(kind: int, value: Any) -> bytes:
    if kind == STRUCT:
        return encode(value)
    if kind in (I16, I32, I64):
        return zigzag(value)
    if kind == BINARY:
        return varint(len(value)) + value
    if kind == LIST:
        element, values = value
        head = (
            bytes([len(values) << 4 | element]) if len(values) < 15 else bytes([0xF0 | element]) + varint(len(values))
        )
        return head + b"".join(_encoded(element, each) for each in values)
    if kind == BYTE:
        return bytes([value & 0xFF])
    if kind in (TRUE, FALSE):  # An element of a list.
        return bytes([TRUE if value else FALSE])
    return struct.pack("<d", value)


class Reader:
    """Decodes structs from ``content``, from ``position`` on."""

    def __init__(self, content: bytes, position: int = 0) -> None:
        self.content, self.position = content, position

    def struct(self) -> Struct:
        fields: Struct = {}
        number = 0
        while (head := self._byte()) != 0:
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            kind = head & 0x0F
            fields[number] = Field(kind, kind == TRUE if kind in (TRUE, FALSE) else self._value(kind))
        return fields

    def _value(self, kind: int) -> Any:
        if kind == STRUCT:
            return self.struct()
        if kind in (I16, I32, I64):
            return self._zigzag()
        if kind == BINARY:
            return self._take(self._varint())
        if kind == LIST:
            head = self._byte()
            n_values = self._varint() if head >> 4 == 15 else head >> 4
            return head & 0x0F, [self._value(head & 0x0F) for _ in range(n_values)]
        if kind in (BYTE, TRUE, FALSE):
            return self._byte()
        return struct.unpack("<d", self._take(8))[0]

    def _take(self, n_bytes: int) -> bytes:
        self.position += n_bytes
        return self.content[self.position - n_bytes : self.position]

    def _byte(self) -> int:
        return self._take(1)[0]

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)
