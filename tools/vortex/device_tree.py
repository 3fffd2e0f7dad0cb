"""Flattened device trees (Devicetree specification, chapter 5): read, changed, written.

A node is a list [name, {property: bytes}, [child nodes]].
"""
import struct

MAGIC, VERSION, COMPATIBLE = 0xD00DFEED, 17, 16
BEGIN_NODE, END_NODE, PROPERTY, NOTHING, END = 1, 2, 3, 4, 9
HEADER_BYTES = 40
RESERVATIONS = bytes(16)        # none


def padded(data):
    """Up to the next token."""
    return data + bytes(-len(data) % 4)


def cells(*numbers):
    """A property of 32-bit numbers."""
    return struct.pack(f">{len(numbers)}I", *numbers)


def read(data):
    """The root node of a tree."""
    structure, strings = struct.unpack_from(">II", data, 8)
    at, above = structure, [["", {}, []]]
    while True:
        token, = struct.unpack_from(">I", data, at)
        at += 4
        if token == BEGIN_NODE:
            end = data.index(0, at)
            node = [data[at:end].decode(), {}, []]
            above[-1][2].append(node)
            above.append(node)
            at = end + 4 - (end - structure) % 4
        elif token == PROPERTY:
            length, name = struct.unpack_from(">II", data, at)
            end = data.index(0, strings + name)
            above[-1][1][data[strings + name:end].decode()] = data[at + 8:at + 8 + length]
            at += 8 + length + -length % 4
        elif token == END_NODE:
            above.pop()
        elif token == END:
            return above[0][2][0]


def write(root):
    """The bytes of a tree."""
    strings, structure, places = bytearray(), bytearray(), {}

    def put(node):
        structure.extend(cells(BEGIN_NODE) + padded(node[0].encode() + b"\0"))
        for name, value in node[1].items():
            if name not in places:
                places[name] = len(strings)
                strings.extend(name.encode() + b"\0")
            structure.extend(cells(PROPERTY, len(value), places[name]) + padded(value))
        for child in node[2]:
            put(child)
        structure.extend(cells(END_NODE))

    put(root)
    structure.extend(cells(END))
    at = HEADER_BYTES + len(RESERVATIONS)
    total = at + len(structure) + len(strings)
    return cells(MAGIC, total, at, at + len(structure), HEADER_BYTES, VERSION, COMPATIBLE, 0, len(strings),
                 len(structure)) + RESERVATIONS + bytes(structure) + bytes(strings)


def find(root, path):
    """The node at a path of names, each as it begins: "cpus/cpu@1"."""
    for name in filter(None, path.split("/")):
        root = next(child for child in root[2] if child[0].startswith(name))
    return root
