"""test/differential: command lines whose output and status must be the same on Linux and Aegis."""
import difflib
import os
import re

from .. import images
from ..common import BUILD, ROOT, Failure, run as run_command
from ..toolchain import compiler
from .oracle import on_aegis, on_linux, write_initrd

END = "@@ end of all"
FOLDER = os.path.join(ROOT, "test", "differential")
# file of lines, image, shell as test/differential/run.sh takes it, memory in MB
FILES = [("busybox", "busybox", "busybox", 512), ("applets", "busybox", "busybox", 512),
         ("coreutils", "debian", "/bin/bash", 1024), ("system", "debian", "/bin/bash", 1024)]
COMMAND = """#!/bin/sh
dmesg -n 1 2>/dev/null
sh /test/run.sh /test/lines {shell} {first}
echo "@@ end"" of all"
/bin/busybox poweroff -f
"""


ELF_COMMAND = """#!/bin/sh
dmesg -n 1 2>/dev/null
/test/elf_lies
/bin/busybox poweroff -f
"""
ELF_END = "@@ end of lies"


def read_lines(name):
    """{number: line} of a file: no comments, no blank lines."""
    with open(os.path.join(FOLDER, name + ".txt")) as lines:
        return {n: l.rstrip("\n") for n, l in enumerate(lines, 1)
                if l.strip() and not l.startswith("#")}


def initrd(lines, image, shell, first, arch):
    """An image that runs the lines from `first` on."""
    text = "".join(lines.get(number, "") + "\n" for number in range(1, max(lines) + 1))
    files = {"test/lines": (text.encode(), 0o644)}
    with open(os.path.join(FOLDER, "run.sh"), "rb") as data:
        files["test/run.sh"] = (data.read(), 0o644)
    return write_initrd(images.image_with(image, arch, files, COMMAND.format(shell=shell, first=first)))


def parse(output):
    """{number: (status, text)}."""
    found = re.findall(r"^@@ (\d+)\n((?:(?!@@ \d+\n).*\n)*?)@@ status (\d+)$", output, re.M)
    return {int(number): (int(status), text) for number, text, status in found}


def run(context, report):
    """Each file of command lines on both kernels; with --only, the lines that contain it."""
    if context.only and not any(context.only in line for name, *_ in FILES for line in read_lines(name).values()):
        raise Failure(f"no line of test/differential contains {context.only}")
    for name, image, shell, memory in FILES:
        run_file(context, report, name, (image, shell, memory))
    if not context.only:
        run_elf_lies(context, report)


def _pass(runner, setting, lines, arch, attempts):
    """Runs the lines; when the machine dies in one, goes on after it with a fresh machine."""
    image, shell, memory = setting
    found, reasons, first = {}, {}, 1
    for _ in range(attempts):
        path = initrd(lines, image, shell, first, arch)
        try:
            output, reason = runner(path, memory)
        finally:
            os.unlink(path)
        new = parse(output)
        found.update(new)
        if not reason:
            break
        left = [n for n in lines if n > max(new, default=first - 1)]
        if not left:
            break
        reasons[left[0]] = f"{reason}; {output[-200:]!r}"
        if not new and first > 1:
            break
        first = left[0] + 1
    return found, reasons


def differences(expected, found):
    """What two results do not share, as lines of a comparison."""
    sides = [[f"status {status}", *text.splitlines()] for status, text in (expected, found)]
    return [line for line in difflib.unified_diff(*sides, "Linux", "Aegis", n=1, lineterm="")]


def run_file(context, report, name, setting):
    """The lines of one file on Linux and on Aegis."""
    lines = {number: line for number, line in read_lines(name).items() if context.only in line}
    if not lines:
        return
    expected, _ = _pass(lambda path, memory: on_linux(context.arch, path, END, 300, smp=4, memory=memory),
                        setting, lines, context.arch, 1)
    found, reasons = _pass(lambda path, memory: on_aegis(context, path, END, 300, smp=4, memory=memory),
                           setting, lines, context.arch, 4)
    for number, line in lines.items():
        label = f"{name}: {line}"
        if number not in expected:
            report.not_ok(label, "no result on Linux")
        elif number not in found:
            report.not_ok(label, f"no result {reasons.get(number, '')}")
        else:
            report.check(label, found[number] == expected[number],
                         "\n" + "\n".join(differences(expected[number], found[number])[:20]))


def elf_initrd(arch):
    """An image with the program of test/differential/elf, which executes ELF files that lie."""
    folder = os.path.join(ROOT, "test", "differential", "elf")
    program = os.path.join(BUILD, arch, "elf_lies")
    os.makedirs(os.path.dirname(program), exist_ok=True)
    model = ["-fno-pic", "-no-pie", "-mcmodel=tiny"] if arch == "aarch64" else []
    run_command([compiler(arch, "musl"), "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", *model, "-static", "-s",
                 "-I", os.path.join(folder, "arch", arch), "-o", program,
                 *(os.path.join(folder, name + ".c") for name in ("main", "image", "cases", "guest"))])
    with open(program, "rb") as data:
        files = {"test/elf_lies": (data.read(), 0o755)}
    return write_initrd(images.image_with("busybox", arch, files, ELF_COMMAND))


def parse_outcomes(output):
    """{what was tried: what became of it}."""
    return dict(re.findall(r"^@@ ([^:\n]+): (.*)$", output, re.M))


def first_difference(expected, found):
    """Where two lists of outcomes part, short enough to read."""
    at = next((i for i, (a, b) in enumerate(zip(expected, found)) if a != b), min(len(expected), len(found)))
    at = max(expected.rfind(" ", 0, at), 0)
    return f"Linux {expected[at:at + 60]!r}, Aegis {found[at:at + 60]!r}"


def run_elf_lies(context, report):
    """Each line of the program on Linux and on Aegis. Without protection keys, which make memory that may
    only be executed unreadable on Linux."""
    path = elf_initrd(context.arch)
    try:
        options = {"smp": 4, "memory": 512, "cpu": "max,-pku" if context.arch == "x86_64" else "max"}
        output, reason = on_linux(context.arch, path, ELF_END, 600, **options)
        expected = parse_outcomes(output)
        if reason:
            report.not_ok("elf: on Linux", reason)
        kernels = [("elf", False)] + ([("elf debug", True)] if context.long else [])
        for label, debug in kernels:
            output, reason = on_aegis(context, path, ELF_END, 600, debug=debug, **options)
            found = parse_outcomes(output)
            report.check(f"{label}: comes to its end", not reason, f"{reason}; {output[-300:]!r}")
            for name, outcome in expected.items():
                if name not in found:
                    report.not_ok(f"{label}: {name}", "no result")
                else:
                    report.check(f"{label}: {name}", outcome == found[name], first_difference(outcome, found[name]))
    finally:
        os.unlink(path)
