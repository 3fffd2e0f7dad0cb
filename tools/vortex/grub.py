"""A CD that boots by GRUB: its programs come from this system or, unpacked and not installed, from Debian's packages."""
import glob
import os
import shutil
import tempfile

from .common import BUILD, CACHE, Failure, run, say
from .packages import Apt, unpack

PACKAGES = ["grub-common", "grub-pc-bin", "xorriso"]
MODULES = ["biosdisk", "iso9660", "multiboot2", "normal", "configfile", "boot"]
CONFIGURATION = """multiboot2 /boot/kernel.elf console=ttyS0 {append}
module2 /boot/initrd.cpio
boot
"""


class Unavailable(Failure):
    """GRUB or xorriso cannot be had here."""


class Tools:
    """The programs with the folder of GRUB's modules and the environment that they need."""

    def __init__(self, prefix, environment=None):
        self.environment = environment
        self.modules = prefix + "/usr/lib/grub/i386-pc"
        self.mkimage = shutil.which("grub-mkimage", path=prefix + "/usr/bin")
        self.xorriso = shutil.which("xorriso", path=prefix + "/usr/bin")

    def are_complete(self):
        return bool(self.mkimage and self.xorriso and os.path.exists(self.modules + "/multiboot2.mod"))


def _fetched():
    """The programs unpacked in the cache, with the libraries that this system lacks."""
    folder = os.path.join(CACHE, "tools", "grub")
    if not os.path.exists(folder + ".done"):
        apt = Apt(run(["dpkg", "--print-architecture"]).strip(), native_status=True)
        wanted = apt.closure(PACKAGES)
        say(f"fetching GRUB and xorriso ({len(wanted)} packages)")
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        unpack(apt.download(wanted), folder)
    libraries = {os.path.dirname(path) for path in glob.glob(folder + "/**/*.so*", recursive=True)}
    return Tools(folder, dict(os.environ, LD_LIBRARY_PATH=":".join(sorted(libraries))))


def find():
    """The programs, or Unavailable with the reason."""
    tools = Tools("")
    if tools.are_complete():
        return tools
    try:
        tools = _fetched()
    except Failure as failure:
        raise Unavailable(str(failure).splitlines()[-1]) from None
    if not tools.are_complete():
        raise Unavailable("the packages hold other files than expected")
    return tools


def make_disc(kernel, initrd, append=""):
    """The path of an ISO image that boots this kernel and initial file system; the caller unlinks it."""
    tools = find()
    os.makedirs(BUILD, exist_ok=True)
    descriptor, disc = tempfile.mkstemp(suffix=".iso", dir=BUILD)
    os.close(descriptor)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        os.makedirs(folder + "/boot/grub")
        shutil.copy(kernel, folder + "/boot/kernel.elf")
        shutil.copy(initrd, folder + "/boot/initrd.cpio")
        with open(folder + "/boot/grub/grub.cfg", "w", encoding="utf-8") as out:
            out.write(CONFIGURATION.format(append=append))
        run([tools.mkimage, "-O", "i386-pc-eltorito", "-d", tools.modules, "-p", "/boot/grub",
             "-o", folder + "/boot/grub/eltorito.img", *MODULES], env=tools.environment)
        run([tools.xorriso, "-as", "mkisofs", "-quiet", "-R", "-o", disc, "-b", "boot/grub/eltorito.img",
             "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", folder], env=tools.environment)
    return disc
