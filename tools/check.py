#!/usr/bin/env python3
"""The gates, in order of cost; `make check` and `./vortex check` run this.

Everything that fails is reported, not only the first. --fast leaves out what compiles.
"""
import os
import re
import shutil
import subprocess
import sys
import time

import check_comments
import check_constructs
import check_layers
import check_sizes
from check_source import ROOT, Findings

TEXT = [("layers", check_layers), ("sizes", check_sizes), ("comments", check_comments),
        ("constructs", check_constructs)]


def step(name, work):
    """Runs one gate; prints its complaints and how long it took."""
    started = time.monotonic()
    complaints = work()
    for line in complaints[:30]:
        print(line)
    if len(complaints) > 30:
        print(f"... and {len(complaints) - 30} more")
    state = "ok" if not complaints else f"FAILS ({len(complaints)})"
    print(f"check {name:22} {state:12} {time.monotonic() - started:5.1f} s", flush=True)
    return not complaints


def text_gate(module):
    """A checker of texts as a gate."""
    def work():
        findings = Findings()
        module.check(findings)
        return findings.lines
    return work


def make(*arguments):
    """A run of make as a gate."""
    def work():
        result = subprocess.run(["make", "--no-print-directory", "-s", "-k", "-j2", *arguments], cwd=ROOT,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = [l for l in result.stdout.splitlines()
                 if re.search(r"error|warning|undefined reference|No rule|symbols:", l)]
        return (lines or result.stdout.splitlines()[-5:]) if result.returncode else []
    return work


def host_tests():
    """Runs each unit test program."""
    complaints = []
    folder = os.path.join(ROOT, "build", "host", "test")
    for base, _, names in sorted(os.walk(folder)):
        for name in sorted(n for n in names if n.endswith("_test")):
            program = os.path.join(base, name)
            try:
                result = subprocess.run([program], capture_output=True, text=True, errors="replace",
                                        timeout=120)
                if result.returncode:
                    complaints.append(f"{os.path.relpath(program, ROOT)}: status {result.returncode}\n"
                                      + (result.stdout + result.stderr)[-1500:])
            except subprocess.TimeoutExpired:
                complaints.append(f"{os.path.relpath(program, ROOT)}: did not end")
    return complaints


def main():
    good = all([step(name, text_gate(module)) for name, module in TEXT])
    if "--fast" in sys.argv:
        return 0 if good else 1
    good &= step("build x86_64", make("ARCH=x86_64"))
    good &= step("headers compile alone", make("ARCH=x86_64", "headers"))
    if shutil.which("clang"):
        good &= step("thread-safety pass", make("ARCH=x86_64", "lint"))
    if os.path.isdir(os.path.join(ROOT, "kernel", "arch", "aarch64")):
        good &= step("build aarch64", make("ARCH=aarch64"))
    good &= step("build debug", make("ARCH=x86_64", "BUILD=debug"))
    good &= step("build host", make("ARCH=host"))
    good &= step("unit tests", host_tests)
    print("all gates pass" if good else "some gates FAIL")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
