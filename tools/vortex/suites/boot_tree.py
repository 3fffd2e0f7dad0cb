"""Device trees of aarch64 that are padded, cut, damaged or lie: each boot ends in a clear message or at the prompt."""
import os
import random
import re
import struct
import subprocess
import tempfile

from .. import device_tree, qemu
from ..common import Failure
from ..device_tree import cells, find
from ..machine import Machine, Timeout

PROMPT = r"root@aegis:[^\n]*# "
ENDS = r"root@aegis:[^\n]*# |\[BOOT\] FAIL: .{8,}|PANIC on CPU \d+: .{8,}|\[CPU\] FAIL: CPU \d+ has no .{8,}"
NOWHERE = 0xFE000000            # where nothing answers
NO_CELLS = {"#address-cells": cells(0), "#size-cells": cells(0), "ranges": cells(0)}
DAMAGES = 10                    # of each kind
PADDED_BYTES = 1 << 20
TREE_LIMIT = 2 << 20            # what the kernel reads of a tree, and reserves
MAC = "virt,gic-version=3,its=off"

# Where what QEMU's own loader would place lies, when it is left out.
STUB, IMAGE, ARCHIVE, TREE = 0x40100000, 0x40200000, 0x44000000, 0x48000000
# x0: the tree; then to the image.
STUB_CODE = struct.pack("<IIIIII", 0xD2A00000 | TREE >> 16 << 5, 0xD2800001, 0xD2800002, 0xD2800003,
                        0xD2A00004 | IMAGE >> 16 << 5, 0xD61F0080)
# At EL2, before it: everything that MDCR_EL2, HFGRTR_EL2, HFGWTR_EL2, HFGITR_EL2, HDFGRTR_EL2 and HDFGWTR_EL2 can trap.
TRAPS_CODE = struct.pack("<IIIIIIII", 0xD281DC09, 0xD51C1129, 0x92800009, 0xD51C1189, 0xD51C11A9, 0xD51C11C9, 0xD51C3189,
                         0xD51C31A9)
AT_EL2 = "virt,virtualization=on"


def run(context, report, archive):
    """Through QEMU's loader, which adds what it wants to a tree; then as they are."""
    tree = tree_of_machine("virt")
    padded_tree(context, report, archive, tree)
    like_a_mac(context, report, archive)
    for case in lying_trees():
        lying_tree(context, report, archive, case)
    damaged_trees(context, report, archive, tree)
    traps_left(context, report, archive)
    tree_without_end(context, report, archive, tree_of_machine("virt"))


def tree_of_machine(machine):
    """The root of the tree that QEMU makes for a machine of two CPUs and 256 MB."""
    emulator = qemu.find("aarch64")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tree")
        subprocess.run([emulator.program, *emulator.options, "-machine", f"{machine},dumpdtb={path}", "-cpu", "max", "-smp",
                        "2", "-m", "256", "-nic", "none", "-display", "none"], env=emulator.environment, check=True,
                       capture_output=True)
        with open(path, "rb") as data:
            return device_tree.read(data.read())


def with_tree(data, use):
    """Calls `use` with the path of a file that holds a tree."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return use(file.name)


def padded_tree(context, report, archive, tree):
    """QEMU gives the kernel a tree of more than twice this size, most of it empty."""
    name = "boot with a padded device tree of 1 MB"
    data = bytearray(device_tree.write(tree))
    data[4:8] = cells(PADDED_BYTES)

    def boot(path):
        try:
            with Machine(context.kernel(), initrd=archive, arch="aarch64", smp=2, memory=256, extra=("-dtb", path)) as machine:
                machine.expect(PROMPT, 60)
                report.ok(name)
        except (Timeout, Failure) as failure:
            report.not_ok(name, str(failure))

    with_tree(bytes(data) + bytes(PADDED_BYTES - len(data)), boot)


def like_a_mac(context, report, archive):
    """The stand-in for Apple's Virtualization.framework (doc/mac.md): GICv3, virtio on PCI, no port, no clock."""
    name = "boot on a machine like a Mac's, hvc0"
    tree = tree_of_machine(MAC)
    kept = ("psci", "memory", "pcie", "intc", "cpus", "timer", "apb-pclk", "chosen")
    tree[2] = [node for node in tree[2] if node[0].startswith(kept)]
    find(tree, "chosen")[1].pop("stdout-path")

    def boot(path):
        try:
            with Machine(context.kernel(), initrd=archive, arch="aarch64", smp=2, memory=256, machine=MAC,
                         extra=("-dtb", path), append="console=hvc0",
                         virtio_console=("-device", "virtio-serial-pci")) as machine:
                machine.expect(PROMPT, 60)
                machine.send("tty; echo $(nproc) result $((6 * 7)); cat /proc/aegis/devices\n")
                machine.expect(r"/dev/hvc0\s+2 result 42", 20)
                machine.send("exit\n")
                report.check(name, machine.wait(20) == 0 and not re.search("pl0|virtio_mmio", machine.output), machine.tail())
        except (Timeout, Failure) as failure:
            report.not_ok(name, str(failure))

    with_tree(device_tree.write(tree), boot)


