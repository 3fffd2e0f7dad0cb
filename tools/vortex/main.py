"""The command line of vortex."""
import argparse
import os
import re
import shutil
import signal
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


def whole_number(text):
    """An option's number: 0 or more."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def count(text):
    """An option's number: 1 or more."""
    if whole_number(text) == 0:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return int(text)


def memory(text):
    """Memory in MB, or with one of QEMU's suffixes."""
    if not re.fullmatch(r"[1-9]\d*[kKMGT]?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of MB, nor one with K, M, G or T")
    return text if text[-1].isalpha() else text + "M"


def add_machine_options(parser):
    """The options of everything that starts a machine."""
    parser.add_argument("--arch", choices=sorted(DEBIAN_ARCH), default="x86_64", help="CPU (default x86_64)")
    parser.add_argument("--smp", type=count, default=4, metavar="N", help="number of CPUs (default 4)")
    parser.add_argument("--memory", type=memory, default="1024", metavar="MB", help="memory in MB, or with a suffix (default 1024)")
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
    test.add_argument("--arch", choices=[*sorted(DEBIAN_ARCH), "all"], default="all",
                      help="one CPU only (default: all of them, side by side)")
    test.add_argument("--verbose", action="store_true", help="show every check that passes")
    test.add_argument("--only", metavar="TEXT", help="of the suites abi, stress and terminal, programs and tests whose name "
                      "begins with TEXT; of differential, lines that contain it")
    test.add_argument("--record", action="store_true", help="write to test/oracle what Linux did")
    test.add_argument("--busy", type=int, default=0, metavar="N", help="keep the host busy with N loops: shows what depends on time")
    test.add_argument("--kernel", metavar="FILE", help="test this kernel (build/x86_64/kernel.elf, build/aarch64/Image) in place of a fresh build")
    commands.add_parser("check", help="the gates: layers, sizes, comments, builds for every CPU, unit tests")
    bench = commands.add_parser("bench", help="compare with Debian's Linux in the same QEMU")
    bench.add_argument("--arch", choices=sorted(DEBIAN_ARCH), default="x86_64", help="CPU (default x86_64)")
    bench.add_argument("--rows", metavar="NAMES", help="only these rows, separated by blanks, and those that begin "
                       "with one and an underscore (a run without this option names all)")
    bench.add_argument("--wall", type=whole_number, default=3, metavar="N", help="boots for wall time (default 3, 0: none)")
    bench.add_argument("--only", choices=["aegis", "linux"], help="measure one kernel only")
    bench.add_argument("--scaling", action="store_true", help="only what more CPUs bring, and where they wait")
    bench.add_argument("--svg", metavar="FILE", help="also draw the ratios")
    image = commands.add_parser("image", help="build an initial file system")
    image.add_argument("name", nargs="?", default="debian", choices=sorted(images.PACKAGES))
    image.add_argument("--arch", choices=sorted(DEBIAN_ARCH), default="x86_64", help="CPU (default x86_64)")
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
    """(kernel, emulator, command line) for run and debug. After a panic the machine stays, as its user would see it."""
    initrd = initrd_path(options)
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
        kernel, initrd=initrd, append=words, arch=options.arch, smp=options.smp,
        memory=options.memory, cpu=options.cpu, machine=options.machine, has_exit=False)
    return kernel, emulator, command


def command_run(options):
    _, emulator, command = prepare(options)
    command += ["-display", "none", "-serial", "mon:stdio"]
    say(f"QEMU {emulator.version}, {options.smp} CPUs, memory {options.memory}; Ctrl-A X leaves")
    return subprocess.run(command, env=emulator.environment).returncode


def command_debug(options):
    gdb = "gdb" if options.arch == os.uname().machine else "gdb-multiarch"
    install_missing({gdb: gdb})
    if options.arch == "aarch64" and options.cpu == "max":
        options.cpu = "max,pauth=off"
        say("without pointer authentication: gdb cannot read signed return addresses (--cpu chooses otherwise)")
    kernel, emulator, command = prepare(options)
    symbols = [] if options.linux else [os.path.join(os.path.dirname(kernel), "kernel.elf")]
    address = os.path.join(common.BUILD, f"gdb-{os.getpid()}")
    line = os.path.join(common.BUILD, f"serial-{os.getpid()}")
    log = os.path.join(common.BUILD, f"debug-serial-{options.arch}.log")
    command += ["-display", "none", "-monitor", "none", "-S", "-serial", "chardev:line",
                "-chardev", f"socket,path={line},server=on,wait=off,logfile={log},id=line",
                "-chardev", f"socket,path={address},server=on,wait=off,id=gdb", "-gdb", "chardev:gdb"]
    say(f"the serial line goes to {log}; to type: socat -,raw,echo=0 UNIX-CONNECT:{line}")
    say("'continue' starts the machine, Ctrl-C stops it")
    guest = subprocess.Popen(command, env=emulator.environment, stdin=subprocess.DEVNULL,
                             start_new_session=True)
    try:
        words = [gdb, "-q", *symbols, "-ex", "set confirm off", "-ex", f"target remote {address}"]
        if symbols:
            words += ["-ex", "hbreak kernel_main"]
        # Ctrl-C is gdb's. A handler, because what is ignored would be ignored by gdb as well.
        signal.signal(signal.SIGINT, lambda *_: None)
        return subprocess.run(words).returncode
    finally:
        guest.kill()
        guest.wait()
        for path in (address, line):
            if os.path.exists(path):
                os.unlink(path)


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
    # A terminal that is closed ends the machines that were started from it, but not after nohup.
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        return commands[options.command](options)
    except Failure as failure:
        print(f"vortex: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
