"""Initial file systems built from Debian's packages: busybox, debian, python.

An image boots to a shell; with /etc/boot-command in it, init runs that instead and powers off.
"""
import os
import re
import subprocess

from .common import BUILD, CACHE, DEBIAN_ARCH, ROOT, Failure, replace_file, say, text_hash
from .cpio import Archive
from .packages import locked_set, unpack

BUSYBOX_PACKAGES = ["busybox-static"]
DEBIAN_PACKAGES = """
    bash bsdextrautils bsdutils bzip2 coreutils cpio dash debianutils diffutils ed findutils grep
    gzip hostname less libc-bin libc6 libc6-dev lua5.4 make mawk mount ncurses-base
    ncurses-bin procps psmisc python3 python3-minimal sed tar tcc util-linux util-linux-extra
    vim-tiny xz-utils""".split()
PYTHON_PACKAGES = DEBIAN_PACKAGES + ["libpython3.11-testsuite"]
PACKAGES = {"busybox": BUSYBOX_PACKAGES, "debian": DEBIAN_PACKAGES, "python": PYTHON_PACKAGES}

# Nothing in the images runs these, or reads them.
DROPPED_PACKAGES = {"debconf", "perl-base", "dpkg", "adduser", "passwd", "apt", "init-system-helpers",
                    "gcc-12-base", "libpam-modules-bin", "libpam-modules", "libpam-runtime",
                    "libdb5.3", "install-info", "cdebconf", "ucf", "sensible-utils", "perl",
                    "libperl5.36", "perl-modules-5.36", "libgdbm6", "libgdbm-compat4", "rpcsvc-proto",
                    "media-types", "libtirpc-dev", "libnsl-dev", "netbase", "tzdata", "libtirpc3",
                    "libtirpc-common", "libnsl2", "libgssapi-krb5-2", "libkrb5-3", "libk5crypto3",
                    "libkrb5support0", "krb5-locales", "libcom-err2", "libkeyutils1"}
DROPPED_PATHS = re.compile(
    r"usr/share/(doc|man|info|locale|lintian|bug|bash-completion|zsh|icons|pixmaps|applications|menu)(/|$)"
    r"|etc/(pam\.d|init\.d|cron|default|systemd)(/|$)|lib/systemd(/|$)|usr/lib/systemd(/|$)"
    r"|usr/lib/\w+-linux-gnu/(gconv|audit|perl-base)(/|$)"
    r"|usr/lib/\w+-linux-gnu/lib(c|m|m-2.36|mvec|resolv|crypt|rt|anl|g|BrokenLocale|mcheck)\.a$"
    r"|usr/include/(rdma|sound|video|mtd|scsi|xen|drm|misc)(/|$)"
    r"|usr/lib/python3[.\d]*/(idlelib|tkinter|turtledemo|ensurepip|lib2to3|pydoc_data)(/|$)")

LINKS = {"etc/alternatives/awk": None, "usr/bin/awk": "mawk", "usr/bin/vi": "vim.tiny",
         "usr/bin/vim": "vim.tiny", "usr/bin/editor": "vim.tiny", "usr/bin/pager": "less",
         "usr/bin/lua": "lua5.4", "usr/bin/which": "which.debianutils", "usr/bin/cc": "tcc",
         "usr/bin/python": "python3"}


def init_files(archive):
    """The files that every image has beside its programs."""
    archive.directory(".")
    for name in ("dev", "proc", "sys", "tmp", "run", "root", "var", "mnt", "etc", "home"):
        archive.directory(name)
    archive.directory("tmp", 0o1777)
    archive.directory("root", 0o700)
    for name in ("var/tmp", "var/log", "var/lib", "dev/pts", "dev/shm"):
        archive.directory(name)
    archive.directory("var/tmp", 0o1777)
    for name, minor in (("console", 1), ("null", 3)):
        archive.device("dev/" + name, "c", 5 if name == "console" else 1, minor, 0o600 if minor == 1 else 0o666)
    folder = os.path.join(ROOT, "port", "image")
    for base, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(base, name)
            with open(path, "rb") as data:
                archive.file(os.path.relpath(path, folder), data.read(),
                             0o755 if os.access(path, os.X_OK) else 0o644)


