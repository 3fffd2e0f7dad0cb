"""Boots on many machines, by both loaders, and with odd command lines: each comes to a prompt or says why not."""
import hashlib
import os
import re
import time

from .. import edk2, grub, images
from ..common import BUILD, ROOT, Failure, run as run_command, say
from ..machine import DEFAULT_CONSOLE, Machine, Timeout, run_to_end
from . import boot_input, boot_tree
from .oracle import write_initrd

PROMPT_INSTRUCTIONS = 150_000_000
PROMPT = r"root@aegis:[^\n]*# "
BANNER = r"\[MEMORY\] OK: "
BIG_MEMORY = ("-object", "memory-backend-ram,id=big,size=64G,reserve=off", "-machine", "memory-backend=big")

# name, options of the machine, whether page tables are isolated: each must come to busybox's prompt with all its
# CPUs, and power off.
MACHINES = [
    ("q35 max", {"cpu": "max", "smp": 4}, False),
    ("q35 max kpti=on", {"cpu": "max", "smp": 4, "append": "kpti=on"}, True),
    ("pc qemu64", {"cpu": "qemu64", "machine": "pc", "smp": 4}, False),
    ("pc qemu64 kpti=on", {"cpu": "qemu64", "machine": "pc", "smp": 2, "append": "kpti=on"}, True),
    ("q35 EPYC-Rome", {"cpu": "EPYC-Rome", "smp": 2}, False),
    ("q35 EPYC-Rome kpti=on", {"cpu": "EPYC-Rome", "smp": 2, "append": "kpti=on"}, True),
    ("q35 Skylake-Client", {"cpu": "Skylake-Client", "smp": 4}, True),
    ("q35 Skylake-Client kpti=off", {"cpu": "Skylake-Client", "smp": 2, "append": "kpti=off"}, False),
    ("q35 Icelake-Server", {"cpu": "Icelake-Server", "smp": 2}, None),
    ("q35 Icelake-Server kpti=on", {"cpu": "Icelake-Server", "smp": 2, "append": "kpti=on"}, True),
    ("microvm", {"machine": "microvm", "smp": 2, "cpu": "max"}, False),
    ("microvm kpti=on", {"machine": "microvm", "smp": 2, "append": "kpti=on"}, True),
    ("1 CPU", {"smp": 1}, False),
    ("3 CPUs", {"smp": 3}, False),
    ("16 CPUs", {"smp": 16, "memory": 512}, False),
    ("24 MB", {"smp": 1, "memory": 24}, False),
    ("64 GB", {"smp": 2, "memory": "64G", "extra": BIG_MEMORY}, False),
    ("64 GB on pc", {"smp": 1, "memory": "64G", "machine": "pc", "extra": BIG_MEMORY}, False),
    ("x2apic off", {"cpu": "max,-x2apic", "smp": 4}, False),
    ("no HPET", {"machine": "q35,hpet=off", "smp": 2}, False),
    ("no HPET on pc", {"machine": "pc,hpet=off", "smp": 2}, False),
    ("no ACPI", {"machine": "pc,acpi=off", "smp": 1}, False),
]

# The same for aarch64, whose page tables need no isolation.
ARM_MACHINES = [
    ("virt max", {}, None),
    ("virt, GICv3", {"machine": "virt,gic-version=3"}, None),
    ("virt, GICv3 without ITS", {"machine": "virt,gic-version=3,its=off", "smp": 2}, None),
    ("virt at EL2", {"machine": "virt,virtualization=on", "smp": 2}, None),
    ("cortex-a53", {"cpu": "cortex-a53", "smp": 4}, None),
    ("cortex-a57", {"cpu": "cortex-a57", "smp": 2}, None),
    ("cortex-a72", {"cpu": "cortex-a72", "smp": 2}, None),
    ("neoverse-n1, GICv3", {"cpu": "neoverse-n1", "smp": 2, "machine": "virt,gic-version=3"}, None),
    ("1 CPU", {"smp": 1}, None),
    ("3 CPUs", {"smp": 3}, None),
    ("16 CPUs", {"smp": 16, "memory": 512}, None),
    ("64 MB", {"smp": 1, "memory": 64}, None),
    ("32 MB", {"smp": 1, "memory": 32}, None),
    ("16 GB", {"smp": 2, "memory": "16G", "extra": ("-object", "memory-backend-ram,id=big,size=16G,reserve=off",
                                                    "-machine", "memory-backend=big")}, None),
    ("64 GB", {"smp": 2, "memory": "64G", "extra": BIG_MEMORY}, None),
]

