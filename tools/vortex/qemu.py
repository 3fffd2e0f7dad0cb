"""Finds the emulator: QEMU 10 of bookworm-backports unpacked in the cache, or the system's."""
import os
import re
import shutil
import subprocess

from .common import CACHE, Failure, run, say
from .packages import Apt, install_missing, remove_tree

PACKAGE = {"x86_64": "qemu-system-x86", "aarch64": "qemu-system-arm"}


class Emulator:
    """A program with the environment and options that it needs."""

    def __init__(self, program, environment=None, options=(), version="?"):
        self.program = program
        self.environment = environment
        self.options = list(options)
        self.version = version


def _version(program, environment):
    try:
        text = subprocess.run([program, "--version"], env=environment, capture_output=True,
                              text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version (\d+\.\d+\.\d+)", text)
    return found.group(1) if found else None


def _private(arch, folder):
    """The emulator unpacked in the cache, if it is there and runs."""
    program = f"{folder}/usr/bin/qemu-system-{arch}"
    if not os.path.exists(program):
        return None
    libraries = [f"{folder}/usr/lib/{os.uname().machine}-linux-gnu", f"{folder}/lib/{os.uname().machine}-linux-gnu"]
    libraries += [os.path.dirname(l) for l in _sub_libraries(libraries[0])]
    environment = dict(os.environ, LD_LIBRARY_PATH=":".join(libraries),
                       QEMU_MODULE_DIR=f"{libraries[0]}/qemu")
    version = _version(program, environment)
    options = ["-L", f"{folder}/usr/share/qemu", "-L", f"{folder}/usr/share/seabios"]
    return Emulator(program, environment, options, version) if version else None


def _sub_libraries(folder):
    """Libraries in sub-folders that Debian reaches through ld.so.conf or alternatives."""
    found = {}
    for name in ("blas", "lapack", "pulseaudio"):
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            found[name] = path + "/x"
    return found.values()


def _fetch(arch, folder):
    """Unpacks QEMU and the libraries that this system lacks; False when it cannot be had."""
    try:
        debian = run(["dpkg", "--print-architecture"]).strip()
        apt = Apt(debian, native_status=True, backports=True)
        apt.update()
        name = PACKAGE[arch]
        text = run(["apt-get", *apt.options, "-qq", "-s", "-t", "bookworm-backports", "install", name])
        wanted = re.findall(r"^Inst (\S+?)(?::\w+)? (?:\[\S+\] )?\((\S+)", text, re.M)
        if name not in dict(wanted):
            return False
        say(f"fetching {name} {dict(wanted)[name]} from backports ({len(wanted)} packages)")
        files = apt.download(wanted)
        remove_tree(folder)
        os.makedirs(folder)
        for path in files.values():
            run(["dpkg", "-x", path, folder])
        return True
    except Failure as reason:
        say(f"QEMU from backports cannot be had: {str(reason).splitlines()[-1]}")
        return False


def find(arch):
    """The best emulator for a CPU; fetches or installs one when there is none."""
    folder = os.path.join(CACHE, "qemu", arch)
    found = _private(arch, folder)
    tried = os.path.join(CACHE, "qemu", f"{arch}.unavailable")
    if not found and not os.path.exists(tried):
        if _fetch(arch, folder):
            found = _private(arch, folder)
        if not found:
            remove_tree(folder)
            os.makedirs(os.path.dirname(tried), exist_ok=True)
            open(tried, "w").close()
    if found:
        return found
    name = f"qemu-system-{arch}"
    install_missing({name: PACKAGE[arch]})
    version = _version(shutil.which(name) or name, None)
    if not version:
        raise Failure(f"{name} does not run")
    return Emulator(shutil.which(name), None, (), version)
