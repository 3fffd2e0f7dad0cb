"""test/differential: command lines whose output and status must be the same on Linux and Aegis."""
import base64
import glob
import os
import re

from .. import images
from ..common import ROOT
from .oracle import on_aegis, on_linux, write_initrd

END = "== all lines ran"
# Each line runs in a fresh copy of /test/data; what it prints comes back as base64.
COMMAND = r"""#!/bin/sh
mkdir -p /tmp/work
number=0
while IFS= read -r line <&3; do
	number=$((number + 1))
	rm -rf /tmp/work/d
	cp -r /test/data /tmp/work/d
	cd /tmp/work/d
	timeout 30 SHELL -c "$line" >/tmp/work/out 2>&1 </dev/null 3<&-
	status=$?
	cd /
	echo "== line $number $status"
	base64 </tmp/work/out
done 3</test/lines
echo "== all lines"" ran"
/bin/busybox poweroff -f
"""


def read_lines(path):
    """The command lines of a file: no comments, no blank lines."""
    with open(path) as lines:
        return [l.rstrip("\n") for l in lines if l.strip() and not l.startswith("#")]


def initrd(name, arch, lines):
    """An image that runs the lines; `name` begins with the image's name."""
    base = name.split("-")[0]
    files = {"test/lines": ("\n".join(lines) + "\n", 0o644)}
    folder = os.path.join(ROOT, "test", "differential", "data")
    for path in sorted(glob.glob(folder + "/**", recursive=True)):
        if os.path.isfile(path):
            with open(path, "rb") as data:
                files["test/data/" + os.path.relpath(path, folder)] = (data.read(), 0o644)
    shell = "/bin/bash" if base == "debian" else "/bin/sh"
    return write_initrd(images.image_with(base, arch, files, COMMAND.replace("SHELL", shell)))


def parse(output):
    """{number: (status, text)}."""
    results = {}
    for part in re.split(r"^== line ", output, flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        words = head.split()
        encoded = re.match(r"[A-Za-z0-9+/=\n]*", body.split("== all")[0]).group(0)
        try:
            text = base64.b64decode(encoded.replace("\n", "")).decode(errors="replace")
        except ValueError:
            text = "(unreadable) " + encoded[:80]
        if len(words) == 2 and words[1].isdigit():
            results[int(words[0])] = (int(words[1]), text)
    return results


def run(context, report):
    """Each file of command lines on both kernels."""
    for path in sorted(glob.glob(os.path.join(ROOT, "test", "differential", "*.txt"))):
        name = os.path.splitext(os.path.basename(path))[0]
        lines = read_lines(path)
        run_file(context, report, name, lines)


def run_file(context, report, name, lines):
    """One image with all lines of a file."""
    memory = 512 if name.startswith("busybox") else 1024
    initial = initrd(name, context.arch, lines)
    try:
        output, reason = on_linux(context.arch, initial, END, 300, smp=4, memory=memory)
        if reason:
            report.not_ok(f"{name} on Linux", reason)
            return
        expected = parse(output)
        output, reason = on_aegis(context, initial, END, 300, smp=4, memory=memory)
    finally:
        os.unlink(initial)
    found = parse(output)
    for number, line in enumerate(lines, 1):
        label = f"{name}: {line}"
        if number not in expected:
            report.not_ok(label, "no result on Linux")
        elif number not in found:
            report.not_ok(label, f"no result: {reason}")
        else:
            report.check(label, found[number] == expected[number],
                         f"\n  Linux {expected[number]!r:.300}\n  Aegis {found[number]!r:.300}")
