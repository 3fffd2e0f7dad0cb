"""What the kernel says of its own defects, provoked through the option `provoke`; tracing; the watchdogs."""
import bisect
import os
import re
import socket
import subprocess
import tempfile

from .. import images
from ..common import BUILD, Failure, symbols_of
from ..machine import Machine, Timeout
from .boot import BANNER, PROMPT

CPUS = 4
# The exit device's word of a panic; where there is none, the machine restarts, which ends the emulator.
ENDED_BY_PANIC = {"x86_64": 3, "aarch64": 0}
PLACE = re.compile(r"([0-9a-f]{16})  ([\w.]+)\+0x([0-9a-f]+)$", re.M)

# Defects that end the machine: what is said of the cause, and functions that the backtrace must show.
OVERFLOW = {"x86_64": r"kernel stack overflow \(double fault\)", "aarch64": "kernel stack overflow, syndrome"}
DEATHS = [
    ("panic", r"provoked\nin thread \d+ \(start\)", ["provoke_panic", "provoke_start", "start_rest"]),
    ("null-pointer", {"x86_64": "page fault, error 2, .*address 8,", "aarch64": "data abort, .*address 8,"},
     ["provoke_null_pointer", "start_rest"]),
    ("wild-pointer", {"x86_64": "general protection fault", "aarch64": "data abort, .*address 8000000000000000,"},
     ["provoke_wild_pointer", "start_rest"]),
    ("wild-jump", {"x86_64": "page fault, error 10, at 10,", "aarch64": "instruction abort, .*at 10,"},
     ["provoke", "start_rest"]),
    ("overflow", OVERFLOW, ["overflow", "provoke_overflow", "start_rest"]),
    ("interrupt-overflow", OVERFLOW,
     ["overflow", "overflow_here", "interrupt_handle", "provoke_interrupt_overflow"]),
    ("panic-everywhere", "provoked on every CPU", ["panic_here", "provoke_panic_everywhere"]),
    ("panic-in-log", {"x86_64": "page fault, .*address 18,", "aarch64": "data abort, .*address 18,"},
     ["format_vprint", "log_print", "provoke_panic_in_log"]),
]
UNDEFINED = {"x86_64": "invalid instruction", "aarch64": "breakpoint instruction"}


def run(context, report):
    """Deaths of the kernel that is shipped and of the one with checks, then what it survives."""
    symbols = Symbols(context.kernel())
    for name, cause, functions in DEATHS:
        cause = cause if isinstance(cause, str) else cause[context.arch]
        death(context, report, symbols, name, r"PANIC on CPU \d: " + cause, functions)
    panic_in_panic(context, report)
    panic_restarts(context, report)
    watchdogs(context, report, symbols)
    if context.arch == "x86_64":     # other machines of QEMU have no such button
        button(context, report, symbols)
    tracing(context, report)
    checks(context, report)


class Symbols:
    """Functions by address, from the kernel's own symbol table: a second opinion on the names that it prints."""

    def __init__(self, kernel):
        text = subprocess.run(["nm", symbols_of(kernel)], capture_output=True, text=True, check=True).stdout
        found = sorted((int(line.split()[0], 16), line.split()[2]) for line in text.splitlines()
                       if len(line.split()) == 3 and line.split()[1] in "tTwW")
        self.addresses = [address for address, _ in found]
        self.names = [name for _, name in found]
        self.functions = set(found)

    def wrong_places(self, output):
        """Lines that name another function than the table, or an address outside the function."""
        wrong = []
        for address, name, offset in PLACE.findall(output):
            start = int(address, 16) - int(offset, 16)
            at = bisect.bisect_right(self.addresses, int(address, 16) - 1) - 1
            inside = at >= 0 and self.addresses[at] == start or (int(offset, 16) == 0 and start in self.addresses)
            if (start, name) not in self.functions or not inside:
                wrong.append(f"{address} {name}+0x{offset}")
        return wrong


def boot(context, line, kernel=None, **options):
    """(output, status) of a machine that ends by itself."""
    settings = {"memory": 256, "smp": CPUS, "append": line, **options}
    with Machine(kernel or context.kernel(), arch=context.arch, **settings) as machine:
        status = machine.wait(90)
        return machine.output.replace("\r", ""), status


def missing_cpus(output):
    """CPUs of which the report of a panic does not say where they were."""
    first = re.search(r"PANIC on CPU (\d)", output)
    named = set(re.findall(r"^CPU (\d) (?:at [0-9a-f]{16}  [\w.]+\+0x|panics, too: )", output, re.M))
    named |= {first.group(1)} if first else set()
    return sorted(set(map(str, range(CPUS))) - named)