# The same under edk2, which loads the kernel's file as an EFI application and describes the machine by ACPI's tables,
# or by a device tree where it has none.
EDK2_MACHINES = [
    ("virt", {}),
    ("virt without ACPI", {"machine": "virt,acpi=off"}),
    ("virt, GICv3", {"machine": "virt,gic-version=3"}),
    ("virt without ACPI, GICv3", {"machine": "virt,acpi=off,gic-version=3", "smp": 2}),
    ("virt, GICv3 without ITS", {"machine": "virt,gic-version=3,its=off", "smp": 2}),
    ("virt at EL2", {"machine": "virt,virtualization=on", "smp": 2}),
    ("virt at EL2, GICv3", {"machine": "virt,virtualization=on,gic-version=3", "smp": 2}),
    ("cortex-a53, 1 CPU", {"cpu": "cortex-a53", "smp": 1}),
    ("cortex-a72, 8 GB", {"cpu": "cortex-a72", "smp": 2, "memory": "8G",
                          "extra": ("-object", "memory-backend-ram,id=big,size=8G,reserve=off",
                                    "-machine", "memory-backend=big")}),
]

# hvc0 as the only console: name, options of the machine, the device it belongs to. On PCI and in memory, with messages
# and with a wire, behind bridges, and placed by firmware (x86_64) or by the kernel (aarch64).
MODERN = ("-global", "virtio-mmio.force-legacy=false")
ON_PCI = ("-device", "virtio-serial-pci")
IN_MEMORY = (*MODERN, "-device", "virtio-serial-device")
ON_A_WIRE = ("-device", "virtio-serial-pci,vectors=0")
BEHIND_A_PORT = ("-device", "pcie-root-port,id=up,chassis=1", "-device", "virtio-serial-pci,bus=up")
BEHIND_TWO = ("-device", "pcie-root-port,id=up,chassis=1", "-device", "pcie-pci-bridge,id=bridge,bus=up",
              "-device", "virtio-serial-pci,bus=bridge,addr=3")
VIRTIO_CONSOLES = {
    "x86_64": [
        ("q35", {"machine": "q35"}, ON_PCI),
        ("pc", {"machine": "pc", "cpu": "qemu64"}, ON_PCI),
        ("pc without ACPI", {"machine": "pc,acpi=off", "smp": 1}, ON_PCI),
        ("microvm", {"machine": "microvm,acpi=off,isa-serial=off", "smp": 1}, IN_MEMORY),
        ("q35, a wire", {"machine": "q35"}, ON_A_WIRE),
        ("pc, a wire", {"machine": "pc"}, ON_A_WIRE),
        ("q35, a port", {"machine": "q35"}, BEHIND_A_PORT),
        ("q35, two bridges", {"machine": "q35"}, BEHIND_TWO),
    ],
    "aarch64": [
        ("virt", {}, ON_PCI),
        ("virt, in memory", {}, IN_MEMORY),
        ("virt, a wire", {}, ON_A_WIRE),
        ("virt, a port", {}, BEHIND_A_PORT),
        ("virt, two bridges", {}, BEHIND_TWO),
        ("virt, GICv3", {"machine": "virt,gic-version=3"}, ON_PCI),
        ("virt, GICv3, two bridges", {"machine": "virt,gic-version=3"}, BEHIND_TWO),
        ("virt, GICv3, a wire", {"machine": "virt,gic-version=3"}, ON_A_WIRE),
        ("virt, GICv3 without ITS", {"machine": "virt,gic-version=3,its=off"}, ON_PCI),
    ],
}
# What /proc/interrupts says of that device: who brings its interrupts, and whether they are messages.
INTERRUPTS = {
    "virt": r"GICv2 +\d+-edge",
    "virt, a wire": r"GICv2 +\d+-fasteoi",
    "virt, GICv3": r"ITS +\d+-edge",
    "virt, GICv3, two bridges": r"ITS +\d+-edge",
    "virt, GICv3, a wire": r"GICv3 +\d+-fasteoi",
    "virt, GICv3 without ITS": r"GICv3 +\d+-fasteoi",
}
# The same under edk2 with ACPI, where IORT says how messages reach an ITS: by itself or through an SMMU.
EDK2_VIRTIO_CONSOLES = [
    ("virt", {}, ON_PCI, r"GICv2 +\d+-edge"),
    ("virt, GICv3", {"machine": "virt,gic-version=3"}, ON_PCI, r"ITS +\d+-edge"),
    ("virt, GICv3, two bridges", {"machine": "virt,gic-version=3"}, BEHIND_TWO, r"ITS +\d+-edge"),
    ("virt, GICv3, SMMU", {"machine": "virt,gic-version=3,iommu=smmuv3"}, ON_PCI, r"ITS +\d+-edge"),
]
EARLY_LINE = r"\[MEMORY\] OK: "    # printed before any device is there
MANY_LINES = 3000
FLOOD_BYTES = 200_000

