"""Programs nobody here compiled, at length: lua, tcc, make, and Python's own test modules."""
import glob
import os
import re

from .. import images
from ..common import ROOT, say
from .oracle import on_aegis, on_linux, write_initrd

END = "== all programs ran"

# Modules run three at a time; each prints its results in one piece.
PYTHON = """#!/bin/sh
export LANG=C.UTF-8 HOME=/root
cd /tmp
xargs -P 3 -L 1 /test/module </test/modules
echo "== all programs"" ran"
/bin/busybox poweroff -f
"""
MODULE = """#!/bin/sh
mkdir -p /tmp/python/$1
cd /tmp/python/$1
start=$(date +%s)
TMPDIR=/tmp/python/$1 timeout -s KILL LIMIT python3 -m test "$@" >/tmp/python/$1.out 2>&1 </dev/null
status=$?
(
	flock 9
	echo "== module $1"
	echo "== status $status after $(($(date +%s) - start)) s"
	grep -aE '^(FAIL:|ERROR:|test .* failed|Total tests|FAILED)' /tmp/python/$1.out | head -30
	[ $status = 0 ] || tail -n 8 /tmp/python/$1.out
) 9>/tmp/python/lock
rm -rf /tmp/python/$1
"""


def run(context, report):
    """Each script of test/programs prints 'ok name' or 'not ok name'; then Python's modules."""
    run_scripts(context, report)
    if context.long:
        run_python(context, report)
    else:
        say("Python's own modules run with --long only, until all of them were seen to pass")


def _both(context, report, name, data, timeout, memory):
    """The outputs on Linux and on Aegis, or None when Linux itself does not come to the end."""
    path = write_initrd(data)
    try:
        expected, reason = on_linux(context.arch, path, END, timeout, smp=4, memory=memory)
        if reason:
            report.not_ok(f"{name} on Linux", reason)
            return None
        found, reason = on_aegis(context, path, END, timeout, smp=4, memory=memory)
        return expected, found, reason
    finally:
        os.unlink(path)


def run_scripts(context, report):
    """Shell scripts in test/programs/*.sh, in the debian image."""
    files, names = {}, []
    for path in sorted(glob.glob(os.path.join(ROOT, "test", "programs", "*"))):
        if os.path.isfile(path):
            with open(path, "rb") as data:
                files["test/programs/" + os.path.basename(path)] = (data.read(), 0o755)
            if path.endswith(".sh"):
                names.append(os.path.basename(path))
    if not names:
        return
    command = "#!/bin/sh\ncd /test/programs\n"
    for name in names:
        command += f"timeout -s KILL 120 ./{name} </dev/null 2>&1; echo == end {name} $?\n"
    command += 'echo "== all programs"" ran"\n/bin/busybox poweroff -f\n'
    data = images.image_with("debian", context.arch, files, command)
    outputs = _both(context, report, "programs", data, 400, 1024)
    if not outputs:
        return
    results = [dict((n, s) for s, n in re.findall(r"^(ok|not ok) (\S+)", text, re.M)) for text in outputs[:2]]
    for name, state in results[0].items():
        report.check(f"programs on Linux {name}", state == "ok")
        report.check(f"programs {name}", results[1].get(name) == "ok",
                     results[1].get(name) or f"no result: {outputs[2]}")


def python_modules(is_long):
    """The lines of test/programs/python.list, those marked long only when asked."""
    path = os.path.join(ROOT, "test", "programs", "python.list")
    with open(path) as lines:
        words = [line.split("#")[0].split() for line in lines]
    return [" ".join(x for x in w if x != "long") for w in words if w and (is_long or "long" not in w)]


def run_python(context, report):
    """python3 -m test MODULE for each of the list: it must end well, or (--long) as on Linux."""
    modules = python_modules(context.long)
    limit = 900 if context.long else 300
    path = write_initrd(images.image_with("python", context.arch, {
        "test/module": (MODULE.replace("LIMIT", str(limit)), 0o755),
        "test/modules": ("\n".join(modules) + "\n", 0o644),
    }, PYTHON))
    total = 7200 if context.long else 600
    expected = {}
    try:
        if context.long:
            output, _ = on_linux(context.arch, path, END, total, smp=4, memory=1536)
            expected = module_results(output)
        output, reason = on_aegis(context, path, END, total, smp=4, memory=1536)
    finally:
        os.unlink(path)
    found = module_results(output)
    for module in (line.split()[0] for line in modules):
        status, detail = found.get(module, (None, f"no result: {reason}"))
        wanted = expected.get(module, (0, ""))[0]
        report.check(f"python {module}", status is not None and status in (0, wanted),
                     f"status {status}, on Linux {wanted}: {detail}")


def module_results(output):
    """{module: (status, what was printed about it)}."""
    results = {}
    for part in re.split(r"^== module ", output, flags=re.M)[1:]:
        match = re.match(r"(\S+)\n(?:.*\n)*?== status (\d+)[^\n]*\n((?:.*\n)*)", part)
        if match:
            results[match.group(1)] = (int(match.group(2)), " | ".join(match.group(3).split("\n"))[:600])
    return results
