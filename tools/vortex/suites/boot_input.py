"""Wrong input at boot: damaged archives, init programs that cannot run, too little memory, no console.

Each ends in a clear message or just works, never in a silent hang.
"""
import gzip
import os
import random
import re
from concurrent.futures import ThreadPoolExecutor

from .. import images
from ..common import BUILD, ROOT, Failure, run as run_command
from ..cpio import Archive
from ..machine import Machine, Timeout
from .oracle import write_initrd

RAN = "init ran"
MESSAGE = r"\[INITRAMFS\] FAIL: .{8,}|\[BOOT\] FAIL: .{8,}"
PANIC = r"\[KERNEL\] PANIC on CPU \d+: .{8,}"
DAMAGES = 24            # of each kind
ENDED_BY_PANIC = 3      # status of isa-debug-exit


def run(context, report):
    """All kinds of wrong input."""
    init = build_init()
    damaged_archives(context, report, init)
    for name, archive, line, expected in init_cases(init):
        one_message(context, report, name, archive, line, expected)
    one_message(context, report, "no initial file system", None, "", r"no initramfs was given[^$]*no program to start")
    little_memory(context, report, init)
    no_serial_port(context, report)
    no_console_node(context, report)
    replaced_members(context, report)


def build_init():
    """The bytes of test/boot/init.c: a program that says that it ran and ends the machine."""
    program = os.path.join(BUILD, "boot-init")
    run_command(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-array-bounds", "-static", "-nostdlib",
                 "-ffreestanding", "-fno-stack-protector", "-fcf-protection=none", "-s",
                 "-Wl,-z,noseparate-code,--build-id=none", "-o", program, os.path.join(ROOT, "test", "boot", "init.c")])
    with open(program, "rb") as data:
        return data.read()


def archive_of(files):
    """An archive of {path: (contents, mode)}."""
    archive = Archive()
    for path, (data, mode) in files.items():
        archive.file(path, data, mode)
    return archive


def boot(context, data, line="", **options):
    """(output, status) of a machine that ends by itself."""
    path = write_initrd(data) if data is not None else None
    settings = {"memory": 64, "smp": 2, "machine": "microvm", **options}
    try:
        with Machine(context.kernel(), initrd=path, append=line, arch=context.arch, **settings) as machine:
            status = machine.wait(60)
            return machine.output.replace("\r", ""), status
    finally:
        if path:
            os.unlink(path)