# Command lines that change nothing, or what the prompt's options say.
LINES = [
    ("unknown options", "unknown.option=1 nonsense kpti=perhaps loglevel=99999999999 =x = == \""),
    ("consoles that are not there", "console=hvc0 console=tty7,notaspeed"),
    ("quiet panic=-1 root= rdinit=", "quiet panic=-1 root=/dev/vda1 rootfstype=ext4 ro rdinit=/init"),
    ("init= and arguments", "init=/bin/busybox rdinit=/init trace=nobody -- --login 1 2 3"),
    ("numbers without end", "loglevel=-1 panic=99999999999999999999 smp=4294967296 mem=0"),
    ("a long line", "x" * 1500 + " " + "y=z " * 100),
    ("many options", " ".join(f"option{i}=value{i}" for i in range(150))),
]
# Devices that are not there, and which of them are told of as not found; the others cannot be.
MISSING_DEVICES = ("virtio_mmio.device=512@0xfeb00e00:5 virtio_mmio.device=4K@0xfffffff000:9 "
                   "virtio_mmio.device=512@0xfeb00f01:5 virtio_mmio.device=512@0xffffffffffffff00:5 "
                   "virtio_mmio.device=1@1:70000 virtio_mmio.device=")
MISSING_PLACES = ("0xfeb00e00", "0xfffffff000", "0xfeb00f01")


def run(context, report):
    """All machines, loaders, command lines and ends, then wrong input."""
    path = images.image("busybox", context.arch)
    is_pc = context.arch == "x86_64"
    for name, options, is_isolated in MACHINES if is_pc else ARM_MACHINES:
        boot_to_prompt(context, report, f"boot {name}", path, options, is_isolated=is_isolated)
    for name, line in LINES:
        boot_to_prompt(context, report, f"boot with {name}", path, {"smp": 2, "append": line})
    devices_not_there(context, report, path)
    console_not_there(context, report, path)
    call_not_there(context, report, path)
    boot_to_prompt(context, report, "boot debug build", path, {"smp": 4, "memory": 512},
                   kernel=context.kernel(debug=True), timeout=150)
    typed_at_once(context, report, path)
    on_virtio_consoles(context, report, path)
    ends(context, report, path)
    if not is_pc:
        boot_tree.run(context, report, path)
        by_edk2(context, report, path)
        return
    by_grub(context, report, path)
    instruction_count(context, report)
    boot_input.run(context, report)


