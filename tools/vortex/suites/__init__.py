"""The test suites: each reports checks to one Report, within a budget of minutes."""
import fnmatch
import os
import time

from .. import common
from ..common import DEBIAN_ARCH, ROOT, Failure, build_kernel, say
from . import (abi, boot, deny, diagnostics, differential, host, kernel, mutants, programs, stress, terminal,
               threads)

# Suites that can run a part of themselves, by --only.
DIVISIBLE = ("abi", "differential", "terminal")

# Minutes on two idle cores; together 45 at most.
SUITES = {
    "host": (host.run, 1, "unit tests of the kernel's sources under ASan and UBSan"),
    "kernel": (kernel.run, 2, "unit tests inside the kernel with KASAN, on four CPUs"),
    "boot": (boot.run, 2, "boots on many machines, by both loaders, and on bad input"),
    "diagnostics": (diagnostics.run, 1, "what the kernel says of its own defects; tracing; watchdogs"),
    "abi": (abi.run_suite, 4, "test/abi on Linux, then on Aegis with page-table isolation off and on"),
    "deny": (deny.run, 1, "each call refused without its right, and allowed with nothing else"),
    "threads": (threads.run, 2, "pthreads of static glibc and musl, on Linux and on Aegis"),
    "differential": (differential.run, 7, "command lines whose output must equal Linux's"),
    "terminal": (terminal.run, 4, "a person at the console: editing, job control, full-screen programs"),
    "programs": (programs.run, 10, "lua, tcc and Python's own tests"),
    "mutants": (mutants.run, 5, "kernels broken on purpose, which test/abi has to notice"),
    "stress": (stress.run, 6, "storms and fuzzing on a kernel with KASAN and lock checks"),
}


def read_shortfalls():
    """[(pattern, reason)] of test/shortfalls.txt: defects that are known and not mended yet."""
    found = []
    with open(os.path.join(ROOT, "test", "shortfalls.txt"), encoding="utf-8") as lines:
        for line in lines:
            pattern, _, reason = line.partition("#")
            if pattern.strip():
                found.append((pattern.strip(), reason.strip()))
    return found


class Report:
    """Counts checks; prints what fails, and what passes when asked.

    A failure that test/shortfalls.txt names is printed and counted apart: it is no pass.
    """

    def __init__(self, verbose):
        self.verbose = verbose
        self.passed = 0
        self.failed = 0
        self.known = 0
        self.shortfalls = read_shortfalls()
        self.mended = set()

    def shortfall(self, name):
        """The (pattern, reason) that names this check, or None."""
        for entry in self.shortfalls:
            if fnmatch.fnmatchcase(name, entry[0]):
                return entry
        return None

    def ok(self, name):
        self.passed += 1
        entry = self.shortfall(name)
        if entry and entry[0] == name:
            self.mended.add(name)
        if self.verbose:
            print(f"ok {name}", flush=True)

    def not_ok(self, name, detail=""):
        entry = self.shortfall(name)
        if entry:
            self.known += 1
            print(f"shortfall {name}: {detail} ({entry[1]})", flush=True)
            return
        self.failed += 1
        print(f"not ok {name}" + (f": {detail}" if detail else ""), flush=True)

    def check(self, name, condition, detail=""):
        if condition:
            self.ok(name)
        else:
            self.not_ok(name, detail)


class Context:
    """What a suite may ask for: the options, kernels of one CPU, and whether to run long."""

    def __init__(self, options, arch):
        self.arch = arch
        self.long = options.long
        self.only = options.only or ""
        self._given = options.kernel
        self._built = {}

    def kernel(self, debug=False, test=False):
        """The path of a built kernel; built once."""
        if self._given and not debug and not test:
            return self._given
        key = (debug, test)
        if key not in self._built:
            self._built[key] = build_kernel(self.arch, debug=debug, test=test)
        return self._built[key]


def main(options):
    """Runs the chosen suites and prints the sum as the last line."""
    if options.list:
        for name, (_, minutes, summary) in SUITES.items():
            print(f"{name:14} {minutes:3} minutes  {summary}")
        return 0
    unknown = [name for name in options.suites if name not in SUITES]
    if unknown:
        raise Failure(f"no such suite: {' '.join(unknown)} (see --list)")
    os.makedirs(common.BUILD, exist_ok=True)
    whole = sorted(set(options.suites or SUITES) - set(DIVISIBLE))
    if options.only and whole:
        raise Failure(f"--only: {' '.join(whole)} runs as a whole (parts have {', '.join(DIVISIBLE)})")
    if options.arch == "all" and options.kernel:
        raise Failure("--kernel is for one CPU: say which by --arch")
    report = Report(options.verbose)
    for number, arch in enumerate(DEBIAN_ARCH if options.arch == "all" else [options.arch]):
        context = Context(options, arch)
        for name, (run, minutes, _) in SUITES.items():
            # What runs on the host is the same for every CPU.
            if (name in options.suites or not options.suites) and (number == 0 or name != "host"):
                _run_suite(name, run, minutes, context, report)
    for name in sorted(report.mended):
        print(f"mended: take {name} out of test/shortfalls.txt")
    if report.known:
        print(f"{report.known} checks fail that test/shortfalls.txt names")
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed or not report.passed else 0


def _run_suite(name, run, minutes, context, report):
    passed, failed, started = report.passed, report.failed, time.monotonic()
    say(f"suite {name} for {context.arch} (budget {minutes} minutes)")
    try:
        run(context, report)
    except Failure as failure:
        report.not_ok(f"{name}: suite", str(failure))
    seconds = time.monotonic() - started
    say(f"suite {name}: {report.passed - passed} passed, {report.failed - failed} failed, {seconds:.0f} s"
        + ("  OVER BUDGET" if seconds > minutes * 60 and not context.long else ""))
