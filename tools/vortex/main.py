"""The command line of vortex."""
import argparse
import os
import shutil
import subprocess
import sys

from . import common, images, linux, machine
from .common import DEBIAN_ARCH, Failure, build_kernel, say
from .packages import install_missing

BUILD_NEEDS = {"make": "make", "gcc": "gcc", "ld": "binutils", "dpkg": "dpkg"}
CROSS_NEEDS = {"aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu"}
CROSS_TEST_NEEDS = {**CROSS_NEEDS, "/usr/aarch64-linux-gnu/include/stdio.h": "libc6-dev-arm64-cross"}
TEST_NEEDS = {"rsync": "rsync", "/usr/include/stdio.h": "libc6-dev", "musl-gcc": "musl-tools",
              "/usr/lib/gcc/x86_64-linux-gnu/12/libasan.so": "libgcc-12-dev"}


def add_machine_options(parser):
    """The options of everything that starts a machine."""
    parser.add_argument("--arch", choices=sorted(DEBIAN_ARCH), default="x86_64", help="CPU (default x86_64)")
    parser.add_argument("--smp", type=int, default=4, metavar="N", help="number of CPUs (default 4)")
    parser.add_argument("--memory", default="1024", metavar="MB", help="memory in MB, or with a suffix (default 1024)")
    parser.add_argument("--cpu", default="max", metavar="MODEL", help="CPU model of QEMU (default max)")
    parser.add_argument("--machine", metavar="NAME", help="machine of QEMU: q35 (default), pc, microvm, virt")
    parser.add_argument("--kernel-args", default="", metavar="TEXT", help="added to the kernel's command line")
    parser.add_argument("--initrd", default="debian", metavar="IMAGE",
                        help="busybox, debian (default), python, none, or a cpio file")
    parser.add_argument("--debug-build", action="store_true", help="a kernel with KASAN, UBSAN and lock checks")
    parser.add_argument("--linux", action="store_true", help="Debian's Linux kernel in place of Aegis")


def build_parser():
    parser = argparse.ArgumentParser(
        prog="vortex", description="Builds, runs, tests, checks, measures and debugs Aegis in QEMU.",
        epilog="What is missing on this system is installed by apt; what is fetched is kept in "
               f"{common.CACHE} (or $AEGIS_CACHE).")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    run = commands.add_parser("run", help="boot to a prompt in this terminal (Ctrl-A X leaves)")
    add_machine_options(run)
    debug = commands.add_parser("debug", help="boot stopped, with gdb attached and symbols loaded")
    add_machine_options(debug)
    test = commands.add_parser("test", help="run every test; ends with 'N passed, N failed'")
    test.add_argument("suites", nargs="*", help="only these suites (--list names them)")
    test.add_argument("--list", action="store_true", help="name the suites and their budgets")
    test.add_argument("--long", action="store_true", help="longer storms and fuzzing")
    test.add_argument("--arch", choices=[*sorted(DEBIAN_ARCH), "all"], default="x86_64",
                      help="the CPU, or all of them one after the other (default x86_64)")
    test.add_argument("--verbose", action="store_true", help="show every check that passes")
    test.add_argument("--only", metavar="TEXT", help="of the suites abi and terminal, programs and tests whose name "
                      "begins with TEXT; of differential, lines that contain it")
    test.add_argument("--kernel", metavar="ELF", help="test this kernel in place of a fresh build")
    commands.add_parser("check", help="the gates: layers, sizes, comments, builds for every CPU, unit tests")
    bench = commands.add_parser("bench", help="compare with Debian's Linux in the same QEMU")
    bench.add_argument("--arch", choices=sorted(DEBIAN_ARCH), default="x86_64")
    bench.add_argument("--rows", metavar="TEXT", help="only these rows, or those that begin with one and an underscore")
    bench.add_argument("--wall", type=int, default=3, metavar="N", help="boots for wall time (default 3, 0: none)")
    bench.add_argument("--only", choices=["aegis", "linux"], help="measure one kernel only")
    bench.add_argument("--scaling", action="store_true", help="only what more CPUs bring, and where they wait")
    bench.add_argument("--svg", metavar="FILE", help="also draw the ratios")
    image = commands.add_parser("image", help="build an initial file system")
    image.add_argument("name", nargs="?", default="debian", choices=sorted(images.PACKAGES))
    image.add_argument("--arch", choices=sorted(DEBIAN_ARCH), default="x86_64")
    image.add_argument("--update-lock", action="store_true", help="take the newest packages")
    return parser