def on_virtio_consoles(context, report, path):
    """hvc0 shows what was printed before it, takes input, loses nothing, and shows a panic."""
    for name, options, device in VIRTIO_CONSOLES[context.arch]:
        one_virtio_console(context, report, f"boot {name}, hvc0", path, options, device, INTERRUPTS.get(name))
    name, options, device = VIRTIO_CONSOLES[context.arch][0]
    try:
        with Machine(context.kernel(), initrd=path, arch=context.arch, virtio_console=device, memory=256,
                     append="console=hvc0", **options) as machine:
            take_flood(machine, report, f"boot {name}, hvc0: a flood of input is held back, not lost")
        with Machine(context.kernel(), arch=context.arch, virtio_console=device, memory=256, append="console=hvc0",
                     **options) as machine:
            machine.expect(r"\[KERNEL\] PANIC on CPU \d+: .{8,}", 60)
            report.ok(f"boot {name}, hvc0: a panic is shown")
    except (Timeout, Failure) as failure:
        report.not_ok(f"boot {name}, hvc0: a panic is shown", str(failure))


def one_virtio_console(context, report, name, path, options, device, interrupts):
    """All that is printed is seen, interrupts come in the wanted way, and the prompt is of use."""
    options = {"smp": 2, "memory": 256, "append": "console=hvc0", **options}
    try:
        with Machine(context.kernel(), initrd=path, arch=context.arch, virtio_console=device, **options) as machine:
            machine.expect(EARLY_LINE, 120)
            machine.expect(PROMPT, 60)
            machine.send(f"tty; seq 1 {MANY_LINES}; echo all $((6 * 7))\n")
            text = machine.expect(r"(?s)/dev/hvc0\s+(.*)all 42", 60).group(1)
            whole = text.split() == [str(i + 1) for i in range(MANY_LINES)]
            report.check(f"{name}: all is shown", whole, text[-300:])
            if interrupts:
                look_at_interrupts(machine, report, f"{name}: its interrupts", interrupts)
            use_prompt(machine, report, name, options["smp"])
    except (Timeout, Failure) as failure:
        report.not_ok(name, str(failure))


def look_at_interrupts(machine, report, name, wanted):
    """The only PCI device that interrupts does so in the wanted way, and has done so."""
    machine.send("grep pci: /proc/interrupts; echo that is a''ll\n")
    text = machine.expect(r"(?s)is a''ll(.*)that is all", 20).group(1)
    lines = re.findall(r"(?m)^ *\d+:.* pci:.*$", text)
    report.check(name, len(lines) == 1 and re.search(r": .*\b[1-9]\d* .*" + wanted + " +pci:", lines[0]) is not None,
                 text)


def take_flood(machine, report, name):
    """Far more input at once than any buffer holds."""
    data = "".join(chr(ord("!") + i * 7 % 90) for i in range(FLOOD_BYTES))
    machine.expect(PROMPT, 60)
    machine.send(f"stty raw -echo; echo rea''dy; head -c {FLOOD_BYTES} | md5sum; stty sane\n")
    machine.expect("ready", 20)
    machine.send(data)
    found = machine.expect(r"([0-9a-f]{32})", 60).group(1)
    report.check(name, found == hashlib.md5(data.encode()).hexdigest(), found)


def boot_to_prompt(context, report, name, path, options, kernel=None, timeout=60, is_isolated=None):
    """A prompt, the number of CPUs, whether page tables are isolated, and a clean end."""
    cpus = options.get("smp", 4)
    try:
        with Machine(kernel or context.kernel(), initrd=path, arch=context.arch,
                     **{"memory": 256, **options}) as machine:
            use_prompt(machine, report, name, cpus, is_isolated, timeout)
    except (Timeout, Failure) as failure:
        report.not_ok(name, str(failure))


def use_prompt(machine, report, name, cpus, is_isolated=None, timeout=60):
    """What everybody wants of a prompt: programs run, all CPUs are there, the end is clean."""
    machine.expect(PROMPT, timeout)
    machine.send("nproc; grep -qw pti /proc/cpuinfo; echo pti $? result $((6 * 7))\n")
    found = machine.expect(r"(\d+)\s+pti (\d) result 42", 30)
    machine.send("exit\n")
    status = machine.wait(20)
    has_pti = found.group(2) == "0"
    report.check(name, int(found.group(1)) == cpus and status == 0 and is_isolated in (None, has_pti),
                 f"{found.group(1)} CPUs, isolated {has_pti}, status {status}")


