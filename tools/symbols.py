#!/usr/bin/env python3
"""Writes the kernel's table of function names as assembly, from the output of nm.

The first link takes an empty table (--empty), the second the real one; --verify checks that the
second link did not move the functions.
"""
import argparse
import subprocess
import sys


def functions(nm, image):
    """Sorted (address, name) of all functions, one name for an address."""
    text = subprocess.run([nm, "-n", "--defined-only", image], check=True,
                          capture_output=True, text=True).stdout
    found = {}
    for line in text.splitlines():
        address, kind, name = line.split(None, 2)
        if kind in "tTwW" and not name.startswith((".", "$", "__pfx")):
            address = int(address, 16)
            if kind in "TW" or address not in found:
                found[address] = name
    top = [(a, n) for a, n in sorted(found.items()) if a >> 63]
    return top or sorted(found.items())


def assembly(table):
    """Parallel arrays: offsets from the first function, offsets of names, names."""
    base = table[0][0] if table else 0
    lines = ["/* Written by tools/symbols.py. */", '\t.section .rodata.kernel_symbols, "a"']

    def label(name, alignment):
        lines.extend([f"\t.balign {alignment}", f"\t.globl {name}", f"{name}:"])

    label("kernel_symbol_base", 8)
    lines.append(f"\t.quad {base:#x}")
    label("kernel_symbol_count", 8)
    lines.append(f"\t.long {len(table)}")
    label("kernel_symbol_offsets", 4)
    lines += [f"\t.long {address - base:#x}" for address, _ in table]
    label("kernel_symbol_names_at", 4)
    at = 0
    for _, name in table:
        lines.append(f"\t.long {at}")
        at += len(name) + 1
    label("kernel_symbol_names", 1)
    lines += [f'\t.asciz "{name}"' for _, name in table]
    return "\n".join(lines) + '\n\t.section .note.GNU-stack, "", %progbits\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--out")
    parser.add_argument("--empty", action="store_true")
    parser.add_argument("--verify", metavar="SECOND", help="compare IMAGE with a second link")
    parser.add_argument("image", nargs="?")
    options = parser.parse_args()
    if options.verify:
        if functions(options.nm, options.image) != functions(options.nm, options.verify):
            sys.exit("symbols: the second link moved functions; place .rodata after .text")
        return
    table = [] if options.empty else functions(options.nm, options.image)
    with open(options.out, "w") as out:
        out.write(assembly(table))


if __name__ == "__main__":
    main()
