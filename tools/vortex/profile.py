"""Where the CPUs of a machine are: samples of every program counter through QEMU's gdb stub.

Needs nothing in the kernel and costs it nothing but the moments in which the machine stands still.
"""
import bisect
import collections
import os
import re
import socket
import struct
import subprocess
import time

from .common import symbols_of

KERNEL_START = 1 << 63
# What the stub sends first: the registers, and which are the program counter and the frame pointer.
REGISTERS = {"x86_64": (struct.Struct("<17Q"), 16, 6), "aarch64": (struct.Struct("<33Q"), 32, 29)}
PAUSE_S = 0.004
STACK_DEPTH, STACK_ROUNDS = 12, 3
# Where a CPU is that waits for a lock.
LOCK_WAITS = {"spin_lock_wait", "spin_while_owner_runs", "take_spinning"}


def stub_path(folder):
    """Where the stub of a machine listens that has stub_options(folder)."""
    return os.path.join(folder, "gdb")


def stub_options(folder):
    """The emulator's options for a stub in a folder of one's own."""
    return "-chardev", f"socket,path={stub_path(folder)},server=on,wait=off,id=gdb", "-gdb", "chardev:gdb"


class Symbols:
    """Names of a kernel's functions by address."""

    def __init__(self, kernel):
        listing = subprocess.run(["nm", "-n", symbols_of(kernel)], capture_output=True, text=True, check=True).stdout
        found = re.findall(r"^([0-9a-f]+) [tT] (\S+)$", listing, re.M)
        self._addresses = [int(address, 16) for address, _ in found]
        self._names = [re.sub(r"\.(part|constprop|isra|cold).*", "", name) for _, name in found]

    def name(self, address):
        if address < KERNEL_START:
            return "(program)"
        index = bisect.bisect(self._addresses, address) - 1
        return self._names[index] if index >= 0 else hex(address)


class Stub:
    """The few words of gdb's remote protocol that sampling needs."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._pending = b""
        for attempt in range(100):
            try:
                self._socket.connect(path)
                break
            except OSError:  # the emulator has not opened it yet
                if attempt == 99:
                    raise
                time.sleep(0.05)
        # The machine stands still since it was connected to.
        self.ask("?")
        self.send("c")

    def close(self):
        self._socket.close()

    def send(self, text):
        self._socket.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 255))

    def receive(self):
        while True:
            found = re.search(rb"\$([^#]*)#..", self._pending, re.S)
            if found:
                self._pending = self._pending[found.end():]
                self._socket.sendall(b"+")
                return found.group(1).decode()
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("the machine ended")
            self._pending += data

    def ask(self, text):
        self.send(text)
        return self.receive()

    def registers(self, cpu, arch="x86_64"):
        """(program counter, frame pointer) of a CPU."""
        layout, counter, frame = REGISTERS[arch]
        self.ask(f"Hg{cpu + 1:x}")
        values = layout.unpack(bytes.fromhex(self.ask("g").replace("x", "0")[:2 * layout.size]))
        return values[counter], values[frame]

    def program_counter(self, cpu, arch="x86_64"):
        return self.registers(cpu, arch)[0]

    def stack(self, cpu, arch):
        """Addresses of the functions that a CPU is in, the innermost first."""
        counter, frame = self.registers(cpu, arch)
        found = [counter]
        while frame >= KERNEL_START and len(found) < STACK_DEPTH:
            words = self.ask(f"m{frame:x},10")
            if words.startswith("E"):
                break
            frame, address = struct.unpack("<QQ", bytes.fromhex(words))
            # On aarch64 the bits above those of an address may hold its signature.
            found.append(address | 0xffff << 48 if arch == "aarch64" and frame >= KERNEL_START else address)
        return found

    def stop(self):
        self._socket.sendall(b"\x03")
        self.receive()


def sample(path, symbols, cpus, has_begun, has_ended, arch="x86_64"):
    """Counts functions from when has_begun() to has_ended(); the machine's stub listens at path."""
    counts = collections.Counter()
    stub = Stub(path)
    try:
        while not has_begun():
            if has_ended():
                return counts
            time.sleep(0.05)
        while not has_ended():
            time.sleep(PAUSE_S)
            stub.stop()
            for cpu in range(cpus):
                counts[symbols.name(stub.program_counter(cpu, arch))] += 1
            stub.send("c")
    except (OSError, ValueError, struct.error):
        pass  # the machine ended between two questions
    finally:
        stub.close()
    return counts


def stacks(path, kernel, cpus, arch):
    """Where each CPU of a machine is that seems to hang, a few times, as lines of text."""
    symbols, lines = Symbols(kernel), []
    try:
        stub = Stub(path)
        for _ in range(STACK_ROUNDS):
            time.sleep(0.2)
            stub.stop()
            for cpu in range(cpus):
                names = [symbols.name(address) for address in stub.stack(cpu, arch)]
                lines.append(f"CPU {cpu}: " + " < ".join(names))
            stub.send("c")
        stub.close()
    except (OSError, ValueError, struct.error) as failure:
        lines.append(f"the machine does not say where it is: {failure}")
    return "\n".join(lines)


def lock_share(counts):
    """What part of the time in which the CPUs were not idle they waited for locks."""
    busy = sum(counts.values()) - counts["schedule_idle"] - counts["cpu_wait_for_interrupt"]
    return sum(counts[name] for name in LOCK_WAITS) / busy if busy else 0.0
