"""A virtual machine with a serial line that can be read, awaited and written to.

Every wait has a limit, and only the emulator that was started here is ever killed.
"""
import codecs
import os
import re
import subprocess
import tempfile
import threading
import time

from . import qemu
from .common import PATIENCE, Failure

DEFAULT_MACHINE = {"x86_64": "q35", "aarch64": "virt"}
DEFAULT_CONSOLE = {"x86_64": "ttyS0", "aarch64": "ttyAMA0"}


class Timeout(Failure):
    """The machine did not print or do what was awaited."""


def arguments(kernel, initrd=None, append="", arch="x86_64", smp=4, memory=512, cpu="max",
              machine=None, extra=(), restarts=False, has_exit=True):
    """The emulator and its command line, without the serial line.

    Without a kernel, the machine boots from what `extra` gives it. A machine that does not restart ends
    instead; one that has an exit ends with a status when the kernel asks.
    """
    emulator = qemu.find(arch)
    words = [emulator.program, *emulator.options, "-accel", "tcg", "-machine",
             machine or DEFAULT_MACHINE[arch], "-cpu", cpu, "-smp", str(smp), "-m", str(memory), "-nic", "none"]
    if arch == "aarch64" and has_exit and not restarts and "panic=" not in append:
        append = f"panic=-1 {append}"   # no device ends this machine; a restart does
    if kernel:
        words += ["-kernel", kernel, "-append", f"console={DEFAULT_CONSOLE[arch]} {append}".strip()]
    if initrd:
        words += ["-initrd", initrd]
    if not restarts:
        words.append("-no-reboot")
    if arch == "x86_64" and "microvm" not in (machine or ""):
        words += ["-vga", "none"]
    if arch == "x86_64" and has_exit:
        words += ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    return emulator, words + list(extra)


class Machine:
    """One run of the emulator; use as a context manager, so that it always ends."""

    def __init__(self, kernel, virtio_console=None, **options):
        """The line is a serial port's, or with `virtio_console` (the words of a virtio-serial device) that of hvc0:
        the machine then has no serial port that leads anywhere."""
        self.emulator, self.command = arguments(kernel, **options)
        self.command += ["-display", "none", "-monitor", "none", "-serial", "none" if virtio_console else "stdio"]
        if virtio_console:
            self.command += ["-chardev", "stdio,id=line", *virtio_console, "-device", "virtconsole,chardev=line"]
        self.output = ""
        self.position = 0
        self.status = None
        self._changed = threading.Condition()
        self._ended = False
        self._process = None
        self._complaints = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self._complaints = tempfile.TemporaryFile()
        self._process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=self._complaints,
                                         env=self.emulator.environment)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        descriptor = self._process.stdout.fileno()
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while data := os.read(descriptor, 65536):
            text = decoder.decode(data)
            with self._changed:
                self.output += text
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def send(self, text):
        """Types on the serial line."""
        try:
            self._process.stdin.write(text.encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Failure("the machine has ended") from None

    def expect(self, pattern, timeout=60):
        """Waits for a regular expression after what was matched before; returns the match."""
        compiled = re.compile(pattern) if isinstance(pattern, str) else pattern
        timeout *= PATIENCE
        limit = time.monotonic() + timeout
        with self._changed:
            while True:
                found = compiled.search(self.output, self.position)
                if found:
                    self.position = found.end()
                    return found
                left = limit - time.monotonic()
                if self._ended or left <= 0:
                    why = "the machine ended" if self._ended else f"nothing within {timeout} s"
                    raise Timeout(f"waiting for {compiled.pattern!r}: {why}; the last lines were\n"
                                  + self.tail())
                self._changed.wait(left)

    def wait_for_output(self, seconds):
        """Waits until something is printed, at most so long; False: the machine has ended."""
        with self._changed:
            length = len(self.output)
            if not self._ended and length == len(self.output):
                self._changed.wait(seconds)
            return not self._ended

    def wait(self, timeout=60):
        """Waits for the emulator's end; returns its status (isa-debug-exit: 2 * value + 1)."""
        try:
            self.status = self._process.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Timeout(f"the machine still runs after {timeout * PATIENCE} s; the last lines were\n"
                          + self.tail()) from None
        with self._changed:
            limit = time.monotonic() + 5
            while not self._ended and time.monotonic() < limit:
                self._changed.wait(1)
        return self.status

    def tail(self, count=25):
        lines = self.output.splitlines()[-count:]
        if self._complaints:
            self._complaints.seek(0)
            said = self._complaints.read().decode(errors="replace").splitlines()
            lines += [line for line in said if "failed to open module" not in line][-5:]
        return "\n".join(lines)

    def stop(self):
        """Ends the emulator if it runs."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def run_to_end(kernel, timeout, **options):
    """Boots, waits for the machine's own end, returns the whole output with plain line ends."""
    with Machine(kernel, **options) as machine:
        machine.wait(timeout)
        return machine.output.replace("\r\n", "\n")
