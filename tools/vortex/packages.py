"""Debian packages without touching the system: a private apt configuration, dpkg -x, a lock file.

The mirror is the one that the system's own apt sources name; lists and archives live in the cache.
"""
import fcntl
import glob
import os
import re
import shutil
import subprocess

from .common import CACHE, ROOT, Failure, remove_tree, replace_file, run, say, sha256

LOCK = os.path.join(ROOT, "port", "packages.lock")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
RELEASE = "bookworm"


def mirrors():
    """{suite: address} of the Debian sources of this system."""
    found = {}
    for path in ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*")):
        try:
            with open(path) as file:
                text = file.read()
        except OSError:
            continue
        if path.endswith(".sources"):
            for part in re.split(r"\n\s*\n", text):
                fields = dict(re.findall(r"^(\w[\w-]*):\s*(.*)$", part, re.M))
                for suite in fields.get("Suites", "").split():
                    found.setdefault(suite, fields.get("URIs", "").split()[0])
        else:
            for line in re.findall(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+.*main", text, re.M):
                found.setdefault(line[1], line[0])
    if RELEASE not in found:
        raise Failure(f"apt on this system has no source for Debian {RELEASE}")
    return found


class Apt:
    """A private apt for one Debian architecture."""

    def __init__(self, arch, native_status=False, backports=False):
        name = arch + ("-backports" if backports else "")
        self.arch = arch
        self.folder = os.path.join(CACHE, "apt", name)
        for part in ("lists/partial", "archives/partial"):
            os.makedirs(os.path.join(self.folder, part), exist_ok=True)
        empty = os.path.join(self.folder, "status")
        open(empty, "a").close()
        self._write_sources(backports)
        status = "/var/lib/dpkg/status" if native_status else empty
        settings = {
            "Dir::Etc::SourceList": self.folder + "/sources.list", "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null", "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State": self.folder, "Dir::State::Lists": self.folder + "/lists",
            "Dir::State::status": status, "Dir::Cache": self.folder,
            "Dir::Cache::archives": self.folder + "/archives",
            "APT::Architecture": arch, "APT::Architectures::": arch,
            "Acquire::Languages": "none", "APT::Sandbox::User": "root", "APT::Install-Recommends": "0",
            "Acquire::Retries": "3", "Debug::NoLocking": "1", "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
        }
        self.options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]

    def _write_sources(self, backports):
        found = mirrors()
        suites = [RELEASE, RELEASE + "-updates", RELEASE + "-security"]
        lines = [f"deb [signed-by={KEYRING}] {found[s]} {s} main" for s in suites if s in found]
        if backports:
            lines.append(f"deb [signed-by={KEYRING}] {found[RELEASE]} {RELEASE}-backports main")
        text = "\n".join(lines) + "\n"
        path = os.path.join(self.folder, "sources.list")
        if not os.path.exists(path) or open(path).read() != text:
            with open(path, "w") as out:
                out.write(text)

    def update(self):
        """Fetches the lists, unless they are in the cache."""
        if not glob.glob(self.folder + "/lists/*Packages*"):
            say(f"fetching the package lists of Debian {RELEASE} for {self.arch}")
            run(["apt-get", *self.options, "-q", "update"])

    def closure(self, names):
        """[(name, version)] of packages and all that they depend on."""
        self.update()
        text = run(["apt-get", *self.options, "-qq", "-s", "install", *names])
        return re.findall(r"^Inst (\S+?)(?::\w+)? (?:\[\S+\] )?\((\S+)", text, re.M)

    def download(self, wanted):
        """Fetches [(name, version)] into the archive; returns {name: path}.

        One vortex at a time: several may want the same packages.
        """
        with open(self.folder + "/lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._download(wanted)

    def _download(self, wanted):
        found = {}
        missing = []
        for name, version in wanted:
            path = self.path(name, version)
            if path:
                found[name] = path
            else:
                missing.append((name, version))
        if not missing:
            return found
        self.update()
        say(f"fetching {len(missing)} packages for {self.arch}")
        folder = self.folder + "/archives"
        for start in range(0, len(missing), 40):
            chunk = missing[start:start + 40]
            run(["apt-get", *self.options, "-q", "download", *[f"{n}={v}" for n, v in chunk]], cwd=folder)
            say(f"  {min(start + 40, len(missing))} of {len(missing)}")
        for name, version in missing:
            found[name] = self.path(name, version)
            if not found[name]:
                raise Failure(f"apt fetched {name} {version} under an unexpected name")
        return found

    def path(self, name, version):
        """The fetched file of a package, or None."""
        safe = version.replace(":", "%3a")
        for arch in (self.arch, "all"):
            path = f"{self.folder}/archives/{name}_{safe}_{arch}.deb"
            if os.path.exists(path):
                return path
        return None

    def newest(self, name):
        """The candidate version of a package, or None."""
        text = run(["apt-cache", *self.options, "policy", name])
        found = re.search(r"Candidate: (\S+)", text)
        return found.group(1) if found and found.group(1) != "(none)" else None


def read_lock():
    """{(arch, set): {name: (version, sha256)}} of port/packages.lock."""
    entries = {}
    if os.path.exists(LOCK):
        with open(LOCK) as lines:
            for line in lines:
                words = line.split("#")[0].split()
                if len(words) == 5:
                    entries.setdefault((words[0], words[1]), {})[words[2]] = (words[3], words[4])
    return entries


def write_lock(entries):
    """Writes port/packages.lock, sorted."""
    with open(LOCK, "w") as out:
        out.write("# Debian packages that vortex uses: architecture set name version SHA-256.\n"
                  "# Written by ./vortex image --update-lock.\n")
        for (arch, group), packages in sorted(entries.items()):
            for name, (version, digest) in sorted(packages.items()):
                out.write(f"{arch} {group} {name} {version} {digest}\n")


def lock_set(group, arch, wanted):
    """Fetches [(name, version)] and records exactly these as the set; {name: path}."""
    files = Apt(arch).download(wanted)
    lock = read_lock()
    lock[arch, group] = {name: (version, sha256(files[name])) for name, version in wanted}
    write_lock(lock)
    return files


def locked_set(group, names, arch, update=False):
    """{name: path of .deb} for packages and their dependencies, as the lock says."""
    packages = read_lock().get((arch, group), {})
    if update or not all(name in packages for name in names):
        return lock_set(group, arch, Apt(arch).closure(names))
    return fetch_locked(group, arch)


def fetch_locked(group, arch):
    """{name: path of .deb} for a set of the lock."""
    packages = read_lock()[arch, group]
    apt = Apt(arch)
    files = {}
    for name, (version, digest) in packages.items():
        path = apt.path(name, version)
        if path and sha256(path) == digest:
            files[name] = path
    missing = {n: p for n, p in packages.items() if n not in files}
    if missing:
        files.update(_fetch_missing(apt, missing))
    return files


def _fetch_missing(apt, packages):
    """Fetches locked versions; a version that left the mirror is replaced, loudly."""
    wanted = []
    apt.update()
    listed = run(["apt-cache", *apt.options, "madison", *packages])
    for name, (version, _) in packages.items():
        if not re.search(rf"^\s*{re.escape(name)} \|\s*{re.escape(version)} ", listed, re.M):
            newest = apt.newest(name)
            say(f"{name} {version} is no longer on the mirror: taking {newest}")
            version = newest
        wanted.append((name, version))
    files = apt.download(wanted)
    for name, version in wanted:
        locked_version, digest = packages[name]
        if version == locked_version and sha256(files[name]) != digest:
            os.unlink(files[name])
            raise Failure(f"{name} {version}: SHA-256 differs from port/packages.lock")
    return files


def unpack(files, folder):
    """Unpacks packages into a folder, afresh; a finished folder is kept for the next time.

    Several vortex may want the same folder at once: one unpacks while the others wait for it.
    """
    done = folder + ".done"
    record = "\n".join(sorted(os.path.basename(p) for p in files.values()))
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(folder) and os.path.exists(done) and open(done).read() == record:
            return folder
        remove_tree(folder)
        os.makedirs(folder)
        say(f"unpacking {len(files)} packages")
        for name in sorted(files):
            run(["dpkg", "-x", files[name], folder])
        replace_file(done, record.encode())
    return folder


def install_missing(needs):
    """Installs on this system, by apt, the packages whose program is absent: {program: package}."""
    names = sorted({package for program, package in needs.items()
                    if not shutil.which(program) and not os.path.exists(program)})
    if not names:
        return
    elevate = [] if os.geteuid() == 0 else ["sudo"]
    if elevate and not shutil.which("sudo"):
        raise Failure(f"missing packages: {' '.join(names)} (install them as root)")
    say(f"installing with apt: {' '.join(names)}")
    command = [*elevate, "apt-get", "-y", "-q", "install", "--no-install-recommends", *names]
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode:
        run([*elevate, "apt-get", "-q", "update"], env=environment)
        run(command, env=environment)
