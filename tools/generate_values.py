"""Reads abi/values.tbl, what the numbers and addresses in arguments mean, and writes its document.

A part of tools/generate_calls.py; the head of the table describes its lines.
"""
import re

WORDS = ("bits", "one", "points", "kind", "makes")


class ValuesError(Exception):
    """A line of the table that cannot be understood."""


class ValueSet:
    """One set: its word, its name, what it is about, and its rows."""

    def __init__(self, word, name, targets, where):
        self.word, self.name, self.targets, self.where = word, name, targets, where
        self.rows = []

    def add_row(self, line, where):
        """A row `NUMBER NAME`."""
        match = re.fullmatch(r"\s*(-?(?:0x[0-9a-f]+|\d+))\s+(\S+)", line)
        if not match or self.word not in ("bits", "one"):
            raise ValuesError(f"{where}: not a row of a set")
        is_octal = re.fullmatch(r"0\d+", match.group(1))
        self.rows.append({"number": int(match.group(1), 8 if is_octal else 0), "name": match.group(2)})


def joined_lines(path):
    """(number, line) with lines that end with a backslash put together."""
    held, first = "", 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        first = first or number
        if line.endswith("\\"):
            held += line[:-1].rstrip() + " "
            continue
        yield first, held + (line.strip() if held else line)
        held, first = "", 0


def parse_values(path):
    """The sets in the order of the file."""
    sets = []
    for number, line in joined_lines(path):
        where = f"{path}:{number}"
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("\t"):
            if not sets:
                raise ValuesError(f"{where}: a row before any set")
            sets[-1].add_row(line, where)
            continue
        match = re.fullmatch(r"(\w+) ([^:]+):\s+(.*)", line)
        if not match or match.group(1) not in WORDS:
            raise ValuesError(f"{where}: not the head of a set")
        targets = [] if match.group(3) == "-" else match.group(3).split()
        sets.append(ValueSet(match.group(1), match.group(2).strip(), targets, where))
    return sets


def described_arguments(calls):
    """{CALL.ARGUMENT: argument} of calls and of their commands."""
    everything = [*calls, *(command for call in calls for command in call.commands)]
    return {f"{c.name}.{a.name}": a for c in everything for a in c.arguments}


def check_values(sets, calls):
    """Each target exists, no argument means two things, and each address is described."""
    arguments = described_arguments(calls)
    described = {}
    for entry in sets:
        known = {c.name for c in calls} if entry.word == "makes" else arguments
        for target in entry.targets:
            if target not in known:
                raise ValuesError(f"{entry.where}: there is no {target}")
            if entry.word == "makes":
                continue
            if target in described:
                raise ValuesError(f"{entry.where}: {target} is described at {described[target]}")
            described[target] = entry.where
    for target, argument in arguments.items():
        if argument.type == "address" and argument.name not in ("unused", "argument") \
                and target not in described:
            raise ValuesError(f"{target} is an address, and values.tbl does not say what of")


def values_grammar(sets, calls):
    """What the fuzz grammar holds of the sets: for the calls that this CPU has."""
    known = {*described_arguments(calls), *(c.name for c in calls)}
    return [{"word": s.word, "name": s.name, "targets": [t for t in s.targets if t in known],
             "rows": s.rows} for s in sets]


def write_values(sets, path):
    """One table for each set that has rows."""
    lines = ["# Values", "", "Generated from `abi/values.tbl`: what numbers in arguments mean.", ""]
    how = {"bits": "bits", "one": "one of"}
    for entry in sets:
        if not entry.rows:
            continue
        targets = ", ".join(f"`{t}`" for t in entry.targets) or "fields of structures"
        lines += [f"## {entry.name}", "", f"{how[entry.word]}, in {targets}", "", "| number | name |",
                  "|--:|---|"]
        lines += [f"| {row['number']:#x} | `{row['name']}` |" for row in entry.rows] + [""]
    path.write_text("\n".join(lines))
