"""The oracle: Debian's own Linux kernel, taken from its package and never installed."""
import glob
import os
import re

from .common import CACHE, DEBIAN_ARCH, Failure, say
from .packages import Apt, fetch_locked, lock_set, read_lock, unpack

# QEMU on a busy machine can miss the moment at which Linux looks whether its timer ticks. A panic
# ends the machine, so that nobody waits for it.
WORDS = "no_timer_check panic=-1"


def linux_kernel(arch, update=False):
    """(path of the boot image, version) of Debian's cloud kernel for a CPU."""
    debian = DEBIAN_ARCH[arch]
    if update or (debian, "linux") not in read_lock():
        say(f"looking for Debian's Linux kernel for {arch}")
        packages = Apt(debian).closure([f"linux-image-cloud-{debian}"])
        files = lock_set("linux", debian, [p for p in packages if p[0].startswith("linux-image-6.")])
    else:
        files = fetch_locked("linux", debian)
    folder = unpack(files, os.path.join(CACHE, "linux", debian))
    images = glob.glob(folder + "/boot/vmlinuz-*")
    if not images:
        raise Failure(f"no kernel image in {list(files)}")
    version = re.sub(r".*vmlinuz-", "", images[0]) + "_" + os.path.basename(*files.values())
    return images[0], version
