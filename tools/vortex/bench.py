"""Side by side with Linux: one static program, one image, one emulator; instructions and wall time.

Instructions come from a machine whose clock is the instruction counter and repeat exactly; wall
time is the best of several boots, Linux and Aegis in turn.
"""
import os
import re
import subprocess
import tempfile

from . import images, linux, machine, scaling
from .common import BUILD, ROOT, Failure, build_kernel, cache, make, replace_file, say, sha256, text_hash
from .suites.oracle import write_initrd

LINUX_WORDS = "quiet no_timer_check nokaslr randomize_kstack_offset=off norandmaps"
# Models without features that only an emulator has, so that both kernels do what they do on machines.
CPU = {"x86_64": "EPYC-Rome", "aarch64": "neoverse-n1"}
COUNTED = ("-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01,clock=vm")
COMMAND = """#!/bin/sh
mkdir -p /tmp /proc
mount -t proc proc /proc
echo "== bench begins"
/bench {mode} {rows} 2>&1
echo "== bench ends"
cat /proc/aegis/locks 2>/dev/null
/bin/busybox poweroff -f
"""


def initrd(mode, rows, arch):
    """The image for one mode of the program; the same bytes for both kernels."""
    out = os.path.join(BUILD, arch, "bench")
    make("-C", os.path.join(ROOT, "bench"), f"ARCH={arch}", f"OUT={out}")
    with open(os.path.join(out, "bench"), "rb") as data:
        program = data.read()
    files = {"bench": (program, 0o755)}
    return write_initrd(images.image_with("busybox", arch, files, COMMAND.format(mode=mode, rows=rows)))


