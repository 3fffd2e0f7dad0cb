"""test/differential: command lines whose output and status must be the same on Linux and Aegis."""
import os
import re

from .. import images
from ..common import ROOT
from .oracle import on_aegis, on_linux, write_initrd

END = "@@ end of all"
FOLDER = os.path.join(ROOT, "test", "differential")
# file of lines, image, shell as test/differential/run.sh takes it, memory in MB
FILES = [("busybox", "busybox", "busybox", 512), ("coreutils", "debian", "/bin/bash", 1024)]
COMMAND = """#!/bin/sh
dmesg -n 1 2>/dev/null
sh /test/run.sh /test/lines {shell} {first}
echo "@@ end"" of all"
/bin/busybox poweroff -f
"""


def read_lines(name):
    """{number: line} of a file: no comments, no blank lines."""
    with open(os.path.join(FOLDER, name + ".txt")) as lines:
        return {n: l.rstrip("\n") for n, l in enumerate(lines, 1)
                if l.strip() and not l.startswith("#")}


def initrd(name, image, shell, first, arch):
    """An image that runs the lines from `first` on."""
    files = {}
    for target, source in (("test/lines", name + ".txt"), ("test/run.sh", "run.sh")):
        with open(os.path.join(FOLDER, source), "rb") as data:
            files[target] = (data.read(), 0o644)
    return write_initrd(images.image_with(image, arch, files, COMMAND.format(shell=shell, first=first)))


def parse(output):
    """{number: (status, text)}."""
    found = re.findall(r"^@@ (\d+)\n((?:(?!@@ \d+\n).*\n)*?)@@ status (\d+)$", output, re.M)
    return {int(number): (int(status), text) for number, text, status in found}


def run(context, report):
    """Each file of command lines on both kernels."""
    for name, image, shell, memory in FILES:
        run_file(context, report, name, (image, shell, memory))


def _pass(runner, name, setting, lines, arch, attempts):
    """Runs the lines; when the machine dies in one, goes on after it with a fresh machine."""
    image, shell, memory = setting
    found, reasons, first = {}, {}, 1
    for _ in range(attempts):
        path = initrd(name, image, shell, first, arch)
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


def run_file(context, report, name, setting):
    """The lines of one file on Linux and on Aegis."""
    lines = read_lines(name)
    expected, _ = _pass(lambda path, memory: on_linux(context.arch, path, END, 300, smp=4, memory=memory),
                        name, setting, lines, context.arch, 1)
    found, reasons = _pass(lambda path, memory: on_aegis(context, path, END, 300, smp=4, memory=memory),
                           name, setting, lines, context.arch, 4)
    for number, line in lines.items():
        label = f"{name}: {line}"
        if number not in expected:
            report.not_ok(label, "no result on Linux")
        elif number not in found:
            report.not_ok(label, f"no result {reasons.get(number, '')}")
        else:
            report.check(label, found[number] == expected[number],
                         f"\n  Linux {expected[number]!r:.300}\n  Aegis {found[number]!r:.300}")
