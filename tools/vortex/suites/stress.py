"""Storms, scarce memory and fuzzing in a kernel with KASAN and lock checks: no panic, hang or leak."""
import glob
import os
import re
import tempfile
import time

from .. import images, profile
from ..common import BUILD, PATIENCE, ROOT, Failure, make, say
from ..machine import Machine, Timeout
from . import abi
from .oracle import write_initrd

END = "== all storms ran"
# What must have happened by the end, in /proc/aegis/memory and /proc/aegis/schedule.
EVENTS = {"reclaim": r"^reclaim (\d+)", "write-back": r"^write_back (\d+)",
          "out of memory": r"^out_of_memory (\d+)", "TLB shootdown": r"^shootdown (\d+)",
          "migration": r"migrations (\d+)$", "stealing": r"steals (\d+) "}
TROUBLE = r"KASAN|BUG:|PANIC|WARNING|lock order|\[KERNEL\] CPU|does not take interrupts"
# Storms that use up memory, on the least machine there is.
SMALL_MB = 24
SMALL = "bomb full flood pipes pressure tables"
# Something is printed more often, however slow the host is.
SILENCE_S = 600
SHARES = {"storms": 5, "scarce": 2, "fuzz": 3}


def programs(arch):
    """{name: path} of the programs in test/stress."""
    folder = os.path.join(ROOT, "test", "stress")
    if not os.path.isdir(folder):
        return {}
    out = os.path.join(BUILD, arch, "test", "stress")
    make("-C", folder, f"ARCH={arch}", f"OUT={out}")
    return {os.path.basename(p): p for p in glob.glob(out + "/*")
            if os.access(p, os.X_OK) and os.path.isfile(p)}


def run(context, report):
    """Each program runs `NAME SECONDS` and prints 'ok' and 'not ok' lines as the ABI tests do."""
    built = programs(context.arch)
    chosen = {name: path for name, path in built.items() if name.startswith(context.only)}
    if not chosen:
        raise Failure(f"no program of test/stress begins with {context.only!r}")
    total = 3300 if context.long else 240
    whole = sum(SHARES.get(name, 2) for name in built)
    lengths = {name: total * SHARES.get(name, 2) // whole for name in chosen}
    output = run_machine(context, report, "", chosen, True, 512,
                         {name: f"{name} {lengths[name]}" for name in chosen}, lengths)
    for event, pattern in EVENTS.items() if chosen == built else ():
        count = sum(int(number) for number in re.findall(pattern, output, re.M))
        say(f"stress: {event} happened {count} times")
        report.check(f"stress happened: {event}", count > 0, "never")
    if "storms" in chosen:
        seconds = total // 12
        output = run_machine(context, report, "small ", {"storms": chosen["storms"]}, False, SMALL_MB,
                             {"storms": f"storms {seconds} 4 {SMALL}"}, {"storms": seconds})
        scores = re.findall(r"^Out of memory: killed .* adjustment (-?\d+),", output, re.M)
        report.check("stress small kills the offender only", scores and set(scores) == {"1000"},
                     f"scores of those killed: {sorted(set(scores))}")


def run_machine(context, report, label, chosen, debug, memory, commands, lengths):
    """One machine that runs the commands one after the other; its whole output."""
    files = {}
    for name, path in chosen.items():
        with open(path, "rb") as data:
            files[f"test/stress/{name}"] = (data.read(), 0o755)
    script = "#!/bin/sh\nmkdir -p /tmp/stress; cd /tmp/stress\n"
    # The fuzzer comes last: as root it may change settings of the whole machine.
    patience = abi.PATIENCE[context.arch] * PATIENCE
    for name in sorted(chosen, reverse=True):
        script += (f"echo == begin {name}\ntimeout -s KILL {(lengths[name] * 3 + 300) * patience} "
                   f"/test/stress/{commands[name]} </dev/null 2>&1\necho == end {name} $?\n")
    script += ('cat /proc/aegis/memory /proc/aegis/schedule\necho "== all storms"" ran"\n'
               "/bin/busybox poweroff -f\n")
    limit = (sum(length * 3 + 300 for length in lengths.values()) + 120) * abi.PATIENCE[context.arch]
    path = write_initrd(images.image_with("busybox", context.arch, files, script))
    try:
        output, reason = boot(context, context.kernel(debug=debug), path, memory, limit)
    finally:
        os.unlink(path)
    with open(os.path.join(BUILD, context.arch, "test", f"stress-{label.strip() or 'large'}.log"), "w",
              encoding="utf-8") as log:
        log.write(output)
    for name in sorted(chosen):
        report_program(report, f"stress {label}{name}", name, output, reason)
    if debug:
        report.check(f"stress {label}makes memory fail", "runs once, without failures" not in output,
                     "the kernel has no /proc/aegis/fail")
    for line in re.findall(rf"^.*(?:{TROUBLE}).*$", output, re.M)[:5]:
        report.not_ok(f"stress {label}kernel", line)
    return output


def boot(context, kernel, initrd, memory, limit):
    """Boots until the end, telling of each part when it runs long; (output, why it did not come, and
    where the CPUs are)."""
    reason, deadline = None, time.monotonic() + limit * PATIENCE
    with tempfile.TemporaryDirectory() as folder, \
            Machine(kernel, initrd=initrd, arch=context.arch, smp=4, memory=memory,
                    extra=profile.stub_options(folder)) as machine:
        try:
            while True:
                left = min(deadline - time.monotonic(), SILENCE_S)
                found = machine.expect(rf"{END}|(?m:^(?:not )?ok .*?\r?\n)|\n", left)
                if found.group(0) == END:
                    break
                if context.long and len(found.group(0)) > 1:
                    say("stress: " + found.group(0).strip())
            machine.wait(20)
        except Timeout as failure:
            reason = str(failure).splitlines()[0] + "\n" + \
                profile.stacks(profile.stub_path(folder), kernel, 4, context.arch)
        machine.stop()
        return machine.output.replace("\r\n", "\n").replace("\r", ""), reason


def report_program(report, label, name, output, reason):
    """The checks of one program, and that it came to its end."""
    part = re.search(rf"== begin {name}\n((?:.*\n)*?)== end {name} (\d+)", output)
    if not part:
        # Of the fuzzer's seeds, those before the end are enough.
        output = re.sub(r"(?m)^# seed .*\n(?=(?:# seed .*\n){8})", "", output)
        trouble = re.search(TROUBLE, output)
        at = trouble.start() - 200 if trouble else len(output) - 600
        report.not_ok(label, f"{reason}\n" + output[max(at, 0):][:4000])
        return
    notes = []
    for line in part.group(1).splitlines():
        found = re.match(r"(ok|not ok) (.*)$", line)
        if found:
            report.check(f"{label} {found.group(2)}", found.group(1) == "ok", " | ".join(notes[-8:]))
            notes = []
        elif line.startswith("# ") and not re.search(r"operations$|sweeps", line):
            notes.append(line[2:])
    report.check(label, part.group(2) == "0", f"status {part.group(2)}")