def death(context, report, symbols, name, cause, functions):
    """One provoked end: its cause, the functions on the way, and where every CPU was."""
    try:
        output, status = boot(context, f"quiet provoke={name}")
    except Timeout as failure:
        report.not_ok(f"diagnostics {name}", str(failure))
        return
    shown = [found[1] for found in PLACE.findall(output)]
    lacking = [function for function in functions if function not in shown]
    report.check(f"diagnostics {name}: says why", re.search(cause, output) and status == ENDED_BY_PANIC[context.arch],
                 f"status {status}: {output[-800:]!r}")
    report.check(f"diagnostics {name}: backtrace", not lacking, f"without {lacking}: {output[-1500:]!r}")
    report.check(f"diagnostics {name}: every CPU", not missing_cpus(output), f"{missing_cpus(output)}: {output[-1500:]!r}")
    wrong = [place for place in symbols.wrong_places(output) if " ?+" not in place]
    report.check(f"diagnostics {name}: names are right", not wrong and shown, f"{wrong}")


def panic_in_panic(context, report):
    """A panic whose report fails says what happened first, and ends."""
    try:
        output, status = boot(context, "quiet provoke=panic-in-panic")
        report.check("diagnostics panic-in-panic", "provoked first" in output and "panic while panicking" in output
                     and status == ENDED_BY_PANIC[context.arch], f"status {status}: {output[-500:]!r}")
    except Timeout as failure:
        report.not_ok("diagnostics panic-in-panic", str(failure))


def panic_restarts(context, report):
    """panic=-1 restarts at once, panic=1 after a second; without an exit device it is the only way on."""
    for value in ("-1", "1"):
        try:
            with Machine(context.kernel(), arch=context.arch, memory=128, smp=CPUS, restarts=True, has_exit=False,
                         append=f"panic={value} provoke=panic") as machine:
                for _ in range(2):
                    machine.expect(BANNER, 40)
                    machine.expect("PANIC on CPU", 40)
            report.ok(f"diagnostics panic={value} restarts")
        except Timeout as failure:
            report.not_ok(f"diagnostics panic={value} restarts", str(failure))


def at_prompt(context, line="provoke", **options):
    """A machine with busybox's prompt; use as a context manager."""
    settings = {"memory": 256, "smp": CPUS, "append": line, **options}
    kernel = settings.pop("kernel", None) or context.kernel()
    return Machine(kernel, initrd=images.image("busybox", context.arch), arch=context.arch, **settings)


def watchdogs(context, report, symbols):
    """A CPU that does not switch, and one that takes no interrupts, are told with the function that they are in."""
    command = "(echo loop >/proc/aegis/provoke) & (echo masked-loop >/proc/aegis/provoke) & wait; echo both e''nd\n"
    try:
        with at_prompt(context) as machine:
            machine.expect(PROMPT, 60)
            machine.send(command)
            machine.expect("both end", 120)
            output = machine.output.replace("\r", "")
    except Timeout as failure:
        report.not_ok("diagnostics watchdogs", str(failure))
        return
    stuck = re.search(r"CPU (\d) is stuck in sh \(thread \d+\), not switching for 20 s", output)
    report.check("diagnostics loop: the CPU is named", stuck and re.search(
        rf"^CPU {stuck.group(1)} at [0-9a-f]+  (provoke_)?loop\+", output, re.M), output[-1500:])
    masked = re.search(r"CPU (\d) takes no interrupts for 20 s", output)
    report.check("diagnostics masked-loop: the CPU is named", masked and re.search(
        rf"^CPU {masked.group(1)} at [0-9a-f]+  (provoke_masked_)?loop\+", output, re.M), output[-1500:])
    report.check("diagnostics watchdogs: names are right", not symbols.wrong_places(output), symbols.wrong_places(output))


def button(context, report, symbols):
    """A non-maskable interrupt from outside makes every CPU say where it is, and nothing stops."""
    path = os.path.join(tempfile.mkdtemp(dir=BUILD), "monitor")
    try:
        with at_prompt(context, "", extra=("-monitor", f"unix:{path},server=on,wait=off")) as machine:
            machine.expect(PROMPT, 60)
            with socket.socket(socket.AF_UNIX) as monitor:
                monitor.settimeout(20)
                monitor.connect(path)
                monitor.sendall(b"nmi\n")
                for cpu in range(CPUS):
                    machine.position = 0
                    machine.expect(rf"CPU {cpu} at [0-9a-f]{{16}}  \S+", 30)
            machine.send("echo still $((6 * 7))\n")
            machine.expect("still 42", 30)
            wrong = symbols.wrong_places(machine.output.replace("\r", ""))
        report.check("diagnostics button", not wrong, wrong)
    except (Timeout, OSError) as failure:
        report.not_ok("diagnostics button", str(failure))
    finally:
        if os.path.exists(path):
            os.unlink(path)
        os.rmdir(os.path.dirname(path))


