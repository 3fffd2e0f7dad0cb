"""UEFI firmware for aarch64's machines: edk2 from Debian's package, unpacked and not installed."""
import os

from .common import CACHE, Failure
from .packages import Apt, fetch_locked, lock_set, read_lock, unpack

PACKAGE = "qemu-efi-aarch64"
GROUP = "edk2"
ARCH = "arm64"


def firmware():
    """The path of the image that QEMU takes with -bios."""
    if (ARCH, GROUP) in read_lock():
        files = fetch_locked(GROUP, ARCH)
    else:
        files = lock_set(GROUP, ARCH, [p for p in Apt(ARCH).closure([PACKAGE]) if p[0] == PACKAGE])
    path = unpack(files, os.path.join(CACHE, "edk2", ARCH)) + "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
    if not os.path.exists(path):
        raise Failure(f"no firmware in {list(files)}")
    return path