def registers_at(path, address, length=0x1000):
    """A change of a tree: the registers of a node lie elsewhere."""
    def change(tree):
        find(tree, path)[1]["reg"] = struct.pack(">QQ", address, length) * 2
    return change


def extended_interrupt(tree):
    """The serial port's interrupt is of the extended range, which no GIC here has."""
    find(tree, "pl011@")[1]["interrupts"] = cells(2, 17, 4)


def add_cpus(count):
    """A change of a tree: so many CPUs more, which are not there."""
    def change(tree):
        for identity in range(0x1000, 0x1000 + count):
            find(tree, "cpus")[2].append([f"cpu@{identity:x}", {
                "device_type": b"cpu\0", "compatible": b"arm,arm-v8\0", "reg": cells(identity), "enable-method": b"psci\0"}, []])
    return change


def add_circle(tree):
    """Buses in buses whose addresses have no cells, and a device in them."""
    device = ["pl011@1", {"compatible": b"arm,pl011\0", "reg": cells(1, 1)}, []]
    inner = ["inner", {"#address-cells": cells(1), "#size-cells": cells(1), "ranges": b""}, [device]]
    tree[2].append(["outer", NO_CELLS, [["middle", NO_CELLS, [inner]]]])


def lying_trees():
    """name, machine, change of its tree, what is said, whether there is a prompt."""
    return [
        ("the interrupt controller nowhere", "virt", registers_at("intc@", NOWHERE),
         r"GIC distributor not found, nothing answers at 0xfe000000\s[^$]*\[BOOT\] FAIL: no interrupt controller", False),
        ("the interrupt controller in memory", "virt", registers_at("intc@", 0x41000000),
         r"GIC distributor not found[^$]*\[BOOT\] FAIL: no interrupt controller", False),
        ("the interrupt controller at the end of all addresses", "virt", registers_at("intc@", (1 << 64) - 0x1000),
         r"\[BOOT\] FAIL: no interrupt controller", False),
        ("redistributors nowhere", "virt,gic-version=3", registers_at("intc@", NOWHERE, 1 << 60),
         r"GIC redistributors not found[^$]*\[BOOT\] FAIL: no interrupt controller", False),
        ("the serial port nowhere", "virt", registers_at("pl011@", NOWHERE), None, False),
        ("the clock nowhere", "virt", registers_at("pl031@", NOWHERE),
         "pl031@9010000: not found, nothing answers at 0xfe000000", True),
        ("PCI nowhere", "virt", registers_at("pcie@", NOWHERE, 0x1000000),
         "pcie@10000000: not found, nothing answers at 0xfe000000", True),
        ("the message frame nowhere", "virt", registers_at("intc@/v2m@", NOWHERE),
         "v2m@8020000: not found, nothing answers at 0xfe000008", True),
        ("the ITS nowhere", "virt,gic-version=3", registers_at("intc@/its@", NOWHERE, 0x20000),
         "its@8080000: not found, nothing answers at 0xfe00ffe8", True),
        ("an interrupt of a kind that is not there", "virt", extended_interrupt, "ttyAMA0: no interrupt, output only", True),
        ("a CPU that is not there", "virt", add_cpus(1), r"2 of 3 online", True),
        ("more CPUs than fit", "virt", add_cpus(298), r"more than 256 CPUs, 44 are left off[^$]*2 of 300 online", True),
        ("buses without cells", "virt", add_circle, "", True),
    ]


def lying_tree(context, report, archive, case):
    """What is said, and whether the machine comes to its prompt; on hvc0 where the serial port is the lie."""
    name, machine_name, change, said, has_prompt = case
    name = f"boot with a device tree that lies: {name}"
    tree = tree_of_machine(machine_name)
    change(tree)

    def boot(path):
        options = {"machine": machine_name, "extra": ("-dtb", path)}
        if said is None:
            options.update(virtio_console=("-device", "virtio-serial-pci"), append="console=hvc0")
        try:
            with Machine(context.kernel(), initrd=archive, arch="aarch64", smp=2, memory=256, **options) as machine:
                if said:
                    machine.expect(said, 60)
                if has_prompt or said is None:
                    machine.position = 0
                    machine.expect(PROMPT, 60)
                report.ok(name)
        except (Timeout, Failure) as failure:
            report.not_ok(name, str(failure))

    with_tree(device_tree.write(tree), boot)


