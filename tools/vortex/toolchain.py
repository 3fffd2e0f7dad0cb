"""musl for aarch64 on another machine: Debian's arm64 package, unpacked in the cache, behind Debian's cross compiler.

Debian's own musl-gcc serves the machine's own CPU only.
"""
import os

from .common import CACHE, replace_file
from .packages import fetch_locked, lock_set, read_lock, unpack, Apt

GROUP = "musl"
SPECS = """%rename cpp_options old_cpp_options

*cpp_options:
-nostdinc -isystem {include} -isystem include%s %(old_cpp_options)

*cc1:
%(cc1_cpu) -nostdinc -isystem {include} -isystem include%s

*link_libgcc:
-L{library} -L .%s

*libgcc:
libgcc.a%s %:if-exists(libgcc_eh.a%s)

*startfile:
%{{!shared: {library}/Scrt1.o}} {library}/crti.o crtbeginS.o%s

*endfile:
crtendS.o%s {library}/crtn.o

*link:
-nostdlib %{{shared:-shared}} %{{static:-static}} %{{rdynamic:-export-dynamic}}

*esp_link:


*esp_options:


*esp_cpp_options:


"""


def musl_folder(arch):
    """A folder with the program ARCH-linux-musl-gcc, made at the first use."""
    folder = os.path.join(CACHE, "bin")
    program = os.path.join(folder, f"{arch}-linux-musl-gcc")
    if ("arm64", GROUP) in read_lock():
        files = fetch_locked(GROUP, "arm64")
    else:
        wanted = [(name, version) for name, version in Apt("arm64").closure(["musl-dev"]) if name == "musl-dev"]
        files = lock_set(GROUP, "arm64", wanted)
    root = unpack(files, os.path.join(CACHE, "root", "musl-arm64"))
    specs = os.path.join(folder, f"{arch}-musl.specs")
    replace_file(specs, SPECS.format(include=f"{root}/usr/include/{arch}-linux-musl",
                                     library=f"{root}/usr/lib/{arch}-linux-musl").encode())
    # Its helpers for atomic operations ask glibc for the CPU's features.
    replace_file(program, f'#!/bin/sh\nexec {arch}-linux-gnu-gcc -mno-outline-atomics "$@" -specs {specs}\n'.encode())
    os.chmod(program, 0o755)
    return folder


def compiler(arch, library):
    """The C compiler for a CPU and one of the libraries musl and glibc."""
    if library == "glibc":
        return "gcc" if arch == os.uname().machine else f"{arch}-linux-gnu-gcc"
    return "musl-gcc" if arch == os.uname().machine else os.path.join(musl_folder(arch), f"{arch}-linux-musl-gcc")