def initrd_path(options):
    """The file for --initrd, or None."""
    if options.initrd == "none":
        return None
    if options.initrd in images.PACKAGES:
        return images.image(options.initrd, options.arch)
    if os.path.exists(options.initrd):
        return options.initrd
    raise Failure(f"--initrd: {options.initrd} is neither an image nor a file")


def terminal_words():
    """What init must know about this terminal."""
    size = shutil.get_terminal_size()
    term = os.environ.get("TERM", "xterm")
    return f"aegis.term={term} aegis.rows={size.lines} aegis.columns={size.columns}"


def prepare(options):
    """(kernel, emulator, command line) for run and debug."""
    needs = dict(BUILD_NEEDS)
    if options.arch == "aarch64":
        needs.update(CROSS_NEEDS)
    install_missing(needs)
    if options.linux:
        kernel, _ = linux.linux_kernel(options.arch)
    else:
        kernel = build_kernel(options.arch, debug=options.debug_build)
    words = f"{options.kernel_args} {terminal_words()}"
    if options.linux and "loglevel" not in words:
        words = "quiet " + words
    if options.linux:
        words = f"{linux.WORDS} {words}"
    emulator, command = machine.arguments(
        kernel, initrd=initrd_path(options), append=words, arch=options.arch, smp=options.smp,
        memory=options.memory, cpu=options.cpu, machine=options.machine)
    return kernel, emulator, command


def command_run(options):
    _, emulator, command = prepare(options)
    command += ["-display", "none", "-serial", "mon:stdio"]
    say(f"QEMU {emulator.version}, {options.smp} CPUs, {options.memory} MB; Ctrl-A X leaves")
    status = subprocess.run(command, env=emulator.environment).returncode
    return 0 if status in (0, 1) else status


def command_debug(options):
    gdb = "gdb" if options.arch == os.uname().machine else "gdb-multiarch"
    install_missing({gdb: gdb})
    kernel, emulator, command = prepare(options)
    symbols = [] if options.linux else [os.path.join(os.path.dirname(kernel), "kernel.elf")]
    address = os.path.join(common.BUILD, f"gdb-{os.getpid()}")
    log = os.path.join(common.BUILD, "debug-serial.log")
    command += ["-display", "none", "-serial", f"file:{log}", "-monitor", "none", "-S",
                "-chardev", f"socket,path={address},server=on,wait=off,id=gdb", "-gdb", "chardev:gdb"]
    say(f"the serial line goes to {log}; 'continue' starts the machine")
    guest = subprocess.Popen(command, env=emulator.environment, stdin=subprocess.DEVNULL,
                             start_new_session=True)
    try:
        words = [gdb, "-q", *symbols, "-ex", "set confirm off", "-ex", f"target remote {address}"]
        if symbols:
            words += ["-ex", "hbreak kernel_main"]
        return subprocess.run(words).returncode
    finally:
        guest.kill()
        guest.wait()
        if os.path.exists(address):
            os.unlink(address)


def command_test(options):
    from . import suites
    install_missing({**BUILD_NEEDS, **TEST_NEEDS, **(CROSS_TEST_NEEDS if options.arch in ("aarch64", "all") else {})})
    return suites.main(options)


def command_check(_options):
    needs = {**BUILD_NEEDS, **TEST_NEEDS, "clang": "clang"}
    if os.path.isdir(os.path.join(common.ROOT, "kernel", "arch", "aarch64")):
        needs.update(CROSS_NEEDS)
    install_missing(needs)
    return subprocess.run([sys.executable, os.path.join(common.ROOT, "tools", "check.py")]).returncode


def command_bench(options):
    from . import bench
    install_missing({**BUILD_NEEDS, **TEST_NEEDS, **(CROSS_TEST_NEEDS if options.arch == "aarch64" else {})})
    return bench.main(options)


def command_image(options):
    print(images.image(options.name, options.arch, update=options.update_lock))
    return 0


def main():
    options = build_parser().parse_args()
    commands = {"run": command_run, "debug": command_debug, "test": command_test,
                "check": command_check, "bench": command_bench, "image": command_image}
    try:
        return commands[options.command](options)
    except Failure as failure:
        print(f"vortex: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
