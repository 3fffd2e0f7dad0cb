"""test/abi: programs that check the system-call interface, on Linux first and then on Aegis."""
import glob
import os
import re

from .. import common, images
from ..common import BUILD, ROOT, Failure, make, run
from .oracle import on_aegis, on_linux, write_initrd

END = "== all programs ran"
# Emulation of aarch64 is slower, above all where CPUs tell each other of changed page tables.
PATIENCE = {"x86_64": 1, "aarch64": 3}
# Linux's limits are those of both CPUs' suites side by side, however this run is: its answer is kept by what it ran.
LINUX_PATIENCE = 2
PROGRAM_SECONDS = 90
CHECK_SECONDS = 20          # the harness's own limit, as long as it is not told another one
COMMAND = """#!/bin/sh
# Runs the programs of /test/list, each under a limit, with a line before and after it.
cd /test/abi
{setting}for program in $(cat /test/list); do
	echo "== begin $program"
	timeout -s KILL {limit} ./$program </dev/null 2>&1
	echo "== end $program $?"
done
echo "== all programs"" ran"
/bin/busybox poweroff -f
"""
LINE = re.compile(r"^(ok|not ok|skip) ([^\s:]+):?\s*(.*)$")


def programs(arch):
    """{name: path} of the built test programs."""
    out = os.path.join(BUILD, arch, "test", "abi")
    make("-C", os.path.join(ROOT, "test", "abi"), f"ARCH={arch}", f"OUT={out}")
    found = {os.path.basename(p): p for p in glob.glob(out + "/*_*") if os.access(p, os.X_OK)}
    if not found:
        raise Failure("test/abi built no programs")
    return found


def initrd(arch, chosen, command=COMMAND):
    """An image with these programs, a list of them, and the command that runs them."""
    files = {}
    for name, path in chosen.items():
        stripped = path + ".stripped"
        run(["strip" if arch == os.uname().machine else f"{arch}-linux-gnu-strip", "-o", stripped, path])
        with open(stripped, "rb") as data:
            files[f"test/abi/{name}"] = (data.read(), 0o755)
        os.unlink(stripped)
    files["test/list"] = ("\n".join(sorted(chosen)) + "\n", 0o644)
    return write_initrd(images.image_with("busybox", arch, files, command))


def parse(output):
    """({program: {check: (state, detail)}}, programs that came to their end)."""
    found, ended, program = {}, {}, None
    for line in output.splitlines():
        begin = re.match(r"== begin (\S+)", line)
        end = re.match(r"== end (\S+) (\d+)", line)
        if begin:
            program = begin.group(1)
            found[program] = {}
        elif end:
            ended[end.group(1)] = int(end.group(2))
            program = None
        elif program:
            match = LINE.match(line)
            if match:
                found[program][match.group(2)] = (match.group(1), match.group(3))
    return found, ended


def with_limits(command, arch, patience):
    """The command with the limits of this CPU."""
    factor = PATIENCE[arch] * patience
    setting = f"export ABI_TIMEOUT={CHECK_SECONDS * factor}\n" if factor > 1 else ""
    return command.format(limit=PROGRAM_SECONDS * factor, setting=setting)


def run_all(runner, arch, chosen, attempts=4, command=COMMAND, patience=common.PATIENCE):
    """Runs the programs; when a machine dies in one, goes on after it with a fresh machine."""
    found, ended, why = {}, {}, {}
    left = dict(chosen)
    for _ in range(attempts):
        path = initrd(arch, left, with_limits(command, arch, patience))
        try:
            output, reason = runner(path)
        finally:
            os.unlink(path)
        new_found, new_ended = parse(output)
        found.update(new_found)
        ended.update(new_ended)
        if not reason:
            break
        culprits = [p for p in new_found if p not in new_ended]
        tail = " | ".join(line for line in output.splitlines()[-60:] if re.search(
            r"panic|PANIC|BUG|KASAN|fault|lock", line))[-300:]
        for program in culprits:
            why[program] = f"{reason} {tail}"
        left = {p: f for p, f in left.items() if p not in new_found}
        if not left:
            break
        if not new_found:
            why.update({p: f"no program ran: {reason} {tail}" for p in left})
            break
    return found, ended, why


def judge(report, label, expected, found, ended, why):
    """Reports each check that Linux passes, by what it did here."""
    for program, checks in sorted(expected.items()):
        here = found.get(program, {})
        missing = [name for name in checks if name not in here]
        for name in checks:
            if name in here:
                state, detail = here[name]
                report.check(f"{label} {program}.{name}", state != "not ok", detail)
        if missing:
            detail = why.get(program) or f"ended with status {ended.get(program, '?')}"
            for name in missing:
                report.not_ok(f"{label} {program}.{name}", f"gave no result: {detail}"[:400])


def run_kernel(context, report, label, chosen, expected, append="", **options):
    """One pass over all programs on Aegis."""
    def runner(path):
        return on_aegis(context, path, END, 420 * PATIENCE[context.arch], append=append, smp=4, memory=512, **options)
    judge(report, label, expected, *run_all(runner, context.arch, chosen))


def linux_results(context, report):
    """(programs, {program: checks that pass}); a check that fails on Linux is reported."""
    chosen = {name: path for name, path in programs(context.arch).items() if name.startswith(context.only)}
    if not chosen:
        raise Failure(f"no program of test/abi begins with {context.only}")

    def runner(path):
        return on_linux(context.arch, path, END, 420 * PATIENCE[context.arch], smp=4, memory=512)
    found, ended, why = run_all(runner, context.arch, chosen, patience=LINUX_PATIENCE)
    expected = {}
    for program in chosen:
        if program not in found or program not in ended:
            report.not_ok(f"linux {program}", why.get(program, "did not run"))
            continue
        expected[program] = {n: s for n, s in found[program].items() if s[0] != "not ok"}
        for name, (state, detail) in found[program].items():
            if state == "not ok":
                report.not_ok(f"linux {program}.{name}", detail)
        if not found[program]:
            report.not_ok(f"linux {program}", f"printed no result, status {ended[program]}")
    return chosen, expected


def run_suite(context, report):
    """Linux, then Aegis without and with page-table isolation."""
    chosen, expected = linux_results(context, report)
    run_kernel(context, report, "abi", chosen, expected, "kpti=off")
    if context.arch == "x86_64":
        run_kernel(context, report, "abi kpti", chosen, expected, "kpti=on")
