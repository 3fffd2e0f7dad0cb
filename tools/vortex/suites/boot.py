"""Boots on many machines, and on input that is wrong: each ends in a prompt or in a clear message."""
import os
import re

from .. import images
from ..common import BUILD, ROOT, run as run_command, say
from ..machine import Machine, Timeout, run_to_end
from .oracle import write_initrd

PROMPT_INSTRUCTIONS = 150_000_000
PROMPT = r"root@aegis:[^\n]*# "

# name, options of the machine: each must come to busybox's prompt with all its CPUs, and power off.
MACHINES = [
    ("q35-max", {"cpu": "max", "smp": 4}),
    ("pc-qemu64", {"cpu": "qemu64", "machine": "pc", "smp": 4}),
    ("q35-EPYC-Rome", {"cpu": "EPYC-Rome", "smp": 2}),
    ("q35-Skylake-kpti", {"cpu": "Skylake-Client", "smp": 4, "append": "kpti=on"}),
    ("microvm", {"machine": "microvm", "smp": 2, "cpu": "max"}),
    ("one-cpu", {"smp": 1}),
    ("3-cpus", {"smp": 3}),
    ("16-cpus", {"smp": 16, "memory": 512}),
    ("24-megabytes", {"smp": 1, "memory": 24}),
    ("64-gigabytes", {"smp": 2, "memory": "64G", "extra": (
        "-object", "memory-backend-ram,id=big,size=64G,reserve=off", "-machine", "memory-backend=big")}),
    ("x2apic-off", {"cpu": "max,-x2apic", "smp": 4}),
    ("no-hpet", {"machine": "q35,hpet=off", "smp": 2}),
    ("unknown-option", {"append": "unknown.option=1 nonsense kpti=perhaps loglevel=99999999999"}),
]


def run(context, report):
    """All machines, then wrong input."""
    if context.arch != "x86_64":
        machines = [("virt", {}), ("virt-16", {"smp": 16})]
    else:
        machines = MACHINES
    path = images.image("busybox", context.arch)
    for name, options in machines:
        boot_to_prompt(context, report, f"boot {name}", path, options)
    if context.arch == "x86_64":
        debug_build(context, report, path)
    whole_lines(context, report)
    instruction_count(context, report)
    wrong_input(context, report)


def boot_to_prompt(context, report, name, path, options, kernel=None, timeout=60):
    """A prompt, the number of CPUs, and a clean end."""
    cpus = options.get("smp", 4)
    try:
        with Machine(kernel or context.kernel(), initrd=path, arch=context.arch,
                     **{"memory": 256, **options}) as machine:
            machine.expect(PROMPT, timeout)
            machine.send("nproc; echo result $((6 * 7))\n")
            found = machine.expect(r"(\d+)\s+result 42", 30)
            machine.send("exit\n")
            status = machine.wait(20)
        report.check(name, int(found.group(1)) == cpus and status == 0,
                     f"{found.group(1)} CPUs, status {status}")
    except Timeout as failure:
        report.not_ok(name, str(failure))


def debug_build(context, report, path):
    """The build with KASAN, UBSAN and lock checks comes up too."""
    boot_to_prompt(context, report, "boot debug-build", path, {"smp": 4, "memory": 512},
                   kernel=context.kernel(debug=True), timeout=150)


