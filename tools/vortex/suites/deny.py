"""The deny matrix: every call is refused without its right, and gets past the check with nothing else.

Linux has no such call as capability_drop, so this runs on Aegis only.
"""
import os

from ..common import BUILD, ROOT, make
from . import abi
from .oracle import on_aegis

PROGRAM = "deny_matrix"


def programs(arch):
    """{name: path} of the built program."""
    out = os.path.join(BUILD, arch, "test", "deny")
    make("-C", os.path.join(ROOT, "test", "deny"), f"ARCH={arch}", f"OUT={out}")
    return {PROGRAM: os.path.join(out, PROGRAM)}


def run(context, report):
    """Each check of the matrix is one of the report."""
    chosen = programs(context.arch)
    limit = 150 * abi.PATIENCE[context.arch]
    found, ended, why = abi.run_all(
        lambda path: on_aegis(context, path, abi.END, limit, smp=4, memory=512), context.arch, chosen)
    for name, (state, detail) in sorted(found.get(PROGRAM, {}).items()):
        report.check(f"deny {name}", state != "not ok", detail)
    report.check("deny matrix", ended.get(PROGRAM) == 0,
                 why.get(PROGRAM) or f"ended with status {ended.get(PROGRAM, '?')}")
