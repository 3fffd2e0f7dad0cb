"""test/threads: the pthread torture, with static glibc and static musl, on Linux and then on Aegis."""
import os

from ..common import BUILD, ROOT, make
from . import abi
from .oracle import on_aegis, on_linux

NAMES = ("torture-glibc", "torture-musl")


def programs(arch):
    """{name: path} of the built programs."""
    out = os.path.join(BUILD, arch, "test", "threads")
    make("-C", os.path.join(ROOT, "test", "threads"), f"ARCH={arch}", f"OUT={out}")
    found = {name: os.path.join(out, name) for name in NAMES}
    return {name: path for name, path in found.items() if os.path.exists(path)}


def run(context, report):
    """Each check has to pass on both kernels."""
    chosen = programs(context.arch)
    expected, _, why = abi.run_all(
        lambda path: on_linux(context.arch, path, abi.END, 240, smp=4, memory=512), context.arch, chosen)
    for program in chosen:
        for name, (state, detail) in expected.get(program, {}).items():
            report.check(f"linux {program}.{name}", state == "ok", detail)
        if not expected.get(program):
            report.not_ok(f"linux {program}", why.get(program, "printed no result"))
    results = abi.run_all(
        lambda path: on_aegis(context, path, abi.END, 240, smp=4, memory=512), context.arch, chosen)
    abi.judge(report, "threads", expected, *results)
