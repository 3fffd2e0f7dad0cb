"""The same files give the same archive, whoever unpacked them, when, and on whatever file system."""
import os
import tempfile
import unittest
from unittest import mock

from .cpio import Archive

NAMES = ["lib/machine/a", "usr/lib/machine/b", "usr/bin/c", "bin/d", "etc/e"]


def archive_of(folder_time, backwards):
    """The archive of a folder whose files are from time 1000, unpacked at another time, on a file system that
    lists names by the alphabet or backwards."""
    def walk(top):
        names = sorted(os.listdir(top), reverse=backwards)
        folders = [name for name in names if os.path.isdir(os.path.join(top, name))]
        yield top, folders, [name for name in names if name not in folders]
        for name in folders:
            yield from walk(os.path.join(top, name))

    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as file:
                file.write(name)
            os.utime(path, (1000, 1000))
        os.chmod(os.path.join(folder, "lib/machine"), 0o700)
        for base, folders, _ in os.walk(folder):
            for name in folders:
                os.utime(os.path.join(base, name), (folder_time, folder_time))
        archive = Archive()
        archive.merge_usr()
        with mock.patch("os.walk", walk):
            archive.tree(folder)
        return archive


class Tree(unittest.TestCase):
    """Archives of folders."""

    def test_time_of_unpacking_stays_out(self):
        self.assertEqual(archive_of(2000, False).bytes(), archive_of(3000, False).bytes())

    def test_order_of_the_host_stays_out(self):
        self.assertEqual(archive_of(2000, False).bytes(), archive_of(2000, True).bytes())

    def test_files_keep_their_times(self):
        self.assertEqual(archive_of(2000, False).entries["usr/lib/machine/a"][3], 1000)
