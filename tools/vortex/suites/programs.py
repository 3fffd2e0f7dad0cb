"""Programs nobody here compiled, at length: lua, tcc, make, and Python's own test modules."""
import glob
import os
import re

from .. import images
from ..common import ROOT
from .oracle import on_aegis, on_linux, write_initrd

END = "== all programs ran"


def run(context, report):
    """Each script of test/programs prints 'ok name' or 'not ok name'; then Python's modules."""
    run_scripts(context, report)
    run_python(context, report)


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


def python_modules():
    """The modules of test/programs/python.list."""
    path = os.path.join(ROOT, "test", "programs", "python.list")
    if not os.path.exists(path):
        return []
    with open(path) as lines:
        return [l.split("#")[0].strip() for l in lines if l.split("#")[0].strip()]


def run_python(context, report):
    """python3 -m test MODULE for each of the list: as many tests must pass as on Linux."""
    modules = python_modules()
    if not modules:
        return
    command = "#!/bin/sh\nexport LANG=C.UTF-8 HOME=/root\ncd /tmp\n"
    for module in modules:
        command += (f"echo == module {module}\ntimeout -s KILL 240 python3 -m test -v {module} </dev/null "
                    ">/tmp/out 2>&1; echo == status $?\n"
                    "grep -aE '^(Ran |FAILED|OK|Total tests|FAIL:|ERROR:)' /tmp/out | head -30\n")
    command += 'echo "== all programs"" ran"\n/bin/busybox poweroff -f\n'
    data = images.image_with("python", context.arch, {}, command)
    outputs = _both(context, report, "python", data, 3000, 1536)
    if not outputs:
        return
    expected, found = (module_results(text) for text in outputs[:2])
    for module in modules:
        status, detail = found.get(module, (None, f"no result: {outputs[2]}"))
        wanted = expected.get(module, (None, ""))[0]
        report.check(f"python {module}", status is not None and (status == 0 or status == wanted),
                     f"status {status}, on Linux {wanted}: {detail}")


def module_results(output):
    """{module: (status, what was printed about it)}."""
    results = {}
    for part in re.split(r"^== module ", output, flags=re.M)[1:]:
        match = re.match(r"(\S+)\n(?:.*\n)*?== status (\d+)\n((?:.*\n)*)", part)
        if match:
            results[match.group(1)] = (int(match.group(2)), " | ".join(match.group(3).split("\n"))[:600])
    return results
