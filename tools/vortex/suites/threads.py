"""test/threads: the pthread torture, with static glibc and static musl, on Linux and then on Aegis."""
import os

from ..common import BUILD, ROOT, make
from . import abi
from .oracle import on_aegis, on_linux

NAMES = ("torture-glibc", "torture-musl")
COMMAND = """#!/bin/sh
# Runs each check of the programs of /test/list by itself, under a limit of its own.
cd /test/abi
{setting}for program in $(cat /test/list); do
	echo "== begin $program"
	for check in $(./$program --list); do
		timeout -s KILL {limit} ./$program $check </dev/null 2>&1
		[ $? -lt 2 ] || echo "not ok $check: killed after {limit} seconds"
	done
	echo "== end $program 0"
done
echo "== all programs"" ran"
/bin/busybox poweroff -f
"""


def programs(arch):
    """{name: path} of the built programs."""
    out = os.path.join(BUILD, arch, "test", "threads")
    make("-C", os.path.join(ROOT, "test", "threads"), f"ARCH={arch}", f"OUT={out}")
    found = {name: os.path.join(out, name) for name in NAMES}
    return {name: path for name, path in found.items() if os.path.exists(path)}


def run_all(runner, context, chosen, **options):
    """abi.run_all() with each check as a process of its own."""
    return abi.run_all(runner, context.arch, chosen, command=COMMAND, **options)


def run(context, report):
    """Each check has to pass on both kernels."""
    chosen = programs(context.arch)
    limit = 420 * abi.PATIENCE[context.arch]
    expected, _, why = run_all(
        lambda path: on_linux(context.arch, path, abi.END, limit, smp=4, memory=512), context, chosen,
        patience=abi.LINUX_PATIENCE)
    for program in chosen:
        for name, (state, detail) in expected.get(program, {}).items():
            report.check(f"linux {program}.{name}", state == "ok", detail)
        if not expected.get(program):
            report.not_ok(f"linux {program}", why.get(program, "printed no result"))
    results = run_all(
        lambda path: on_aegis(context, path, abi.END, limit, smp=4, memory=512), context, chosen)
    abi.judge(report, "threads", expected, *results)
