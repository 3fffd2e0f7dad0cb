"""The test suites: each reports checks to one Report, within a budget of minutes."""
import contextlib
import fnmatch
import os
import re
import subprocess
import sys
import threading
import time

from .. import common, qemu
from ..common import DEBIAN_ARCH, ROOT, Failure, build_kernel, say
from . import (abi, boot, deny, diagnostics, differential, host, kernel, mutants, oracle, programs, stress,
               terminal, threads)

# Suites that can run a part of themselves, by --only.
DIVISIBLE = ("abi", "differential", "stress", "terminal")
# What they show is the same for every CPU: they run for the first one.
COMMON = ("host", "mutants")

# Minutes on two cores, beside the same suite for the other CPU.
SUITES = {
    "host": (host.run, 1, "unit tests of the kernel's sources under ASan and UBSan"),
    "kernel": (kernel.run, 5, "unit tests inside the kernel with KASAN, on four CPUs"),
    "boot": (boot.run, 3, "boots on many machines, by both loaders, and on bad input"),
    "diagnostics": (diagnostics.run, 1, "what the kernel says of its own defects; tracing; watchdogs"),
    "abi": (abi.run_suite, 3, "test/abi on Linux, then on Aegis with page-table isolation off and on"),
    "deny": (deny.run, 1, "each call refused without its right, and allowed with nothing else"),
    "threads": (threads.run, 1, "pthreads of static glibc and musl, on Linux and on Aegis"),
    "differential": (differential.run, 6, "command lines whose output must equal Linux's"),
    "terminal": (terminal.run, 1, "a person at the console: editing, job control, full-screen programs"),
    "programs": (programs.run, 6, "lua, tcc and Python's own tests"),
    "mutants": (mutants.run, 9, "kernels broken on purpose, which test/abi has to notice"),
    "stress": (stress.run, 18, "storms and fuzzing on a kernel with KASAN and lock checks"),
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
        self.record = options.record
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
            print(f"{name:14} {minutes:3} {_minutes(minutes)}  {summary}")
        return 0
    unknown = [name for name in options.suites if name not in SUITES]
    if unknown:
        raise Failure(f"no such suite: {' '.join(unknown)} (see --list)")
    whole = sorted(set(options.suites or SUITES) - set(DIVISIBLE))
    if options.only and whole:
        raise Failure(f"--only: {' '.join(whole)} runs as a whole (parts have {', '.join(DIVISIBLE)})")
    if options.record and (options.only or options.long):
        raise Failure("--record keeps what whole suites of the usual length ask Linux")
    if options.record and options.busy:
        raise Failure("--record: Linux answers on a host that is not kept busy")
    if options.kernel and not os.path.exists(options.kernel):
        raise Failure(f"--kernel: there is no file {options.kernel}")
    if options.kernel and options.arch == "all":
        raise Failure("--kernel is for one CPU: say which by --arch")
    if options.busy < 0:
        raise Failure("--busy: a number of loops, 0 or more")
    with _busy_host(options.busy):
        return _run_lanes(options) if options.arch == "all" else _run_lane(options)


@contextlib.contextmanager
def _busy_host(count):
    """Keeps `count` processors of the host busy; the loops end with this process, however it ends."""
    if count:
        os.environ[oracle.BUSY] = str(count)
    loop = f"import os\nwhile os.getppid() == {os.getpid()}:\n    for _ in range(1000000): pass"
    loops = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(count)]
    try:
        yield
    finally:
        for process in loops:
            process.kill()
            process.wait()


def _run_lanes(options):
    """All CPUs at once, each by a vortex of its own; sums up what they end with."""
    # What both would fetch is fetched before.
    for arch in DEBIAN_ARCH:
        qemu.find(arch)
    lanes, threads = {}, []
    for number, arch in enumerate(DEBIAN_ARCH):
        chosen = [name for name in options.suites or SUITES if number == 0 or name not in COMMON]
        words = [word for word, given in (("--long", options.long), ("--verbose", options.verbose),
                                             ("--record", options.record)) if given]
        words += ["--only", options.only] if options.only else []
        if chosen:
            lanes[arch] = subprocess.Popen(
                [sys.executable, "-B", os.path.join(ROOT, "tools", "vortex"), "test", "--arch", arch, *words, *chosen],
                env=dict(os.environ, AEGIS_PATIENCE=str(common.PATIENCE * len(DEBIAN_ARCH))),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    sums = dict.fromkeys(lanes, (0, 1))

    def relay(arch, lane):
        for line in lane.stdout:
            print(f"{arch:7} | {line}", end="", flush=True)
            found = re.fullmatch(r"(\d+) passed, (\d+) failed\n", line)
            if found:
                sums[arch] = (int(found[1]), int(found[2]))

    try:
        for arch, lane in lanes.items():
            threads.append(threading.Thread(target=relay, args=(arch, lane)))
            threads[-1].start()
        statuses = [lane.wait() for lane in lanes.values()]
    finally:
        for lane in lanes.values():
            if lane.poll() is None:
                lane.terminate()
        for thread in threads:
            thread.join()
    passed, failed = map(sum, zip(*sums.values()))
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if any(statuses) or failed or not passed else 0


def _run_lane(options):
    """The chosen suites for one CPU."""
    os.makedirs(common.BUILD, exist_ok=True)
    report = Report(options.verbose)
    context = Context(options, options.arch)
    for name, (run, minutes, _) in SUITES.items():
        if name in options.suites or not options.suites:
            _run_suite(name, run, minutes, context, report)
    for name in sorted(report.mended):
        print(f"mended: take {name} out of test/shortfalls.txt")
    if report.known:
        print(f"{report.known} checks fail that test/shortfalls.txt names")
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed or not report.passed else 0


def _minutes(count):
    """The word, as wide as the plural."""
    return "minute " if count == 1 else "minutes"


def _run_suite(name, run, minutes, context, report):
    passed, failed, started = report.passed, report.failed, time.monotonic()
    say(f"suite {name} for {context.arch} (budget {minutes} {_minutes(minutes).strip()})")
    oracle.memory.begin(name, context.arch, context.long)
    try:
        run(context, report)
        if context.record and report.failed == failed:
            oracle.memory.record()
    except Failure as failure:
        report.not_ok(f"{name}: suite", str(failure))
    seconds = time.monotonic() - started
    say(f"suite {name}: {report.passed - passed} passed, {report.failed - failed} failed, {seconds:.0f} s"
        + ("  OVER BUDGET" if seconds > minutes * 60 and not context.long else ""))
