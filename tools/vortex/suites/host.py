"""Unit tests: one program for each *_test.c, compiled for the host under sanitizers."""
import os
import re
import subprocess

from ..common import BUILD, Failure, make


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
