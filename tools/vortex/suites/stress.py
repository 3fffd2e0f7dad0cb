"""Storms and fuzzing in a kernel with KASAN and lock checks: no panic, no hang, no leak."""
import glob
import os
import re

from .. import images
from ..common import BUILD, ROOT, make
from .oracle import on_aegis, write_initrd

END = "== all storms ran"


def programs(arch):
    """{name: path} of the storms in test/stress."""
    folder = os.path.join(ROOT, "test", "stress")
    if not os.path.isdir(folder):
        return {}
    out = os.path.join(BUILD, arch, "test", "stress")
    make("-C", folder, f"ARCH={arch}", f"OUT={out}")
    return {os.path.basename(p): p for p in glob.glob(out + "/*")
            if os.access(p, os.X_OK) and os.path.isfile(p)}


def run(context, report):
    """Each storm runs `NAME SECONDS` and prints 'ok' and 'not ok' lines as the ABI tests do."""
    chosen = programs(context.arch)
    if not chosen:
        return
    seconds = 3600 // len(chosen) if context.long else max(10, 300 // len(chosen))
    files = {}
    for name, path in chosen.items():
        with open(path, "rb") as data:
            files[f"test/stress/{name}"] = (data.read(), 0o755)
    command = "#!/bin/sh\nmkdir -p /tmp/stress; cd /tmp/stress\n"
    for name in sorted(chosen):
        command += (f"echo == begin {name}\ntimeout -s KILL {seconds * 3 + 60} /test/stress/{name} {seconds} "
                    f"</dev/null 2>&1\necho == end {name} $?\n")
    command += 'cat /proc/aegis/status 2>/dev/null\necho "== all storms"" ran"\n/bin/busybox poweroff -f\n'
    path = write_initrd(images.image_with("busybox", context.arch, files, command))
    try:
        output, reason = on_aegis(context, path, END, (seconds * 3 + 60) * len(chosen) + 120,
                                  debug=True, smp=4, memory=512)
    finally:
        os.unlink(path)
    for name in sorted(chosen):
        part = re.search(rf"== begin {name}\n((?:.*\n)*?)== end {name} (\d+)", output)
        if not part:
            trouble = re.search(r"PANIC|KASAN|WARNING|BUG:", output)
            at = trouble.start() - 200 if trouble else len(output) - 600
            report.not_ok(f"stress {name}", f"{reason}\n" + output[max(at, 0):][:4000])
            continue
        for state, check in re.findall(r"^(ok|not ok) (.*)$", part.group(1), re.M):
            report.check(f"stress {name} {check}", state == "ok")
        report.check(f"stress {name}", part.group(2) == "0", f"status {part.group(2)}")
    for line in re.findall(r"^.*(?:KASAN|BUG:|panic|lock order|\[KERNEL\] (?:WARNING|CPU)).*$", output, re.M)[:5]:
        report.not_ok("stress kernel", line)
