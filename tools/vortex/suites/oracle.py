"""Runs one initial file system on Linux (remembered) and on Aegis, and hands back the output.

What Linux does is remembered under the digest of all that decides it, in two places: the cache, and test/oracle, which
belongs to the sources, so that a clean checkout need not ask Linux again. `test --record` writes the latter.
"""
import json
import os
import tempfile

from .. import linux
from ..common import BUILD, ROOT, cache, replace_file, say, sha256, text_hash
from ..machine import Machine, Timeout

BUSY = "AEGIS_HOST_IS_BUSY"	# in the environment: what Linux does now is not remembered
RECORD = os.path.join(ROOT, "test", "oracle")


class Memory:
    """What Linux did in the suites of one CPU."""

    def __init__(self):
        self.suite = None
        self.arch = None
        self.recorded = {}      # of this suite, in test/oracle
        self.used = {}          # {key: text} of this suite

    def begin(self, suite, arch, is_long):
        """A suite starts; long ones leave the record alone: what the cache has not, Linux is asked again."""
        self.suite, self.arch, self.used, self.recorded = suite, arch, {}, {}
        if not is_long and os.path.exists(self.path()):
            with open(self.path(), encoding="utf-8") as file:
                self.recorded = json.load(file)

    def path(self):
        return os.path.join(RECORD, f"{self.suite}-{self.arch}.json")

    def recall(self, key):
        """The text kept under a key, or None."""
        path = cache("oracle", key)
        if os.path.exists(path):
            with open(path, encoding="utf-8", newline="") as file:
                text = file.read()
        elif key in self.recorded:
            text = "\n".join(self.recorded[key])
        else:
            return None
        self.used[key] = text
        return text

    def keep(self, key, text):
        if BUSY not in os.environ:
            replace_file(cache("oracle", key), text.encode())
        self.used[key] = text

    def record(self):
        """At a suite's end: makes what it used the record of it."""
        if self.used:
            lines = {key: text.split("\n") for key, text in sorted(self.used.items())}
            replace_file(self.path(), (json.dumps(lines, indent=0, ensure_ascii=False) + "\n").encode())


memory = Memory()


def boot_until(kernel, initrd, end, timeout, stall=None, **options):
    """Boots until `end` is printed; returns (output, reason why it did not come, or None)."""
    with Machine(kernel, initrd=initrd, **options) as machine:
        reason = None
        try:
            machine.expect(end, timeout)
            machine.wait(20)
        except Timeout as failure:
            reason = str(failure).splitlines()[0]
        machine.stop()
        return machine.output.replace("\r\n", "\n").replace("\r", ""), reason


def write_initrd(data):
    """Puts an initial file system where QEMU can read it; the caller unlinks it."""
    os.makedirs(BUILD, exist_ok=True)
    descriptor, path = tempfile.mkstemp(suffix=".cpio", dir=BUILD)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
    return path


def on_linux(arch, initrd, end, timeout, **options):
    """The output on Linux; remembered under the digest of everything that decides it."""
    kernel, version = linux.linux_kernel(arch)
    key = text_hash(sha256(initrd), version, end, repr(sorted(options.items())))
    known = memory.recall(key)
    if known is not None:
        return known, None
    say("running on Linux (once; the result is kept)")
    append = f"quiet {linux.WORDS} " + options.pop("append", "")
    output, reason = boot_until(kernel, initrd, end, timeout, append=append, arch=arch, **options)
    if not reason:
        memory.keep(key, output)
    return output, reason


def on_aegis(context, initrd, end, timeout, debug=False, **options):
    """The output on Aegis, and why it did not reach the end, if so."""
    return boot_until(context.kernel(debug=debug), initrd, end, timeout, arch=context.arch, **options)