def damages(data, seed):
    """(name, damaged data) at places that the seed chooses."""
    chance = random.Random(seed)
    for at in sorted(chance.sample(range(len(data)), DAMAGES)):
        yield f"cut at {at}", data[:at] + bytes(len(data) - at)
    for at in sorted(chance.sample(range(len(data)), DAMAGES)):
        bit = 1 << chance.randrange(8)
        yield f"bit {bit:#x} of byte {at} flipped", data[:at] + bytes([data[at] ^ bit]) + data[at + 1:]
    for at in sorted(chance.sample(range(len(data) - 64), DAMAGES)):
        yield f"64 bytes from {at} random", data[:at] + chance.randbytes(64) + data[at + 64:]
    for name, at, word in (("no magic", 0, 0), ("no bytes", 4, 0), ("all bytes", 4, 0xFFFFFFFF), ("structure at the end", 8,
                           0xFFFFFFFC), ("odd structure", 8, 57), ("endless strings", 32, 0xFFFFFFFF)):
        yield name, data[:at] + cells(word) + data[at + 4:]


def tree_without_loader(tree, archive):
    """The bytes of a tree with what QEMU's loader would have added."""
    chosen = find(tree, "chosen")[1]
    chosen["bootargs"] = b"console=ttyAMA0 panic=-1\0"
    chosen["linux,initrd-start"], chosen["linux,initrd-end"] = cells(ARCHIVE), cells(ARCHIVE + os.path.getsize(archive))
    return device_tree.write(tree)


def damaged_trees(context, report, archive, tree):
    """QEMU's loader would refuse most of them, so none of it is used: a few instructions start the kernel."""
    data = tree_without_loader(tree, archive)
    for name, damaged in [("undamaged", data), *damages(data, 3)]:
        attempt(context, report, archive, f"boot with a damaged device tree: {name}", damaged,
                PROMPT if name == "undamaged" else ENDS)


def traps_left(context, report, archive):
    """What a loader wanted to see at EL2 must not lead there any more."""
    data = tree_without_loader(tree_of_machine(AT_EL2), archive)
    attempt(context, report, archive, "boot at EL2 with a loader's traps", data, PROMPT, TRAPS_CODE + STUB_CODE,
            machine=AT_EL2)


def tree_without_end(context, report, archive, tree):
    """Behind what is read of it and reserved, a tree of the old kind goes on with a device, in anybody's memory."""
    name = "boot with a device tree that does not end"
    old = tree_without_loader(tree, archive)
    structure, strings, strings_bytes, structure_bytes = (*struct.unpack_from(">II", old, 8), *struct.unpack_from(">II", old, 32))
    strings = old[strings:strings + strings_bytes]
    names = {text: strings.index(text) for text in (b"compatible\0", b"reg\0")}
    start = device_tree.HEADER_BYTES + len(device_tree.RESERVATIONS) + len(device_tree.padded(strings))
    body = old[structure:structure + structure_bytes - 8]   # the root stays open
    body += cells(device_tree.NOTHING) * ((TREE_LIMIT - start - len(body)) // 4)
    body += cells(device_tree.BEGIN_NODE) + b"behind@0\0\0\0\0"
    for key, value in ((b"compatible\0", b"arm,pl031\0\0\0arm,primecell\0\0"), (b"reg\0", cells(0, NOWHERE, 0, 4096))):
        body += cells(device_tree.PROPERTY, len(value), names[key]) + device_tree.padded(value)
    body += cells(device_tree.END_NODE, device_tree.END_NODE, device_tree.END)
    head = cells(device_tree.MAGIC, start + len(body), start, start - len(device_tree.padded(strings)),
                 device_tree.HEADER_BYTES, 16, 16, 0, strings_bytes, 0)
    attempt(context, report, archive, name, head + device_tree.RESERVATIONS + device_tree.padded(strings) + body, PROMPT,
            unwanted="behind@0")


def attempt(context, report, archive, name, data, wanted, stub=STUB_CODE, unwanted=None, **options):
    """One start, whose end is known by what is printed, and what may not be."""
    with tempfile.TemporaryDirectory() as folder:
        for file, contents in {"stub": stub, "tree": data}.items():
            with open(os.path.join(folder, file), "wb") as out:
                out.write(contents)
        extra = ["-device", f"loader,file={folder}/stub,addr={STUB:#x},cpu-num=0,force-raw=on"]
        for path, address in ((context.kernel(), IMAGE), (archive, ARCHIVE), (f"{folder}/tree", TREE)):
            extra += ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]
        try:
            with Machine(None, arch="aarch64", smp=2, memory=256, extra=extra, **options) as machine:
                machine.expect(wanted, 30)
                report.check(name, not unwanted or unwanted not in machine.output, machine.tail())
        except (Timeout, Failure) as failure:
            report.not_ok(name, str(failure)[-400:])
