"""Paths, messages and small helpers that every part of vortex uses."""
import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
CACHE = os.environ.get("AEGIS_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "aegis")
DEBIAN_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}
# By how much everything that is awaited may take longer than on an idle machine: AEGIS_PATIENCE. What passes is
# not slowed down by it.
PATIENCE = os.environ.get("AEGIS_PATIENCE") or "1"
if not PATIENCE.isdigit() or PATIENCE == "0":
    sys.exit(f"vortex: AEGIS_PATIENCE must be a whole number from 1 on, not {PATIENCE!r}")
PATIENCE = int(PATIENCE)
_STARTED = time.monotonic()


class Failure(Exception):
    """Something that the user should read as one line, without a traceback."""


def say(text):
    """One line of progress on stderr, so that stdout stays for results."""
    print(f"[vortex {time.monotonic() - _STARTED:6.1f}s] {text}", file=sys.stderr, flush=True)


def run(command, **options):
    """Runs a command, showing its output only when it fails."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, errors="replace", **options)
    if result.returncode:
        tail = "\n".join(result.stdout.splitlines()[-25:])
        raise Failure(f"{' '.join(map(str, command))[:300]}\n{tail}\nfailed with "
                      f"status {result.returncode}")
    return result.stdout


def sha256(path):
    """The digest of a file in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as data:
        for block in iter(lambda: data.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def text_hash(*parts):
    """A short digest of texts, for names of cached things."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def cache(*parts):
    """A path in the cache; its folder exists afterwards."""
    path = os.path.join(CACHE, *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def replace_file(path, data):
    """Writes a file so that nobody sees half of it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as out:
        out.write(data)
    os.replace(temporary, path)


def remove_tree(path):
    """Removes a folder that may have read-only parts; no error when it is absent."""
    if os.path.isdir(path):
        subprocess.run(["chmod", "-R", "u+rwX", path], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(path, ignore_errors=True)


def make(*arguments):
    """Builds with make, showing what it says."""
    jobs = f"-j{os.cpu_count() or 2}"
    environment = dict(os.environ)
    if "ARCH=aarch64" in arguments and os.uname().machine != "aarch64" and "-C" in arguments:
        from .toolchain import musl_folder
        environment["PATH"] = musl_folder("aarch64") + ":" + environment["PATH"]
    result = subprocess.run(["make", "--no-print-directory", "-s", jobs, *arguments], cwd=ROOT,
                            stdout=sys.stderr, env=environment)
    if result.returncode:
        raise Failure(f"make {' '.join(arguments)} failed")


def build_kernel(arch, debug=False, test=False):
    """Builds a kernel and returns the path of what QEMU boots."""
    say(f"building the kernel for {arch}{' with debug checks' if debug else ''}")
    variant = (["BUILD=debug"] if debug else []) + (["TEST=1"] if test else [])
    make(f"ARCH={arch}", *variant)
    suffix = "-debug" if debug else "-test" if test else ""
    return os.path.join(BUILD, arch + suffix, "Image" if arch == "aarch64" else "kernel.elf")


def symbols_of(kernel):
    """The file with the symbols of a kernel that build_kernel() made."""
    folder, name = os.path.split(kernel)
    return os.path.join(folder, "kernel.elf") if name == "Image" else kernel
