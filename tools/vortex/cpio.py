"""A writer of initial file systems (cpio "newc"): sorted, and with no times but those of packages' files,
so byte-identical."""
import gzip
import os
import stat


class Archive:
    """Collects files by path; the later addition of a path wins."""

    def __init__(self):
        self.entries = {}

    def directory(self, path, mode=0o755):
        self._add(path, stat.S_IFDIR | mode, b"")

    def file(self, path, data, mode=0o644, time=0):
        self._parents(path)
        self._add(path, stat.S_IFREG | mode, data.encode() if isinstance(data, str) else data, time=time)

    def link(self, path, target):
        self._parents(path)
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def device(self, path, kind, major, minor, mode):
        self._parents(path)
        self._add(path, (stat.S_IFCHR if kind == "c" else stat.S_IFBLK) | mode, b"", (major, minor))

    def pipe(self, path, mode=0o600):
        self._parents(path)
        self._add(path, stat.S_IFIFO | mode, b"")

    def tree(self, folder, keep=lambda path: True):
        """Adds a folder of the host with its modes, and its files' times; `keep` chooses by path in the archive.
        A folder's own time is that of its last change on this host, and stays here.

        Follows /lib -> usr/lib and its like of a merged /usr, as the target will have them. Of a folder that is in
        both, what usr/ says counts: names are taken in order, not as the host's file system lists them.
        """
        for base, folders, files in os.walk(folder):
            for name in sorted(folders + files):
                full = os.path.join(base, name)
                path = os.path.relpath(full, folder)
                if not keep(path):
                    continue
                status = os.lstat(full)
                if stat.S_ISLNK(status.st_mode):
                    self.link(self._merged(path), os.readlink(full))
                elif stat.S_ISDIR(status.st_mode):
                    self.directory(self._merged(path), status.st_mode & 0o7777)
                elif stat.S_ISREG(status.st_mode):
                    with open(full, "rb") as data:
                        self.file(self._merged(path), data.read(), status.st_mode & 0o7777,
                                  int(status.st_mtime))
            folders[:] = [f for f in sorted(folders) if keep(os.path.relpath(os.path.join(base, f), folder))
                          and not os.path.islink(os.path.join(base, f))]

    def merge_usr(self):
        """Makes /bin, /sbin, /lib and /lib64 links into /usr."""
        for name in ("bin", "sbin", "lib", "lib64"):
            self.directory("usr/" + name)
            self._add(name, stat.S_IFLNK | 0o777, f"usr/{name}".encode())

    def _merged(self, path):
        first = path.split("/")[0]
        target = self.entries.get(first)
        if target and stat.S_ISLNK(target[0]) and "/" in path:
            return os.path.normpath(target[1].decode() + path[len(first):])
        return path

    def _parents(self, path):
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self._parents(parent)
            self.directory(parent)

    def _add(self, path, mode, data, device=(0, 0), time=0):
        old = self.entries.get(path)
        if old and stat.S_ISDIR(mode) and stat.S_ISLNK(old[0]):
            return
        self.entries[path] = (mode, data, device, time)

    def bytes(self):
        """The archive; directories come before what is in them, because names are sorted."""
        parts = []
        items = sorted(self.entries.items(), key=lambda item: item[0].split("/"))
        for number, (path, entry) in enumerate(items, 1):
            parts.append(_record(number, path, *entry))
        parts.append(_record(0, "TRAILER!!!", 0, b"", (0, 0), 0))
        total = sum(map(len, parts))
        parts.append(bytes(-total % 512))
        return b"".join(parts)

    def gzip(self):
        return gzip.compress(self.bytes(), 6, mtime=0)


def _record(number, path, mode, data, device, time):
    name = path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, 0, 0, links, time, len(data), 0, 0, device[0], device[1], len(name), 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
