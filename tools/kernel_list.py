#!/usr/bin/env python3
"""Reads kernel.list: prints the source files it names, or writes the tables of pointers to them."""
import argparse
import glob
import os
import sys

KINDS = {
    "driver": ("device/driver.h", "const struct driver", "const struct driver *const kernel_drivers"),
    "filesystem": ("vfs/filesystem.h", "struct filesystem",
                   "struct filesystem *const kernel_filesystems"),
}


def read_list(path, arch):
    """The entries for one CPU, as (kind, name) in the order of the file."""
    entries = []
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if len(words) < 2 or words[0] not in KINDS:
                sys.exit(f"{path}:{number}: expected 'driver NAME' or 'filesystem NAME'")
            if len(words) == 2 or arch in words[2:]:
                entries.append((words[0], words[1]))
    return entries


def sources(entries):
    """The C files of the entries; an entry is one file or a folder of them."""
    found = []
    for kind, name in entries:
        base = f"kernel/driver/{name}" if kind == "driver" else f"kernel/fs/{name}"
        files = [base + ".c"] if os.path.exists(base + ".c") else sorted(glob.glob(base + "/*.c"))
        if not files:
            sys.exit(f"kernel.list: {kind} {name}: neither {base}.c nor a folder with C files")
        found += [f for f in files if f not in found]
    return found


def table(entries):
    """The C text of the tables."""
    lines = ["/* Written by tools/kernel_list.py from kernel.list. */", "#include <stddef.h>", ""]
    for kind, (header, entry_type, name) in KINDS.items():
        chosen = [os.path.basename(n) for k, n in entries if k == kind]
        lines += [f'#include "{header}"' if chosen else entry_type.removeprefix("const ") + ";", ""]
        lines += [f"extern {entry_type} {n}_{kind};" for n in chosen]
        lines += ["", name + "[] = {"] + [f"\t&{n}_{kind}," for n in chosen] + ["\tNULL,", "};", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", required=True)
    parser.add_argument("--list", default="kernel.list")
    parser.add_argument("--sources", action="store_true", help="print the source files")
    parser.add_argument("--out", help="write the tables to this C file")
    options = parser.parse_args()
    entries = read_list(options.list, options.arch)
    if options.sources:
        print(" ".join(sources(entries)))
    if options.out:
        with open(options.out, "w") as out:
            out.write(table(entries))


if __name__ == "__main__":
    main()
