"""Runs one of Python's own test modules: python_module.py SECONDS MODULE [WORD]... [-i PATTERN]...

Words: `no-sockets` and `terminal`, see python.list.

Prints how it ended and, by name, every test that did not plainly pass, for the host to compare.
"""
import fcntl
import os
import pty
import re
import shutil
import subprocess
import sys
import termios
import time
import xml.etree.ElementTree

# Tells the test suite that Unix sockets cannot be bound, before it asks while a module is loaded.
WITHOUT_SOCKETS = """import runpy
from test.support import socket_helper
socket_helper._bind_nix_socket_error = OSError("no sockets")
runpy.run_module("test", run_name="__main__", alter_sys=True)"""


def controlling_terminal():
    """Options of subprocess.run for a session of its own on a fresh terminal."""
    _, slave = pty.openpty()

    def control():
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    return {"start_new_session": True, "preexec_fn": control}


def run(folder, limit, words):
    """(status, seconds); the output goes to folder.out, the results to folder.xml."""
    start = ["-c", WITHOUT_SOCKETS] if "no-sockets" in words else ["-m", "test"]
    options = controlling_terminal() if "terminal" in words else {}
    words = [word for word in words if word not in ("no-sockets", "terminal")]
    command = ["timeout", "-s", "KILL", limit, "python3", *start, "-v", f"--junit-xml={folder}.xml", *words]
    began = time.monotonic()
    with open(folder + ".out", "wb") as output:
        status = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT, env=dict(os.environ, TMPDIR=folder),
                                **options).returncode
    return status, time.monotonic() - began


def skipped(path):
    """(number of tests, names of those that were skipped)."""
    try:
        cases = list(xml.etree.ElementTree.parse(path).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError):
        return 0, set()
    return len(cases), {case.get("name") for case in cases if case.find("skipped") is not None}


def failed(lines):
    """What failed, subtests too, which the XML leaves out."""
    found = (re.match(r"(FAIL|ERROR|UNEXPECTED SUCCESS): (.*)", line) for line in lines)
    return {f"{match[1].lower()} {match[2]}" for match in found if match}


def main():
    limit, module, *words = sys.argv[1:]
    folder = "/tmp/python/" + module
    os.makedirs(folder)
    status, seconds = run(folder, limit, [module, *words])
    count, skips = skipped(folder + ".xml")
    with open(folder + ".out", errors="replace") as file:
        output = file.read().splitlines()
    lines = [f"== module {module}", f"== status {status} of {count} tests after {seconds:.0f} s"]
    lines += sorted(failed(output)) + [f"skipped {name}" for name in sorted(skips)]
    if status:
        lines += ["== output", *(line[:200] for line in output[-80:])]
    lines.append(f"== end {module}")
    shutil.rmtree(folder, ignore_errors=True)
    # Several modules run at a time; each prints its results in one piece.
    with open("/tmp/python/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
