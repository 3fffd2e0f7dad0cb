"""Kernels that are broken on purpose: the ABI tests must notice each of them.

test/mutants/*.txt names a file, a text in it that occurs once, what stands in its place, and the
programs of test/abi that have to fail. The tree is copied, so that nothing here changes.
"""
import glob
import os
import shutil
import subprocess

from ..common import BUILD, ROOT, Failure, say
from . import abi, deny
from .oracle import boot_until

FIELDS = ("mutant", "file", "programs", "find", "replace")


def read_mutants():
    """[{field: text}]: lines `field: text`; find and replace may go on in lines with a tab."""
    mutants = []
    for path in sorted(glob.glob(os.path.join(ROOT, "test", "mutants", "*.txt"))):
        field = None
        with open(path) as lines:
            for line in lines:
                line = line.rstrip("\n")
                name, _, text = line.partition(": ")
                if line.startswith("#"):
                    continue
                if name.rstrip(":") in FIELDS and not line.startswith("\t"):
                    field = name.rstrip(":")
                    if field == "mutant":
                        mutants.append({})
                    mutants[-1][field] = text
                elif field and line.startswith("\t"):
                    mutants[-1][field] += "\n" + line[1:]
    for mutant in mutants:
        mutant["find"] = mutant["find"].lstrip("\n")
        mutant["replace"] = mutant.get("replace", "").lstrip("\n")
    return mutants


def copy_tree():
    """A copy of the sources that keeps its objects from the last time.

    Times are not copied: a file that is put back must look newer than the object of its mutant.
    """
    tree = os.path.join(BUILD, "mutants")
    os.makedirs(tree, exist_ok=True)
    for name in ("kernel", "abi", "tools", "Makefile", "kernel.list"):
        source, target = os.path.join(ROOT, name), os.path.join(tree, name)
        subprocess.run(["rsync", "-rlp", "--checksum", "--delete", source + ("/" if os.path.isdir(source) else ""),
                        target + ("/" if os.path.isdir(source) else "")], check=True)
    return tree


def build(tree):
    """The kernel of the copy, or None when it does not compile."""
    result = subprocess.run(["make", "-s", "-j2", "ARCH=x86_64"], cwd=tree, capture_output=True, text=True)
    return os.path.join(tree, "build", "x86_64", "kernel.elf") if result.returncode == 0 else None


def try_mutant(context, report, tree, mutant, chosen, expected):
    """One broken kernel; it is caught when a check that Linux passes fails or the machine dies."""
    path = os.path.join(tree, mutant["file"])
    text = ""
    if os.path.exists(path):
        with open(path) as file:
            text = file.read()
    if text.count(mutant["find"]) != 1:
        report.not_ok(f"mutant {mutant['mutant']}", f"its text occurs {text.count(mutant['find'])} times")
        return
    with open(path, "w") as file:
        file.write(text.replace(mutant["find"], mutant["replace"]))
    try:
        kernel = build(tree)
        if not kernel:
            report.not_ok(f"mutant {mutant['mutant']}", "it does not compile")
            return
        names = [p for p in chosen if any(p.startswith(w) for w in mutant["programs"].split())]
        if not names:
            report.not_ok(f"mutant {mutant['mutant']}", "no such program")
            return
        found, _, _ = abi.run_all(lambda image: boot_until(kernel, image, abi.END, 150, smp=4, memory=512),
                                  context.arch, {n: chosen[n] for n in names}, attempts=1)
        failing = [f"{p}.{c}" for p in names for c in expected.get(p, {})
                   if found.get(p, {}).get(c, ("not ok",))[0] == "not ok"]
        report.check(f"mutant {mutant['mutant']}", failing, "no check notices it")
        say(f"mutant {mutant['mutant']}: {len(failing)} checks fail ({' '.join(failing[:3])})")
    finally:
        with open(path, "w") as file:
            file.write(text)


def run(context, report):
    """All mutants, after the sound kernel has shown what passes."""
    mutants = read_mutants()
    if not mutants:
        return
    if not shutil.which("rsync"):
        raise Failure("rsync is missing")
    chosen = {**abi.programs(context.arch), **deny.programs(context.arch)}
    wanted = {n: p for n, p in chosen.items()
              if any(n.startswith(w) for m in mutants for w in m["programs"].split())}
    expected = baseline(context, wanted)
    tree = copy_tree()
    for mutant in mutants:
        try_mutant(context, report, tree, mutant, wanted, expected)


def baseline(context, wanted):
    """{program: checks that the sound kernel passes}."""
    found, _, _ = abi.run_all(lambda path: boot_until(context.kernel(), path, abi.END, 300, smp=4, memory=512),
                              context.arch, wanted)
    return {p: {n: s for n, s in checks.items() if s[0] == "ok"} for p, checks in found.items()}
