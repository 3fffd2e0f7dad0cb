#!/usr/bin/env python3
"""Includes go down: every #include in kernel/ obeys kernel/layers."""
import os
import re
import sys

from check_source import ROOT, Findings, files, read

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]', re.M)
FREESTANDING = {"stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "limits.h"}
GENERATED = re.compile(r"(call|capability|kernel|syscall|ioctl)_\w+\.h$")


def read_layers(findings, path="kernel/layers"):
    """{layer: all that it may include}, itself included; a loop or an unknown name is a finding."""
    direct, at = {}, {}
    for number, line in enumerate(read(path).splitlines(), 1):
        line = line.split("#")[0].strip()
        if line:
            name, _, rest = line.partition(":")
            direct[name], at[name] = rest.split(), number
    reach = {}

    def visit(name, trail):
        if name in trail:
            findings.add(path, at[name], "layers", "loop: " + " ".join(trail + [name]))
            return set()
        if name not in reach:
            for below in direct[name]:
                if below not in direct:
                    findings.add(path, at[name], "layers", f"{name} names {below}, which is no layer")
            known = [below for below in direct[name] if below in direct]
            reach[name] = {name}.union(*[visit(below, trail + [name]) for below in known])
        return reach[name]
    for name in direct:
        visit(name, [])
    return reach


def is_host(path):
    """Whether a file is for programs of the host only."""
    return path.startswith("kernel/arch/host/") or path.endswith(
        ("_host.c", "_test.c", "_fuzz.c", "test_main.c", "host_test.h", "_host.h"))


def check_include(findings, reach, path, number, kind, name):
    """One #include of one file."""
    folder = os.path.dirname(path)
    layer = path.split("/")[1]
    if kind == "<":
        if name not in FREESTANDING and not name.startswith("abi/") and not is_host(path):
            findings.add(path, number, "layers", f"<{name}> belongs to the C library")
        return
    first = name.split("/")[0]
    if os.path.basename(name) == "internal.h":
        home = folder if name == "internal.h" else os.path.dirname("kernel/" + name)
        if not (folder == home or folder.startswith(home + "/")) and not path.endswith("_test.c"):
            findings.add(path, number, "layers", f"{name} is private to its folder")
        return
    if name.endswith(".tbl") or first in ("abi", "generated") or GENERATED.match(name):
        return
    if first == "machine":
        if layer != "arch" and not is_host(path):
            findings.add(path, number, "layers", f"{name} is for arch/ only; include \"arch/...\"")
        return
    if "/" not in name:
        if not os.path.exists(os.path.join(ROOT, folder, name)):
            findings.add(path, number, "layers", f"\"{name}\": include it relative to kernel/")
        return
    if first not in reach:
        if not os.path.exists(os.path.join(ROOT, folder, name)):
            findings.add(path, number, "layers", f"{first} is not a layer")
        return
    if first not in reach.get(layer, set()):
        findings.add(path, number, "layers", f"{layer} may not include {first} ({name})")
    if first == "driver" and layer == "driver" and os.path.dirname("kernel/" + name) != folder:
        findings.add(path, number, "layers", f"a driver includes another driver's header ({name})")


def check(findings):
    reach = read_layers(findings)
    for path in files(".c", ".h", ".S", under=("kernel",)):
        layer = path.split("/")[1]
        if layer not in reach:
            findings.add(path, 1, "layers", f"kernel/{layer} does not stand in kernel/layers")
            continue
        text = read(path)
        for match in INCLUDE.finditer(text):
            number = text.count("\n", 0, match.start()) + 1
            check_include(findings, reach, path, number, match.group(1), match.group(2))


if __name__ == "__main__":
    result = Findings()
    check(result)
    print("\n".join(result.lines))
    sys.exit(1 if result.lines else 0)