def busybox_archive(arch):
    """Static busybox with a link for each applet."""
    debian = DEBIAN_ARCH[arch]
    files = locked_set("busybox", BUSYBOX_PACKAGES, debian)
    folder = unpack({"busybox-static": files["busybox-static"]}, os.path.join(CACHE, "root", f"busybox-{debian}"))
    archive = Archive()
    for name in ("bin", "sbin", "usr", "usr/bin", "usr/sbin"):
        archive.directory(name)
    with open(folder + "/bin/busybox", "rb") as data:
        archive.file("bin/busybox", data.read(), 0o755)
    for path in _applets():
        if path != "bin/busybox":
            archive.link(path, "/bin/busybox")
    init_files(archive)
    return archive


def _applets():
    """The paths of busybox's applets, from a busybox that this machine can run."""
    debian = "amd64" if os.uname().machine == "x86_64" else "arm64"
    files = locked_set("busybox", BUSYBOX_PACKAGES, debian)
    folder = unpack({"busybox-static": files["busybox-static"]}, os.path.join(CACHE, "root", f"busybox-{debian}"))
    text = subprocess.run([folder + "/bin/busybox", "--list-full"], capture_output=True, text=True, check=True)
    return text.stdout.split()


def debian_archive(arch, name):
    """Dynamic programs of Debian with their libraries."""
    debian = DEBIAN_ARCH[arch]
    files = locked_set(name, PACKAGES[name], debian)
    files = {n: p for n, p in files.items() if n not in DROPPED_PACKAGES}
    folder = unpack(files, os.path.join(CACHE, "root", f"{name}-{debian}"))
    archive = Archive()
    archive.directory("usr")
    archive.merge_usr()
    archive.tree(folder, keep=lambda path: not DROPPED_PATHS.match(path))
    archive.link("usr/bin/sh", "dash")
    for path, target in LINKS.items():
        if target:
            archive.link(path, target)
    busybox = busybox_archive(arch).entries["bin/busybox"]
    archive.entries["usr/bin/busybox"] = busybox
    init_files(archive)
    return archive


def base_archive(name, arch):
    """An image of the closed list by name."""
    if name == "busybox":
        return busybox_archive(arch)
    if name in PACKAGES:
        return debian_archive(arch, name)
    raise Failure(f"no image is called {name} (there are: {' '.join(PACKAGES)})")


def image(name, arch, update=False):
    """The path of an image; built when its inputs changed."""
    if update:
        locked_set(name, PACKAGES[name], DEBIAN_ARCH[arch], update=True)
    path = os.path.join(BUILD, "image", f"{name}-{arch}.cpio")
    stamp = path + ".inputs"
    inputs = _inputs_hash()
    if os.path.exists(path) and os.path.exists(stamp) and open(stamp).read() == inputs:
        return path
    say(f"building the image {name} for {arch}")
    data = base_archive(name, arch).bytes()
    replace_file(path, data)
    replace_file(stamp, _inputs_hash().encode())
    say(f"{os.path.relpath(path, ROOT)}: {len(data) >> 20} MiB")
    return path


def image_with(name, arch, files, command):
    """The bytes of an image with further files {path: (data, mode)} and a boot command."""
    archive = base_archive(name, arch) if name else Archive()
    for path, (data, mode) in files.items():
        archive.file(path, data, mode)
    if command:
        archive.file("etc/boot-command", command, 0o755)
    return archive.bytes()


def _inputs_hash():
    parts = []
    for folder in ("port", "tools/vortex"):
        for base, _, files in os.walk(os.path.join(ROOT, folder)):
            for name in sorted(files):
                if name.endswith(".pyc") or folder == "tools/vortex" and name not in ("images.py", "cpio.py"):
                    continue
                with open(os.path.join(base, name), errors="replace") as file:
                    parts.append(name + file.read())
    return text_hash(*sorted(parts))
