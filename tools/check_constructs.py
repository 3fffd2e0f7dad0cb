#!/usr/bin/env python3
"""Banned calls, `extern` in C files, tests for a CPU or an option outside arch/, typedefs of structs."""
import re
import sys

from check_source import Findings, files, read, split

BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|strncpy|strncat|gets|alloca|strtok|"
                    r"atoi|atol|sscanf|setjmp|longjmp)\s*\(")
TYPEDEF = re.compile(r"^typedef\s+(struct|union|enum)\b")
CONDITION = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)\b(.*)")
GUARD = re.compile(r"\s*[A-Z0-9_]+_H_?\s*$")
ALLOWED_CONDITION = re.compile(r"^\s*(defined\s*\(?\s*)?__ASSEMBLER__\)?\s*$")


def check_conditions(findings, path, code):
    """Preprocessor conditions: only include guards, except in arch/ and base/compiler.h."""
    if path.startswith("kernel/arch/") or path == "kernel/base/compiler.h" or not path.startswith("kernel/"):
        return
    for number, line in enumerate(code.split("\n"), 1):
        match = CONDITION.match(line)
        if not match or ALLOWED_CONDITION.match(match.group(2)):
            continue
        if match.group(1) == "ifndef" and GUARD.match(match.group(2)) and path.endswith(".h"):
            continue
        findings.add(path, number, "one-place", f"#{match.group(1)}{match.group(2)}"[:70])


def check(findings):
    for path in files(".c", ".h"):
        code, _ = split(read(path))
        check_conditions(findings, path, code)
        kernel = path.startswith("kernel/")
        for number, line in enumerate(code.split("\n"), 1):
            if kernel and path.endswith(".c") and re.match(r"\s*extern\b", line):
                findings.add(path, number, "no-extern", line.strip()[:60])
            if kernel and TYPEDEF.match(line) and "(*" not in line:
                findings.add(path, number, "tags-not-typedefs", line.strip()[:60])
            match = BANNED.search(line)
            if match and kernel:
                findings.add(path, number, "banned", match.group(1))
        if path.endswith(".h") and not re.search(r"^#ifndef \w+_H\n#define \w+_H", code, re.M):
            findings.add(path, 1, "guard", "no include guard")


if __name__ == "__main__":
    result = Findings()
    check(result)
    print("\n".join(result.lines))
    sys.exit(1 if result.lines else 0)
