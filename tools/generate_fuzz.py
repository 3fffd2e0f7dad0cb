#!/usr/bin/env python3
"""Makes the tables of the system-call fuzzer (test/stress/fuzz/fuzz.h) from the grammar of all calls.

For each argument it decides what kind of value stands there, by its type in abi/syscalls.tbl and by
abi/values.tbl; what structures hold comes from test/stress/fuzz/layouts.tbl.
"""
import argparse
import json
import pathlib
import re
import sys

# Types of syscalls.tbl that say what a number is.
SCALAR_KINDS = {"zero": "SMALL", "fd": "DESCRIPTOR", "dirfd": "DIRECTORY", "size": "LENGTH", "offset": "OFFSET",
                "position": "OFFSET", "address": "ADDRESS", "signal": "SIGNAL"}
WIDTHS = {"int": 4, "uint": 4, "fd": 4, "dirfd": 4, "signal": 4, "flags": 4, "mode": 4}
# What an address may point to, beside layouts.
POINTER_KINDS = {"bytes": "BUFFER", "string": "STRING", "string[]": "STRINGS", "memory": "MEMORY",
                 "attribute_name": "ATTRIBUTE_NAME", "mount_options": "MOUNT_OPTIONS",
                 "futex_word": "FUTEX_ADDRESS"}


class Tables:
    """Collects the rows of the tables; gives each set, layout and value its index."""

    def __init__(self, grammar, layouts):
        self.calls = grammar["calls"]
        self.sets = [s for s in grammar["values"] if s["rows"]]
        self.sets += [{"word": "command", "name": f"commands of {call['name']}", "rows": call["commands"]}
                      for call in self.calls if "commands" in call]
        self.set_index = {s["name"]: i for i, s in enumerate(self.sets)}
        self.layouts = list(layouts)
        self.layout_index = {name: i for i, name in enumerate(self.layouts)}
        self.fields = {name: [self.value(*field) for field in fields] for name, fields in layouts.items()}
        self.meaning = {}
        for entry in grammar["values"]:
            for target in entry["targets"]:
                if entry["word"] != "makes":
                    self.meaning[target] = entry
        self.makes = {t: s["name"] for s in grammar["values"] if s["word"] == "makes" for t in s["targets"]}

    def value(self, kind, width):
        """(kind, width, index) of a named kind or set."""
        if kind in self.set_index:
            word = self.sets[self.set_index[kind]]["word"]
            return ("BITS" if word == "bits" else "ONE", width, self.set_index[kind])
        return (kind.upper(), width, 0)

    def pointer(self, kind):
        """What `in struct x[]` and its like are."""
        kind = re.sub(r"^(in|out|inout)(=\w+)?\?? ", "", kind)
        if kind in POINTER_KINDS:
            return (POINTER_KINDS[kind], 8, 0)
        name = kind.removesuffix("[]")
        if name not in self.layout_index:
            return ("BUFFER", 8, 0)
        return ("ARRAY" if kind.endswith("[]") else "STRUCTURE", 8, self.layout_index[name])

    def argument(self, call, argument):
        """What stands in an argument of a call or a command."""
        entry = self.meaning.get(f"{call['name']}.{argument['name']}")
        width = WIDTHS.get(argument["type"], 8)
        if argument["type"] == "command" and "commands" in call:
            return ("COMMAND", width, self.set_index[f"commands of {call['name']}"])
        if entry and entry["word"] == "points":
            return self.pointer(entry["name"])
        if entry:
            return self.value(entry["name"], width)
        if argument["kind"] == "scalar":
            return (SCALAR_KINDS.get(argument["type"], "NUMBER"), width, 0)
        if argument["kind"] in ("in", "out", "inout"):
            return self.pointer("in " + argument["struct"])
        if argument["kind"] == "vectors":
            return ("ARRAY", 8, self.layout_index["struct iovec"])
        return {"file": ("DESCRIPTOR", 4, 0), "path": ("NAME", 8, 0), "bytes": ("BUFFER", 8, 0)}[argument["kind"]]

    def after(self, row):
        """What a command says of the arguments after it: [(position, value)]."""
        return [(a["index"], self.argument(row, a)) for a in row.get("arguments", ())
                if a["type"] not in ("command", "zero") and a["kind"] != "file"]


def parse_layouts(path):
    """{type: [(kind, bytes)]}."""
    layouts = {}
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, fields = line.split(": ", 1)
        layouts[name] = []
        for field in fields.split():
            match = re.fullmatch(r"(\w+):(\d)(?:\*(\d+))?", field)
            if not match:
                sys.exit(f"{path}: {field!r} is no field")
            layouts[name] += [(match.group(1), int(match.group(2)))] * int(match.group(3) or 1)
    return layouts


def c_value(value):
    kind, width, index = value
    return f"{{ FUZZ_{kind}, {width}, {index} }}"


def write_sets(tables):
    lines = []
    for index, entry in enumerate(tables.sets):
        lines.append(f"static const struct fuzz_row rows_{index}[] = {{")
        for row in entry["rows"]:
            after = tables.after(row)
            rest = ", ".join(f"{{ {position}, {c_value(value)} }}" for position, value in after)
            lines.append(f'\t{{ (uint64_t){row["number"]}ll, "{row["name"]}", {len(after)}, '
                         f'{{ {rest or "{ 0 }"} }} }},')
        lines.append("};")
    lines.append("const struct fuzz_set fuzz_sets[] = {")
    lines += [f'\t{{ "{s["name"]}", rows_{i}, {len(s["rows"])} }},' for i, s in enumerate(tables.sets)]
    return lines + ["};", ""]


def write_layouts(tables):
    lines = []
    for index, name in enumerate(tables.layouts):
        fields = ", ".join(c_value(f) for f in tables.fields[name])
        lines.append(f"static const struct fuzz_value fields_{index}[] = {{ {fields} }};")
    lines.append("const struct fuzz_layout fuzz_layouts[] = {")
    lines += [f'\t{{ "{n}", fields_{i}, {len(tables.fields[n])}, {sum(f[1] for f in tables.fields[n])} }},'
              for i, n in enumerate(tables.layouts)]
    return lines + ["};", ""]


def write_calls(tables):
    lines = ["const struct fuzz_call fuzz_calls[] = {"]
    for call in tables.calls:
        arguments = ", ".join(c_value(tables.argument(call, a)) for a in call["arguments"])
        made = tables.makes.get(call["name"], "nothing").upper()
        lines.append(f'\t{{ "{call["name"]}", {call["number"]}, FUZZ_MAKES_{made}, '
                     f'{len(call["arguments"])}, {{ {arguments or "{ 0 }"} }} }},')
    lines += ["};", "const unsigned fuzz_call_count = sizeof(fuzz_calls) / sizeof(fuzz_calls[0]);", ""]
    lines += ["const unsigned fuzz_call_limit = "
              f"{max(c['number'] for c in tables.calls) + 1};", ""]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grammar", type=pathlib.Path, required=True)
    parser.add_argument("--layouts", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    tables = Tables(json.loads(options.grammar.read_text()), parse_layouts(options.layouts))
    lines = ["/* Generated by tools/generate_fuzz.py from the grammar of the calls. */",
             '#include "fuzz.h"', ""]
    lines += write_sets(tables) + write_layouts(tables) + write_calls(tables)
    options.out.write_text("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