def damages(data, seed):
    """(name, damaged data) of one archive, cut and with flipped bits, at places that the seed chooses."""
    chance = random.Random(seed)
    for at in sorted(chance.sample(range(1, len(data)), DAMAGES)):
        yield f"cut at {at}", data[:at]
    for at in sorted(chance.sample(range(len(data)), DAMAGES)):
        bit = 1 << chance.randrange(8)
        yield f"bit {bit:#x} of byte {at} flipped", data[:at] + bytes([data[at] ^ bit]) + data[at + 1:]
    for at in sorted(chance.sample(range(len(data)), DAMAGES // 2)):
        length = chance.randrange(1, 600)
        yield f"{length} bytes from {at} random", data[:at] + chance.randbytes(length) + data[at + length:]


def damaged_archives(context, report, init):
    """Plain and compressed archives, damaged in many places. A damaged gzip is always noticed."""
    archive = archive_of({"etc/text": (b"some text\n" * 200, 0o644), "init": (init, 0o755),
                          "usr/share/more": (bytes(range(256)) * 8, 0o644)})
    plain, packed = archive.bytes(), gzip.compress(archive.bytes(), mtime=0)
    cases = [("plain", damage, data, False) for damage, data in damages(plain, 1)]
    # The first ten bytes of gzip hold a time and other things that nobody needs.
    cases += [("gzip", damage, data, data[:10] == packed[:10]) for damage, data in damages(packed, 2)]
    cases += [("plain", "undamaged", plain, False), ("gzip", "undamaged", packed, False),
              ("two archives", "undamaged", plain + bytes(512) + packed, False),
              ("other", "no archive", b"hello, this is not an archive" * 50, True),
              ("other", "zeros", bytes(5000), False), ("other", "gzip of nothing", gzip.compress(b""), False),
              ("other", "gzip head and zeros", b"\x1f\x8b\x08\x00" + bytes(300), True),
              ("other", "xz", b"\xfd7zXZ\x00" + bytes(300), True),
              ("other", "huge sizes", plain.replace(b"%08X" % len(init), b"FFFFFFFF"), True)]

    def attempt(case):
        try:
            return boot(context, case[2], "quiet")
        except Timeout as failure:
            return str(failure), None

    with ThreadPoolExecutor(max_workers=2) as pool:
        for case, (output, status) in zip(cases, pool.map(attempt, cases)):
            kind, damage, _, must_complain = case
            has_run = RAN in output and status == 0
            has_panicked = re.search(PANIC, output) and status == ENDED_BY_PANIC
            has_complained = re.search(MESSAGE, output)
            good = (has_run or has_panicked) and (has_complained or not must_complain)
            if damage == "undamaged":
                good = has_run and not has_complained
            report.check(f"boot archive {kind}: {damage}", good, f"status {status}: {output[-300:]!r}")


def init_cases(init):
    """name, archive, command line, what must be said before the machine ends."""
    liar = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00" + b"\xff" * 200
    folder = Archive()
    folder.directory("init")
    device = Archive()
    device.device("init", "c", 1, 3, 0o755)
    loop = Archive()
    loop.link("init", "init")
    fifo = Archive()
    fifo.pipe("init", 0o755)
    both = archive_of({"init": (b"\0\1\2", 0o755), "sbin/init": (init, 0o755)})
    no_program = PANIC.replace(".{8,}", "init: no program to start: .*")

    def refused(reason):
        return rf"init: /init cannot run \({reason}\)[^$]*" + no_program

    return [
        ("no init", archive_of({"etc/passwd": (b"", 0o644)}), "", no_program),
        ("init is no program", archive_of({"init": (b"\0\1\2", 0o755)}), "", refused("ENOEXEC")),
        ("init is empty", archive_of({"init": (b"", 0o755)}), "", refused("ENOEXEC")),
        ("init is an ELF that lies", archive_of({"init": (liar, 0o755)}), "", refused("ENOEXEC")),
        ("init is cut", archive_of({"init": (init[:70], 0o755)}), "", refused("ENOEXEC")),
        ("init cannot be mapped", archive_of({"init": (init[:0x18] + b"\xff" * 8 + init[0x20:], 0o755)}), "",
         refused("EINVAL")),
        ("init may not be executed", archive_of({"init": (init, 0o644)}), "", refused("EACCES")),
        ("init is a folder", folder, "", refused("EACCES")),
        ("init is a device", device, "", refused("EACCES")),
        ("init is a pipe", fifo, "", refused("EACCES")),
        ("init is a link to itself", loop, "", refused("ELOOP")),
        ("init is a script without interpreter", archive_of({"init": (b"#!/bin/none\n", 0o755)}), "", no_program),
        ("init is a script of nothing", archive_of({"init": (b"#!\n", 0o755)}), "", refused("ENOEXEC")),
        ("init is a script of itself", archive_of({"init": (b"#!/init\n", 0o755)}), "", refused("ELOOP")),
        ("another init where the first cannot run", both, "", refused("ENOEXEC").split("[^$]*")[0] + f"[^$]*{RAN}"),
        ("init= names nothing", archive_of({"init": (init, 0o755)}), "init=/nowhere",
         PANIC.replace(".{8,}", "init: /nowhere, which the command line names, cannot run .ENOENT.")),
        ("rdinit= names a folder", archive_of({"init": (init, 0o755)}), "rdinit=/dev",
         PANIC.replace(".{8,}", "init: /dev, which the command line names, cannot run .EACCES.")),
        ("rdinit= is longer than a name", archive_of({"init": (init, 0o755)}), "rdinit=/" + "x" * 900, PANIC),
        ("init is killed by a fault", archive_of({"init": (init, 0o755)}), "fault",
         PANIC.replace(".{8,}", r"the first process \(init\) was killed by signal 11")),
        ("init returns", archive_of({"init": (init, 0o755)}), "return",
         PANIC.replace(".{8,}", r"the first process \(init\) ended with status 7")),
    ]


def one_message(context, report, name, archive, line, expected):
    """The message must come, and the machine ends with the status of a panic unless a program ran."""
    try:
        output, status = boot(context, archive.bytes() if archive else None, line)
        good = re.search(expected, output) and status == (0 if RAN in output and "PANIC" not in output
                                                          else ENDED_BY_PANIC)
        report.check(f"boot {name}", good, f"status {status}: {output[-400:]!r}")
    except Timeout as failure:
        report.not_ok(f"boot {name}", str(failure))


def little_memory(context, report, init):
    """Much less than the 16 MB that are promised still run a program; where nothing can, the kernel says so."""
    small = archive_of({"init": (init, 0o755)}).bytes()
    shell = images.image_with("busybox", context.arch, {}, "#!/bin/sh\necho init ran\n/bin/busybox poweroff -f\n")
    cases = [(machine, megabytes, "a small program", small, RAN) for machine in ("q35", "microvm") for megabytes in (16, 8, 4)]
    cases += [("q35", megabytes, "busybox", shell, RAN) for megabytes in (16, 10)]
    cases += [("q35", 5, "busybox", shell, f"{RAN}|{PANIC}|{MESSAGE}")]
    for machine, megabytes, name, data, expected in cases:
        try:
            output, status = boot(context, data, memory=megabytes, machine=machine, smp=1)
            report.check(f"boot {name} on {machine} with {megabytes} MB",
                         re.search(expected, output) and (expected != RAN or status == 0),
                         f"status {status}: {output[-300:]!r}")
        except Timeout as failure:
            report.not_ok(f"boot {name} on {machine} with {megabytes} MB", str(failure))


def no_serial_port(context, report):
    """Without a serial line the machine still runs its init and ends by itself, by power-off or by a panic's exit."""
    for name, line, expected in (("runs", "#!/bin/sh\n/bin/busybox poweroff -f\n", 0), ("ends", "#!/bin/none\n", 3)):
        path = write_initrd(images.image_with("busybox", context.arch, {"init": (line, 0o755)}, None))
        try:
            for machine_name in ("q35", "microvm"):
                machine = Machine(context.kernel(), initrd=path, arch=context.arch, memory=256, machine=machine_name,
                                  append="rdinit=/init")
                machine.command[machine.command.index("-serial") + 1] = "none"
                with machine:
                    status = machine.wait(60)
                report.check(f"boot {machine_name} without a serial port {name}", status == expected,
                             f"status {status}")
        except (Timeout, Failure) as failure:
            report.not_ok(f"boot without a serial port {name}", str(failure))
        finally:
            os.unlink(path)


def no_console_node(context, report):
    """An archive without /dev/console, or with something else there: init runs, without output if it must."""
    init = build_init()
    for name, files, expected in (
            ("no /dev", {}, RAN), ("/dev/console is a file", {"dev/console": (b"", 0o600)}, "first program started"),
            ("/dev is a file", {"dev": (b"", 0o644)}, rf"dev is left out .ENOTEMPTY.[^$]*{RAN}")):
        try:
            output, status = boot(context, archive_of({**files, "init": (init, 0o755)}).bytes())
            report.check(f"boot {name}", status == 0 and re.search(expected, output),
                         f"status {status}: {output[-300:]!r}")
        except Timeout as failure:
            report.not_ok(f"boot {name}", str(failure))


REPLACED = """#!/bin/sh
for name in /r/*; do
	[ -p "$name" ] || [ -c "$name" ] && echo "$name is special" && continue
	[ -L "$name" ] && echo "$name leads to $(readlink "$name")" && continue
	[ -d "$name" ] && echo "$name is a folder of $(ls "$name" | wc -l)" && continue
	echo "$name holds $(cat "$name")"
done
/bin/busybox poweroff -f
"""
KINDS = ("file", "folder", "link", "pipe", "device")


def replaced_members(context, report):
    """A later archive has other things by the names of an earlier one: they take their places, and nothing is
    written into a device or waits at a pipe."""
    def add(archive, path, kind):
        if kind == "file":
            archive.file(path, kind)
        elif kind == "folder":
            archive.directory(path)
        elif kind == "link":
            archive.link(path, "/nowhere")
        elif kind == "pipe":
            archive.pipe(path)
        else:
            archive.device(path, "c", 4, 64, 0o600)

    first, second = Archive(), Archive()
    first.directory("r")
    for old in KINDS:
        for new in KINDS:
            add(first, f"r/{old}-{new}", old)
            add(second, f"r/{old}-{new}", new)
    first.file("r/full/inside", "kept")
    second.file("r/full", "not this")
    data = images.image_with("busybox", context.arch, {}, REPLACED) + first.bytes() + second.bytes()
    says = {"file": "holds file", "folder": "is a folder of 0", "link": "leads to /nowhere",
            "pipe": "is special", "device": "is special"}
    try:
        output, _ = boot(context, data, memory=128, machine="q35")
        for old in KINDS:
            for new in KINDS:
                report.check(f"boot archive: {new} in place of {old}", f"/r/{old}-{new} {says[new]}\n" in output,
                             f"{re.findall(f'/r/{old}-{new}.*', output)}")
        report.check("boot archive: full folder stays", "/r/full is a folder of 1\n" in output
                     and "r/full is left out (ENOTEMPTY)" in output, output[-300:])
    except Timeout as failure:
        report.not_ok("boot archive: replaced members", str(failure))