TRACED = [r'openat\(AT_FDCWD, "/none", 0, 00\) = -1 ENOENT', r'openat\(AT_FDCWD, "/etc/hostname", 0, 00\) = 3',
          r"close\(3\) = 0", r"brk\(NULL\) = 0x[0-9a-f]+", r"exit_group\(1\) \.\.\.",
          r'write\(2, "cat: can\'t open \'/none\': No such"\.\.\., \d+\) = \d+']


def tracing(context, report):
    """trace= and /proc/aegis/trace print the calls of the programs of that name, and of no other."""
    for name, line, first in (("option", "trace=cat", ""), ("switch", "", "echo cat >/proc/aegis/trace\n")):
        try:
            with at_prompt(context, line) as machine:
                machine.expect(PROMPT, 60)
                machine.send(first + "/bin/cat /none /etc/hostname; cat /proc/aegis/trace; echo >/proc/aegis/trace; "
                             "echo switched o''ff; /bin/cat /none; echo do''ne\n")
                machine.expect("done", 30)
                output = machine.output.replace("\r", "")
        except Timeout as failure:
            report.not_ok(f"diagnostics trace by {name}", str(failure))
            continue
        before, _, after = output.partition("switched off")
        for pattern in TRACED:
            report.check(f"diagnostics trace by {name}: {pattern}", re.search(rf"^\[TRACE\] cat\[\d+\] {pattern}", before, re.M),
                         before[-2000:])
        report.check(f"diagnostics trace by {name}: others are not traced", not re.search(r"\[TRACE\] (?!cat)", output))
        report.check(f"diagnostics trace by {name}: off", "[TRACE]" not in after and "No such file" in after, after)
    unprivileged(context, report)


def unprivileged(context, report):
    """Nobody but who may trace or end the system reaches these switches."""
    try:
        with at_prompt(context) as machine:
            machine.expect(PROMPT, 60)
            for name in ("trace", "provoke"):
                machine.send(f"su user -c 'echo panic >/proc/aegis/{name}'; echo {name} st''atus $?\n")
                machine.expect(rf"/proc/aegis/{name}: Permission denied\s+{name} status [1-9]", 30)
                report.ok(f"diagnostics {name} is closed to others")
    except Timeout as failure:
        report.not_ok("diagnostics for others", str(failure))


def checks(context, report):
    """The build with checks finds what the other can not see, and goes on where it can."""
    kernel = context.kernel(debug=True)
    expected = [("lock-order", "lock order: out of order: takes LOCK_TASK_TREE while holding LOCK_FUTEX", "provoke_lock_order"),
                ("sleep-in-atomic", "assert_may_sleep: unexpected: self->preemption_count != 0", "provoke_sleep_in_atomic"),
                ("use-after-free", "KASAN: use after free: write of 1 bytes", "provoke_use_after_free")]
    try:
        with at_prompt(context, memory=512, kernel=kernel) as machine:
            machine.expect(PROMPT, 150)
            for name, message, function in expected:
                before = len(machine.output)
                machine.send(f"echo {name} >/proc/aegis/provoke; echo st''atus $?\n")
                machine.expect(r"status 0", 60)
                output = machine.output[before:]
                report.check(f"diagnostics {name}", message in output and function in output, output[-1500:])
            machine.send("echo undefined >/proc/aegis/provoke\n")
            status = machine.wait(60)
            output = machine.output.replace("\r", "")
        report.check("diagnostics undefined", status == ENDED_BY_PANIC[context.arch] and "provoke_undefined" in output
                     and re.search(r"PANIC on CPU \d: " + UNDEFINED[context.arch], output), output[-1500:])
        report.check("diagnostics undefined: every CPU", not missing_cpus(output), f"{missing_cpus(output)}")
        wrong = Symbols(kernel).wrong_places(output)
        report.check("diagnostics with checks: names are right", not wrong, wrong)
    except (Timeout, Failure) as failure:
        report.not_ok("diagnostics with checks", str(failure))