def devices_not_there(context, report, path):
    """Where the command line names devices that are not there, each is told of, and that is all."""
    name = "boot with devices that are not there"
    try:
        with Machine(context.kernel(), initrd=path, arch=context.arch, memory=256, smp=2,
                     append=MISSING_DEVICES) as machine:
            use_prompt(machine, report, name, 2)
            found = re.findall(r"virtio_mmio: not found, .* at (0x[0-9a-f]+)", machine.output)
            report.check(f"{name}: they are told of", found == list(MISSING_PLACES), f"{found}")
    except (Timeout, Failure) as failure:
        report.not_ok(name, str(failure))


def console_not_there(context, report, path):
    """Where the last console= names no line, that is told of once, with the line that is used."""
    name, used = "boot with a console that is not there", DEFAULT_CONSOLE[context.arch]
    try:
        with Machine(context.kernel(), initrd=path, arch=context.arch, memory=256, smp=2,
                     append="console=ttyX9,9600") as machine:
            use_prompt(machine, report, name, 2)
            found = re.findall(r"console=(\S*: no such line, \S+ is used)", machine.output)
            report.check(f"{name}: it is told of", found == [f"ttyX9: no such line, {used} is used"], f"{found}")
    except (Timeout, Failure) as failure:
        report.not_ok(name, str(failure))


def call_not_there(context, report, path):
    """A call that does not exist is counted for its program, with its name."""
    name = "boot: a call that is not there is counted"
    try:
        with Machine(context.kernel(), initrd=path, arch=context.arch, memory=256, smp=2) as machine:
            machine.expect(PROMPT, 60)
            machine.send("ifconfig 2>/dev/null; cat /proc/aegis/missing; echo that is a''ll\n")
            text = machine.expect(r"(?s)is a''ll(.*)that is all", 20).group(1)
            report.check(name, re.search(r"(?m)^ifconfig \d+ [1-9]\d* socket\r?$", text) is not None, text)
    except (Timeout, Failure) as failure:
        report.not_ok(name, str(failure))


def typed_at_once(context, report, path):
    """More than any FIFO and batch of the serial line takes, without a pause: all of it arrives."""
    try:
        with Machine(context.kernel(), initrd=path, arch=context.arch, memory=256, smp=4) as machine:
            machine.expect(PROMPT, 60)
            for number in range(4):
                machine.send(f": {'x' * 900}; echo arr''ived {number}\n")
                machine.expect(f"arrived {number}", 60)
        report.ok("boot typed at once")
    except (Timeout, Failure) as failure:
        report.not_ok("boot typed at once", str(failure))


def by_grub(context, report, path):
    """The Multiboot2 header: GRUB loads kernel and archive from a CD, under the PC's BIOS."""
    try:
        disc = grub.make_disc(context.kernel(), path)
    except grub.Unavailable as reason:
        say(f"GRUB is not tried: {reason}")
        return
    try:
        for name, options in (("pc", {"machine": "pc", "cpu": "qemu64"}), ("q35", {"cpu": "max", "smp": 4})):
            options = {"smp": 2, "memory": 256, "extra": ("-cdrom", disc), **options}
            with Machine(None, arch=context.arch, **options) as machine:
                use_prompt(machine, report, f"boot by GRUB on {name}", options["smp"])
    except (Timeout, Failure) as failure:
        report.not_ok("boot by GRUB", str(failure))
    finally:
        os.unlink(disc)


