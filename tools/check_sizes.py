#!/usr/bin/env python3
"""Sizes: function 70 lines, file 800, header 300, nesting 4, parameters 6, line 100, folder 25."""
import os
import sys

from check_source import Findings, files, functions, read, split

FUNCTION, FILE, HEADER, NESTING, PARAMETERS, COLUMNS, FOLDER = 70, 800, 300, 4, 6, 100, 25


def parameter_count(signature):
    """The number of parameters of the last parenthesis group of a function's head."""
    end = signature.rfind(")")
    depth = 0
    count = 1
    for at in range(end, -1, -1):
        character = signature[at]
        depth += (character == ")") - (character == "(")
        if character == "," and depth == 1:
            count += 1
        if depth == 0:
            inside = signature[at + 1:end].strip()
            return 0 if inside in ("", "void") else count
    return 0


def check_functions(findings, path, code):
    """Length, nesting and parameters of each function."""
    for first, last, signature, body in functions(code):
        name = signature.split("(")[0].split()[-1:] or ["?"]
        name = name[0].lstrip("*")
        if last - first - 1 > FUNCTION:
            findings.add(path, first, "sizes", f"{name}() has {last - first - 1} lines, {FUNCTION} are allowed")
        if "(" in signature and parameter_count(signature) > PARAMETERS:
            findings.add(path, first, "sizes", f"{name}() has {parameter_count(signature)} parameters")
        depth = deepest = 0
        for character in "\n".join(body):
            depth += (character == "{") - (character == "}")
            deepest = max(deepest, depth)
        if deepest - 1 > NESTING:
            findings.add(path, first, "sizes", f"{name}() nests {deepest - 1} deep, {NESTING} are allowed")


def check(findings):
    folders = {}
    for path in files(".c", ".h", ".S", ".py", ".tbl"):
        text = read(path)
        lines = text.count("\n")
        limit = HEADER if path.endswith(".h") else FILE
        if lines > limit and not path.endswith(".tbl"):
            findings.add(path, lines, "sizes", f"{lines} lines, {limit} are allowed")
        for number, line in enumerate(text.split("\n"), 1):
            if len(line.expandtabs(8)) > COLUMNS and not path.endswith((".tbl", ".py")):
                findings.add(path, number, "sizes", f"{len(line.expandtabs(8))} columns")
        if path.endswith(".c"):
            check_functions(findings, path, split(text)[0])
        # A test belongs to the file it tests.
        if not path.endswith(("_test.c", "_fuzz.c")):
            folders.setdefault(os.path.dirname(path), []).append(path)
    for folder, names in folders.items():
        if len(names) > FOLDER:
            findings.add(folder, 0, "sizes", f"{len(names)} files in one folder")


if __name__ == "__main__":
    result = Findings()
    check(result)
    print("\n".join(result.lines))
    sys.exit(1 if result.lines else 0)
