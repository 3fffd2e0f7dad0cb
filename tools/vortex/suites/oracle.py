"""Runs one initial file system on Linux (remembered) and on Aegis, and hands back the output."""
import os
import tempfile

from .. import linux
from ..common import BUILD, cache, replace_file, say, sha256, text_hash
from ..machine import Machine, Timeout


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
    """The output on Linux; kept in the cache under the digest of everything that decides it."""
    kernel, version = linux.linux_kernel(arch)
    key = text_hash(sha256(initrd), version, end, repr(sorted(options.items())))
    path = cache("oracle", key + ".txt")
    if os.path.exists(path):
        with open(path, newline="") as file:
            return file.read(), None
    say("running on Linux (once; the result is kept)")
    append = f"quiet {linux.WORDS} " + options.pop("append", "")
    output, reason = boot_until(kernel, initrd, end, timeout, append=append, arch=arch, **options)
    if not reason:
        replace_file(path, output.encode())
    return output, reason


def on_aegis(context, initrd, end, timeout, debug=False, **options):
    """The output on Aegis, and why it did not reach the end, if so."""
    return boot_until(context.kernel(debug=debug), initrd, end, timeout, arch=context.arch, **options)