def by_edk2(context, report, path):
    """The PE header: edk2 loads kernel, command line and archive as QEMU offers them. Then a virtio console by MSI-X,
    a restart, and what cannot be started says so: by the kernel or, before it, on firmware's console."""
    firmware = ("-bios", edk2.firmware())
    for name, options in EDK2_MACHINES:
        options = {**options, "extra": (*firmware, *options.get("extra", ()))}
        boot_to_prompt(context, report, f"boot by edk2 on {name}", path, options, timeout=120)
    boot_to_prompt(context, report, "boot by edk2, debug build", path, {"memory": 512, "extra": firmware},
                   kernel=context.kernel(debug=True), timeout=200)
    for name, options, device, interrupts in EDK2_VIRTIO_CONSOLES:
        one_virtio_console(context, report, f"boot by edk2 on {name}, hvc0", path, {**options, "extra": firmware},
                           device, interrupts)
    try:
        options = {"smp": 2, "memory": 256, "arch": context.arch, "extra": firmware}
        with Machine(context.kernel(), initrd=path, **{**options, "machine": "virt,gic-version=3,its=off",
                     "extra": (*firmware, *ON_PCI, "-chardev", "null,id=line", "-device", "virtconsole,chardev=line")}
                     ) as machine:
            machine.expect(r"pci:\S+: no interrupts: nothing takes its messages, and ACPI says in bytecode", 120)
            machine.expect(PROMPT, 60)
            report.ok("boot by edk2 on virt, GICv3 without ITS: a function without interrupts is told of")
        look_at_date(context, report, "boot by edk2 on virt: the date", {"initrd": path, **options})
        with Machine(context.kernel(), **options) as machine:
            machine.expect(r"\[KERNEL\] PANIC on CPU \d+: .{8,}", 120)
            report.ok("boot by edk2 without an initial file system: a panic is shown")
        with Machine(context.kernel(), append="y=z " * 10_000, **options) as machine:
            machine.expect(r"\[BOOT\] FAIL: the command line is too long", 60)
            report.ok("boot by edk2 with a command line that is too long: firmware is told")
    except (Timeout, Failure) as failure:
        report.not_ok("boot by edk2", str(failure))
    one_end(context, report, "boot by edk2: reboot -f", "reboot -f", True, {"initrd": path, **options})


def look_at_date(context, report, name, options):
    """The guest's wall clock and the host's differ by less than a minute."""
    with Machine(context.kernel(), **options) as machine:
        machine.expect(PROMPT, 120)
        machine.send("date -u +'seconds %s.'\n")
        found = int(machine.expect(r"seconds (\d+)\.", 20).group(1))
        report.check(name, abs(found - time.time()) < 60, f"{found}, the host has {time.time():.0f}")


def ends(context, report, path):
    """Power-off and restart do what they say, with and without a shell's help."""
    for machine_name in ("q35", "pc", "microvm") if context.arch == "x86_64" else ("virt",):
        options = {"initrd": path, "smp": 2, "memory": 128, "machine": machine_name, "arch": context.arch}
        for command, restarts in (("poweroff -f", False), ("reboot -f", True), ("halt -f", None)):
            if machine_name == "microvm" and command == "halt -f":
                continue
            one_end(context, report, f"boot {machine_name}: {command}", command, restarts, options)
    for label, command in (("poweroff at the prompt", "poweroff"), ("a shell that ends after a failure", "false\nexit")):
        one_end(context, report, f"boot: {label}", command, False, options)


def one_end(context, report, name, command, restarts, options):
    """Ends the machine by a command. A restart is seen by the next start, a halt by nothing at all."""
    try:
        with Machine(context.kernel(), restarts=bool(restarts), **options) as machine:
            machine.expect(PROMPT, 60)
            machine.send(command + "\n")
            if restarts:
                machine.expect(BANNER, 30)
                machine.expect(PROMPT, 60)
                report.ok(name)
            elif restarts is None:
                machine.expect(r"reboot: .*halt", 30)
                report.ok(name)
            else:
                report.check(name, machine.wait(30) == 0, f"status {machine.status}")
        if restarts:
            with Machine(context.kernel(), **options) as machine:
                machine.expect(PROMPT, 60)
                machine.send(command + "\n")
                report.check(name + " ends the emulator", machine.wait(30) == 0, f"status {machine.status}")
    except (Timeout, Failure) as failure:
        report.not_ok(name, str(failure))


def instruction_count(context, report):
    """Instructions from power-on until init has done its work and would start the shell."""
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
