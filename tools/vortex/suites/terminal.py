"""A person at the console: what is typed and what the screen then shows."""
import glob
import importlib.util
import os
import time

from .. import images, linux
from ..common import ROOT, Failure
from ..machine import Machine

PROMPT = r"root@aegis:[^\n]*# "


class Person:
    """Types on a machine's serial line and reads what comes."""

    def __init__(self, machine):
        self.machine = machine

    def type(self, text):
        """Types without a line end."""
        self.machine.send(text)

    def line(self, text):
        """Types a line."""
        self.machine.send(text + "\r")

    def sees(self, pattern, timeout=30):
        """Waits until a regular expression has appeared."""
        return self.machine.expect(pattern, timeout)

    def prompt(self, timeout=60):
        """Waits for the shell's prompt."""
        return self.machine.expect(PROMPT, timeout)

    def run(self, text, pattern, timeout=30):
        """A line, what it must print, and the next prompt."""
        self.line(text)
        found = self.sees(pattern, timeout)
        self.prompt(timeout)
        return found

    def pause(self, seconds):
        """Lets the machine draw; only for what has no marker to wait for."""
        time.sleep(seconds)


def load_tests():
    """[(name, image, function)] of test/terminal/*.py: functions called test_*, attribute image."""
    tests = []
    for path in sorted(glob.glob(os.path.join(ROOT, "test", "terminal", "*.py"))):
        name = os.path.splitext(os.path.basename(path))[0]
        spec = importlib.util.spec_from_file_location(f"terminal_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for key, function in vars(module).items():
            if key.startswith("test_"):
                tests.append((f"{name}.{key[5:]}", module.IMAGE, function))
    return tests


def run(context, report):
    """Every test on Linux too (its failure there is the test's own), all tests of an image in one boot."""
    tests = load_tests()
    for image in sorted({t[1] for t in tests}):
        chosen = [t for t in tests if t[1] == image]
        if context.long:
            kernel, _ = linux.linux_kernel(context.arch)
            run_on(context, report, "terminal on Linux", (kernel, linux.WORDS), image, chosen)
        run_on(context, report, "terminal", (context.kernel(), ""), image, chosen)


def run_on(context, report, label, kernel, image, tests):
    """Runs tests one after another; a test that fails gets the next one a fresh machine."""
    kernel, words = kernel
    left = list(tests)
    while left:
        try:
            machine = Machine(kernel, initrd=images.image(image, context.arch), arch=context.arch,
                              append=f"quiet {words} aegis.term=xterm aegis.rows=24 aegis.columns=80",
                              smp=4, memory=1024)
            with machine:
                Person(machine).prompt(90)
                left = run_batch(report, label, machine, left)
        except Failure as failure:
            for name, _, _ in left:
                report.not_ok(f"{label} {name}", f"no prompt: {failure}")
            return


def run_batch(report, label, machine, tests):
    """Runs tests until one fails; returns those that are left."""
    for index, (name, _, function) in enumerate(tests):
        try:
            function(Person(machine))
            report.ok(f"{label} {name}")
        except Failure as failure:
            report.not_ok(f"{label} {name}", str(failure))
            return tests[index + 1:]
        except AssertionError as failure:
            report.not_ok(f"{label} {name}", str(failure))
    return []