def boot(kernel, path, append, smp, extra, timeout, watch=None, arch="x86_64"):
    """Runs one machine to its end with the serial line in a file; returns what it printed.

    `watch` may look on: it gets the process, and a function that reads what was printed so far.
    """
    def printed():
        with open(serial, errors="replace") as file:
            return file.read().replace("\r", "")

    emulator, command = machine.arguments(kernel, initrd=path, append=append, smp=smp, memory=512,
                                          arch=arch, cpu=CPU[arch], extra=extra)
    descriptor, serial = tempfile.mkstemp(dir=BUILD, suffix=".serial")
    os.close(descriptor)
    command += ["-display", "none", "-monitor", "none", "-serial", f"file:{serial}"]
    process = subprocess.Popen(command, env=emulator.environment, stdin=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        if watch:
            watch(process, printed)
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        say(f"the machine did not end within {timeout} s")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        text = printed()
        os.unlink(serial)
    return text


def rows_of(text):
    """{row: (value or None, unit)} in order."""
    found = {}
    for name, value, unit in re.findall(r"^row (\S+) (\S+) (\S+)$", text, re.M):
        try:
            found[name] = (float(value), unit)
        except ValueError:
            found[name] = (None, value)
    return found


def counted(kernel, is_linux, path, version, arch):
    """Instructions per operation; Linux's are remembered, because they repeat exactly."""
    key = cache("bench", text_hash(sha256(path), version, LINUX_WORDS) + ".txt")
    if is_linux and os.path.exists(key):
        with open(key) as file:
            return rows_of(file.read())
    say(f"counting instructions on {'Linux' if is_linux else 'Aegis'}")
    text = boot(kernel, path, LINUX_WORDS if is_linux else "quiet", 1, COUNTED, 1800, arch=arch)
    if "== bench ends" not in text:
        say("the benchmark did not come to its end: " + " | ".join(text.splitlines()[-5:]))
    elif is_linux:
        replace_file(key, text.encode())
    for warning in re.findall(r"^# (?!end$).*$", text, re.M):
        say(warning[2:])
    return rows_of(text)


def walled(kernels, path, boots, arch):
    """{kernel: {row: best value}} of interleaved boots on four CPUs."""
    best = {name: {} for name in kernels}
    for number in range(boots):
        for name, kernel in kernels.items():
            say(f"wall time, boot {number + 1} of {boots}, {name}")
            text = boot(kernel, path, LINUX_WORDS if name == "Linux" else "quiet", 4, (), 600, arch=arch)
            for row, (value, unit) in rows_of(text).items():
                old = best[name].get(row, (None, unit))[0]
                better = max if unit == "ops/s" else min
                if value is not None:
                    best[name][row] = (value if old is None else better(old, value), unit)
    return best


def show(value):
    return "-" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def table(title, linux_rows, aegis_rows):
    """Prints one table; returns {row: ratio}, above 1 meaning slower than Linux."""
    print(f"\n{title}\n{'row':24} {'Linux':>12} {'Aegis':>12} {'ratio':>7}")
    ratios = {}
    for row in list(linux_rows) + [r for r in aegis_rows if r not in linux_rows]:
        theirs, unit = linux_rows.get(row, (None, "?"))
        ours = aegis_rows.get(row, (None, "?"))[0]
        note = ""
        if theirs and ours:
            ratios[row] = theirs / ours if unit == "ops/s" else ours / theirs
            note = f"{ratios[row]:7.2f}"
        elif row in aegis_rows and ours is None:
            note = "      -  " + aegis_rows[row][1]
        print(f"{row:24} {show(theirs):>12} {show(ours):>12} {note}")
    if ratios:
        good = sum(ratio <= 1 for ratio in ratios.values())
        print(f"{good} of {len(ratios)} rows at or below Linux's")
    return ratios


def draw(path, ratios):
    """An SVG of ratios: a bar for each row, a line at 1."""
    height, scale = 18, 220
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="{len(ratios) * height + 40}" '
           'font-family="sans-serif" font-size="12">']
    for index, (row, ratio) in enumerate(ratios.items()):
        top = 20 + index * height
        colour = "#2a7" if ratio <= 1 else "#c93" if ratio <= 1.3 else "#c44"
        out.append(f'<text x="190" y="{top + 12}" text-anchor="end">{row}</text>'
                   f'<rect x="200" y="{top}" width="{min(ratio, 2.8) * scale:.0f}" height="14" fill="{colour}"/>'
                   f'<text x="{205 + min(ratio, 2.8) * scale:.0f}" y="{top + 12}">{ratio:.2f}</text>')
    out.append(f'<line x1="{200 + scale}" x2="{200 + scale}" y1="10" y2="{len(ratios) * height + 25}" '
               'stroke="black" stroke-dasharray="4"/></svg>')
    replace_file(path, "\n".join(out).encode())


def main(options):
    """Measures and prints the tables."""
    os.makedirs(BUILD, exist_ok=True)
    kernels, version, arch = {}, "", options.arch
    if options.only != "aegis":
        kernels["Linux"], version = linux.linux_kernel(arch)
    if options.only != "linux":
        kernels["Aegis"] = build_kernel(arch)
    if options.scaling:
        return scaling.main(kernels, options.wall or 1, arch)
    rows = options.rows or ""
    paths = {mode: initrd(mode, rows, arch) for mode in ("--count", "--wall")}
    try:
        results = {name: counted(kernel, name == "Linux", paths["--count"], version, arch)
                   for name, kernel in kernels.items()}
        if not any(results.values()):
            raise Failure("the benchmark printed no rows" + (f": is there one of {rows!r}?" if rows else ""))
        ratios = table(f"Instructions per operation ({CPU[arch]}, one CPU)", results.get("Linux", {}),
                       results.get("Aegis", {}))
        if options.wall:
            best = walled(kernels, paths["--wall"], options.wall, arch)
            table(f"Wall time in ns or ops/s (four CPUs, best of {options.wall} boots)",
                  best.get("Linux", {}), best.get("Aegis", {}))
    finally:
        for path in paths.values():
            os.unlink(path)
    if options.svg:
        draw(options.svg, ratios)
    return 0
