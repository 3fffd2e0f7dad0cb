"""Unit tests: one program for each *_test.c, compiled for the host under sanitizers, and those of vortex."""
import os
import re
import subprocess
import unittest

from ..common import BUILD, ROOT, Failure, make


def run(_context, report):
    """Builds and runs them all."""
    try:
        make("-k", "ARCH=host")
    except Failure as failure:
        report.not_ok("host build", str(failure))
    folder = os.path.join(BUILD, "host", "test")
    programs = sorted(os.path.join(base, name) for base, _, files in os.walk(folder)
                      for name in files if name.endswith("_test"))
    if not programs:
        raise Failure("there are no unit tests")
    for program in programs:
        run_program(report, program, os.path.relpath(program, folder))
    run_python(report)


def run_program(report, program, name):
    """Runs one program and reports each test of it."""
    try:
        result = subprocess.run([program], capture_output=True, text=True, errors="replace",
                                timeout=120)
        output, status = result.stdout + result.stderr, result.returncode
    except subprocess.TimeoutExpired as expired:
        output, status = str(expired), -1
    details = []
    ended = False
    for line in output.splitlines():
        match = re.match(r"(ok|not ok) (\S+)$", line)
        if match:
            report.check(f"host {name} {match.group(2)}", match.group(1) == "ok", "; ".join(details))
            details = []
        elif re.match(r"\d+ passed, \d+ failed$", line):
            ended = True
        else:
            details.append(line.strip())
    if not ended or status not in (0, 1):
        report.not_ok(f"host {name}", f"status {status}: " + " | ".join(details[:12]))


def run_python(report):
    """Runs vortex's own tests, *_test.py beside what they test, and reports each."""
    class Result(unittest.TestResult):
        """Hands each test to the report as it ends."""

        def addSuccess(self, test):
            report.ok(f"host {test.id()}")

        def addFailure(self, test, err):
            super().addFailure(test, err)
            report.not_ok(f"host {test.id()}", self.failures[-1][1])

        def addError(self, test, err):
            super().addError(test, err)
            report.not_ok(f"host {test.id()}", self.errors[-1][1])

    tools = os.path.join(ROOT, "tools")
    result = unittest.TestLoader().discover(os.path.join(tools, "vortex"), "*_test.py", tools).run(Result())
    if result.testsRun == 0:
        raise Failure("vortex has no unit tests")
