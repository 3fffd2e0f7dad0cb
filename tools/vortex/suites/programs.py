"""Programs nobody here compiled, at length: lua, tcc, make, and Python's own test modules."""
import glob
import json
import os
import re

from .. import images, linux, toolchain
from ..common import BUILD, PATIENCE, ROOT, run as run_command, say, sha256, text_hash
from . import oracle
from .oracle import boot_until, on_aegis, on_linux, write_initrd

END = "== all programs ran"
SCRIPT_SECONDS = 240		# of one; the same however patient a run is: Linux is remembered by the image
FOLDER = os.path.join(ROOT, "test", "programs")

# Python's modules run three at a time; xargs gives each line of the list to one process.
PYTHON = """#!/bin/sh
export LANG=C.UTF-8 HOME=/root
cd /tmp
xargs -P 3 -L 1 python3 /test/python_module.py {limit} </test/modules
echo "== all programs"" ran"
/bin/busybox poweroff -f
"""


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


def _static_threads(library, arch):
    """The bytes of threads.c as a static program of this library."""
    program = os.path.join(BUILD, f"threads-{library}-{arch}")
    run_command([toolchain.compiler(arch, library), "-static", "-O2", "-s", "-pthread", "-o", program, os.path.join(FOLDER, "threads.c")])
    with open(program, "rb") as data:
        return data.read()


def run_scripts(context, report):
    """Shell scripts in test/programs/*.sh, in the debian image."""
    files, names = {}, []
    for path in sorted(glob.glob(os.path.join(FOLDER, "*"))):
        if os.path.isfile(path):
            with open(path, "rb") as data:
                files["test/programs/" + os.path.basename(path)] = (data.read(), 0o755)
            if path.endswith(".sh"):
                names.append(os.path.basename(path))
    for library in ("musl", "glibc"):
        files["test/programs/threads-" + library] = (_static_threads(library, context.arch), 0o755)
    command = "#!/bin/sh\ncd /test/programs\n"
    for name in names:
        command += f"timeout -s KILL {SCRIPT_SECONDS} ./{name} </dev/null 2>&1; echo == end {name} $?\n"
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
    """The lines of python.list, those marked long only when asked."""
    with open(os.path.join(FOLDER, "python.list")) as lines:
        words = [line.split("#")[0].split() for line in lines]
    return [" ".join(x for x in w if x != "long") for w in words if w and (is_long or "long" not in w)]


def python_initrd(arch, modules, limit):
    """An image that runs these lines of the list."""
    with open(os.path.join(FOLDER, "python_module.py"), "rb") as script:
        return write_initrd(images.image_with("python", arch, {
            "test/python_module.py": (script.read(), 0o644),
            "test/modules": ("\n".join(modules) + "\n", 0o644),
        }, PYTHON.format(limit=limit * PATIENCE)))


def python_on_linux(arch, modules, limit, total):
    """{module: result} on Linux: each is remembered by itself, so that the list may change."""
    kernel, version = linux.linux_kernel(arch)
    with open(os.path.join(FOLDER, "python_module.py")) as script:
        given = text_hash(sha256(images.image("python", arch)), script.read(), version)
    keys = {line: f"python-{text_hash(given, line)}" for line in modules}
    results = {line: json.loads(known) for line in modules if (known := oracle.memory.recall(keys[line]))}
    # What fails is tried again: a busy machine must not be remembered as what Linux does.
    for is_last in (False, True):
        left = [line for line in modules if line not in results]
        if not left:
            break
        say(f"running {len(left)} of Python's modules on Linux (once; the results are kept)")
        initrd = python_initrd(arch, left, limit)
        try:
            output, _ = boot_until(kernel, initrd, END, total, append=f"quiet {linux.WORDS}", arch=arch,
                                   smp=4, memory=1536)
        finally:
            os.unlink(initrd)
        found = module_results(output)
        for line in left:
            result = found.get(line.split()[0])
            if result and (result["status"] == 0 or is_last):
                oracle.memory.keep(keys[line], json.dumps(result, indent=0))
                results[line] = result
    return {line.split()[0]: result for line, result in results.items()}


def run_python(context, report):
    """python3 -m test MODULE for each of the list must do on Aegis what it does on Linux."""
    modules = python_modules(context.long)
    # No module may hang for ever; all of them together neither.
    limit, total = (1800, 10800) if context.long else (400, 1200)
    expected = python_on_linux(context.arch, modules, limit, total)
    initrd = python_initrd(context.arch, modules, limit)
    try:
        output, reason = on_aegis(context, initrd, END, total, smp=4, memory=1536)
    finally:
        os.unlink(initrd)
    found = module_results(output)
    for line in modules:
        module = line.split()[0]
        if module not in expected:
            report.not_ok(f"python on Linux {module}", "no result")
            continue
        detail = difference(expected[module], found.get(module), reason)
        report.check(f"python {module}", not detail, detail)


def difference(expected, found, reason):
    """How one module's result differs from Linux's, or ''; all may pass here that fails there."""
    if not found:
        return f"no result: {reason}"
    if found["count"] == 0:
        return "ran no test"
    if (found["status"] == 0 and found["count"] == expected["count"] and
            set(found["outcomes"]) <= set(expected["outcomes"])):
        return ""
    parts = [f"{what} {found[what]}, on Linux {expected[what]}" for what in ("status", "count")
             if found[what] != expected[what]]
    parts += [f"{line}, not so on Linux" for line in found["outcomes"] if line not in expected["outcomes"]]
    parts += [f"on Linux {line}" for line in expected["outcomes"] if line not in found["outcomes"]]
    if parts and found["output"]:
        parts += ["the output's end:", *found["output"][-40:]]
    return "\n  ".join(parts)


def module_results(output):
    """{module: what python_module.py printed about it}."""
    results = {}
    for match in re.finditer(r"^== module (\S+)\n== status (-?\d+) of (\d+) tests after (\d+) s\n"
                             r"((?:(?!== module )[^\n]*\n)*?)== end \1$", output, re.M):
        outcomes, _, text = match[5].partition("== output\n")
        results[match[1]] = {"status": int(match[2]), "count": int(match[3]), "seconds": int(match[4]),
                             "outcomes": outcomes.splitlines(), "output": text.splitlines()}
    return results
