#!/usr/bin/env python3
"""Writes the table of README.md: which checks exercise each call of tier1.list.

A check exercises a call when its body, or a helper of its file that it names, makes
the call by number (SYS_name). What no check reaches stands first, so that it shows.
"""
import glob
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = "<!-- made by coverage.py: do not edit below -->\n"
# Names that a call has on one CPU or in one library only; the last, calls without SYS_ spelling.
SAME = {"newfstatat": ["fstatat"], "clone": ["clone("], "vfork": ["vfork("],
        "rt_sigreturn": ["return_through("]}


def functions(source):
    """{name: body} of a file; checks have names that begin with TEST."""
    found = {}
    pattern = r"^(?:TEST\((\w+)\)|HELPER\((\w+)\)|[\w][\w \t\*]*?\b(\w+)\([^;{}]*\))\n\{\n(.*?)^\}"
    for match in re.finditer(pattern, source, re.M | re.S):
        test, _, name, body = match.groups()
        found[f"TEST {test}" if test else name or "helper"] = body
    return found


def calls_of(body, known, depth=0):
    """The calls that a body makes, by itself and through helpers of its file."""
    made = set(re.findall(r"\bSYS_(\w+)", body))
    for call, spellings in SAME.items():
        if any(spelling in body or "SYS_" + spelling in body for spelling in spellings):
            made.add(call)
    if depth < 3:
        for name in {name.lower() for name in re.findall(r"\b(\w+)\(", body)}:
            if name in known:
                made |= calls_of(known[name], known, depth + 1)
    return made


def survey():
    """({call: [program.check]}, number of checks)."""
    reached, count = {}, 0
    for path in sorted(glob.glob(os.path.join(HERE, "*", "*.c"))):
        program = os.path.relpath(path, HERE)[:-2].replace(os.sep, "_")
        with open(path) as file:
            known = functions(file.read())
        for name, body in known.items():
            if not name.startswith("TEST "):
                continue
            count += 1
            for call in calls_of(body, known):
                reached.setdefault(call, []).append(f"{program}.{name[5:]}")
    return reached, count


def table(reached, count):
    """The generated half of README.md."""
    lines, missing, total, subject = [], [], 0, ""
    with open(os.path.join(HERE, "tier1.list")) as file:
        for line in file.read().split("\n"):
            if line.startswith("# "):
                subject = line[2:]
                lines += ["", f"### {subject}", "", "| call | checks | among them |", "|---|---|---|"]
            elif line:
                total += 1
                checks = reached.get(line, [])
                if not checks:
                    missing.append(line)
                lines.append(f"| {line} | {len(checks)} | {' '.join(checks[:3])} |")
    head = [f"{count} checks; {total - len(missing)} of {total} calls exercised by number.", "",
            "Not exercised: " + (" ".join(missing) or "none") + "."]
    return "\n".join(head + lines) + "\n"


def main():
    path = os.path.join(HERE, "README.md")
    with open(path) as file:
        head = file.read().split(MARK)[0]
    with open(path, "w") as file:
        file.write(head + MARK + "\n" + table(*survey()))


if __name__ == "__main__":
    main()