def cases():
    """name, initial file system (None: none at all), options, what must be said."""
    good = images.image_with("busybox", "x86_64", {}, None)
    no_init = images.image_with(None, "x86_64", {"etc/passwd": (b"", 0o644)}, None)
    liar = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00" + b"\xff" * 200
    return [
        ("no initial file system", None, {}),
        ("corrupt initial file system", good[:1000] + b"\xff" * 5000 + good[6000:], {}),
        ("truncated initial file system", good[:len(good) // 2], {}),
        ("not a cpio at all", b"hello, this is not an archive" * 50, {}),
        ("gzip that is cut", b"\x1f\x8b\x08\x00" + bytes(300), {}),
        ("no init", no_init, {}),
        ("init is no program", images.image_with(None, "x86_64", {"init": (b"\0\1\2", 0o755)}, None), {}),
        ("init is an ELF that lies", images.image_with(None, "x86_64", {"init": (liar, 0o755)}, None), {}),
        ("init= names nothing", good, {"append": "init=/nowhere"}),
        ("16 MB of memory", good, {"memory": 16, "smp": 1}),
    ]


def wrong_input(context, report):
    """The kernel says what is wrong (a panic or FAIL line with a reason) or comes to a prompt."""
    if context.arch != "x86_64":
        return
    for name, data, options in cases():
        path = write_initrd(data) if data is not None else None
        try:
            settings = {"memory": 128, "smp": 2, **options}
            with Machine(context.kernel(), initrd=path, arch=context.arch, **settings) as machine:
                machine.expect(rf"(?i)panic:? .{{8,}}|FAIL: .{{8,}}|{PROMPT}", 40)
            report.ok(f"boot {name}")
        except Timeout as failure:
            report.not_ok(f"boot {name}", str(failure))
        finally:
            if path:
                os.unlink(path)
    no_serial_port(context, report)


def whole_lines(context, report):
    """Lines of the log and lines of programs share the serial line, and none is cut by another."""
    command = """#!/bin/sh
for part in 1 2 3 4; do
	for i in $(seq 100); do
		echo "program line $part.$i end"
		echo "kernel line $part.$i end" >/dev/kmsg
	done &
done
wait
/bin/busybox poweroff -f
"""
    path = write_initrd(images.image_with("busybox", context.arch, {}, command))
    try:
        lines = run_to_end(context.kernel(), 120, initrd=path, memory=256, append="loglevel=8").splitlines()
        found = [sum(line == f"{who} line {part}.{i} end" for line in lines)
                 for who in ("kernel", "program") for part in range(1, 5) for i in range(1, 101)]
        report.check("boot whole lines", set(found) == {1},
                     f"{found.count(0)} lines are missing or cut: "
                     f"{[line for line in lines if line.count('line') > 1][:5]}")
    except Timeout as failure:
        report.not_ok("boot whole lines", str(failure))
    finally:
        os.unlink(path)


def instruction_count(context, report):
    """Instructions from power-on until init has done its work and would start the shell."""
    if context.arch != "x86_64":
        return
    program = os.path.join(BUILD, "ticks")
    run_command(["musl-gcc", "-O2", "-static", "-o", program, os.path.join(ROOT, "test", "boot", "ticks.c")])
    with open(program, "rb") as data:
        files = {"test/ticks": (data.read(), 0o755)}
    command = "#!/bin/sh\n/test/ticks\n/bin/busybox poweroff -f\n"
    path = write_initrd(images.image_with("busybox", context.arch, files, command))
    try:
        text = run_to_end(context.kernel(), 120, initrd=path, smp=1, memory=256, cpu="EPYC-Rome",
                          append="quiet", extra=("-icount", "shift=0,sleep=off"))
        found = re.search(r"ticks (\d+)", text)
        ticks = int(found.group(1)) if found else None
        say(f"instructions from power-on to the end of init: {ticks}")
        report.check("boot instructions", ticks is not None and ticks <= PROMPT_INSTRUCTIONS,
                     f"{ticks}, at most {PROMPT_INSTRUCTIONS} are allowed")
    except Timeout as failure:
        report.not_ok("boot instructions", str(failure))
    finally:
        os.unlink(path)


def no_serial_port(context, report):
    """Without a serial line the machine still runs its init and ends by itself."""
    command = "#!/bin/sh\n/bin/busybox poweroff -f\n"
    path = write_initrd(images.image_with("busybox", context.arch, {}, command))
    try:
        machine = Machine(context.kernel(), initrd=path, arch=context.arch, memory=256)
        at = machine.command.index("-serial")
        machine.command[at + 1] = "none"
        with machine:
            status = machine.wait(60)
        report.check("boot without a serial port", status == 0, f"status {status}")
    except Timeout as failure:
        report.not_ok("boot without a serial port", str(failure))
    finally:
        os.unlink(path)
