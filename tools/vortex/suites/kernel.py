"""Unit tests inside the kernel, on real page tables, interrupts and four CPUs, with KASAN."""
import re

from ..machine import Machine, Timeout


def run(context, report):
    """The option `selftest` makes a kernel that was built with tests run them and end."""
    if context.long:
        run_one(context, report, "kernel", debug=False, limit=120)
    run_one(context, report, "kernel debug", debug=True, limit=240)
    run_none(context, report)


def run_none(context, report):
    """A name that no test has must not pass for tests that passed."""
    with Machine(context.kernel(debug=True), arch=context.arch, append="selftest=no.such.test panic=exit", smp=1,
                 memory=128) as machine:
        try:
            machine.expect(r"(?m)^0 passed, 1 failed", 60)
            reason = ""
        except Timeout as failure:
            reason = str(failure)
    report.check("kernel debug selftest=NAME that no test has fails", not reason, reason)


def run_one(context, report, label, debug, limit):
    """One machine; its own last line says how many tests there were."""
    kernel = context.kernel(debug=debug, test=not debug)
    with Machine(kernel, arch=context.arch, append="selftest panic=exit", smp=4, memory=512) as machine:
        try:
            machine.wait(limit)
            reason = "the machine ended early"
        except Timeout as failure:
            reason = str(failure)
        lines = machine.output.replace("\r", "").split("\n")
    detail, tests = [], 0
    for line in lines:
        match = re.match(r"(ok|not ok) (\S+)$", line)
        if match:
            tests += 1
            report.check(f"{label} {match.group(2)}", match.group(1) == "ok", " | ".join(detail[-4:]))
            detail = []
        else:
            detail.append(line.strip())
    if not any(re.match(r"\d+ passed, \d+ failed$", line) for line in lines):
        report.not_ok(f"{label} ({tests} tests ran)", reason + "\n" + "\n".join(lines[-15:]))
