"""A person at the console: what is typed and what the screen then shows, on Linux first and then here.

Each picture that a test takes on Linux is kept; on Aegis the screen has to become the same.
"""
import difflib
import glob
import importlib.util
import inspect
import json
import os
import re
import sys
import time

from .. import images, linux
from ..common import PATIENCE, ROOT, Failure, say, sha256, text_hash
from ..machine import Machine, Timeout
from . import oracle
from .screen import Screen

PROMPT = r"root@aegis:[^\n]*# "
AT_PROMPT = r"(?m)^root@aegis:\S*#\Z"	# the last line of the screen
QUIET = 1.5		# seconds without output: Linux's screen is what it is going to be


class Person:
    """Types on a machine's serial line and reads what comes.

    `expected`: the pictures that Linux showed; None: this is Linux, and pictures are taken.
    """

    def __init__(self, machine, expected=None):
        self.machine = machine
        self.expected = expected
        self.is_oracle = expected is None
        self.pictures = {}
        self.screen = Screen(machine)

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

    def start(self, program, rest=""):
        """Runs a program in the foreground: a key that is typed now reaches it, no more the shell."""
        self.line(f"sh -c 'echo running; exec {program}'{rest}")
        self.sees(r"[\r\n]running\r?\n")

    def start_reader(self):
        """Runs a program in the foreground that says which line it reads, and sleeps then.

        In the background it only tries to read: what it says shows that it has the terminal, and that ^C reaches it, no
        more the shell. It starts nothing: a child that is stopped before it has executed holds sh up, which then is not
        stopped itself.
        """
        self.command(r"""printf '%s\n' 'trap "" TTIN' 'echo running' 'until read x; do :; done' 'echo read $x' """
                     r"""'exec sleep 1000' >/tmp/reader""")
        self.line("sh /tmp/reader")
        self.sees(r"[\r\n]running\r?\n")

    def pause(self, seconds):
        """For what must not happen: nothing else is waited for by time."""
        time.sleep(seconds)

    def begin(self):
        """A prompt on an empty screen."""
        self.screen.clear()
        self.line("")
        self.shows(AT_PROMPT, 60)
        self.machine.position = len(self.machine.output)

    def shows(self, pattern, timeout=30, accepts=bool):
        """Waits until the screen has a place that matches, and `accepts` the match; returns it."""
        compiled = re.compile(pattern)
        limit = time.monotonic() + timeout * PATIENCE
        while True:
            self.screen.update()
            found = compiled.search(self.screen.text())
            if found and accepts(found):
                return found
            if time.monotonic() > limit:
                raise Timeout(f"the screen never shows {pattern!r}, but\n{self.screen.text()}")
            self._wait_for_output(0.1)

    def at_prompt(self, pattern="", timeout=60):
        """Waits until the screen shows the pattern and ends with the shell's prompt."""
        if pattern:
            self.shows(pattern, timeout)
        return self.shows(AT_PROMPT, timeout)

    def command(self, text, pattern="", timeout=60):
        """A line, the next prompt, and then what the screen must show."""
        self.machine.position = len(self.machine.output)
        self.line(text)
        self.prompt(timeout)
        if pattern:
            self.shows(pattern)

    def settle(self):
        """Waits until nothing came for a moment."""
        last = time.monotonic()
        while time.monotonic() - last < QUIET * PATIENCE:
            self._wait_for_output(0.1)
            if self.screen.update():
                last = time.monotonic()

    def picture(self, name, *masks, timeout=30):
        """The screen as it stands, with each (regular expression, text) of masks replaced.

        On Linux it is kept; on Aegis it has to become what Linux's was.
        """
        if self.is_oracle:
            self.settle()
            self.pictures[name] = self._masked(masks)
            return
        wanted, limit = self.expected.get(name), time.monotonic() + timeout * PATIENCE
        while True:
            self.screen.update()
            seen = self._masked(masks)
            if seen == wanted:
                return
            if time.monotonic() > limit:
                difference = difflib.unified_diff((wanted or "").splitlines(), seen.splitlines(),
                                                  "Linux", "Aegis", n=2, lineterm="")
                raise Failure(f"the picture {name} differs:\n" + "\n".join(difference))
            self._wait_for_output(0.1)

    def _masked(self, masks):
        text = self.screen.picture()
        for pattern, replacement in masks:
            text = re.sub(pattern, replacement, text)
        return text

    def _wait_for_output(self, seconds):
        if not self.machine.wait_for_output(seconds):
            raise Failure("the machine has ended; the last lines were\n" + self.machine.tail())


def load_tests():
    """[(name, image, function)] of test/terminal/*.py: functions called test_*, attribute image."""
    tests = []
    for path in sorted(glob.glob(os.path.join(ROOT, "test", "terminal", "*.py"))):
        name = os.path.splitext(os.path.basename(path))[0]
        spec = importlib.util.spec_from_file_location(f"terminal_{name}", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module		# where inspect looks for it
        spec.loader.exec_module(module)
        for key, function in vars(module).items():
            if key.startswith("test_"):
                tests.append((f"{name}.{key[5:]}", module.IMAGE, function))
    return tests


def sources(function):
    """The texts that decide about a test's pictures: it, what its file has besides tests, and what drives it."""
    module = inspect.getmodule(function)
    rest = inspect.getsource(module)
    for key, other in vars(module).items():
        if key.startswith("test_"):
            rest = rest.replace(inspect.getsource(other), "")
    here = os.path.dirname(os.path.abspath(__file__))
    drivers = [os.path.join(here, name) for name in ("terminal.py", "screen.py")]
    return [inspect.getsource(function), rest, *map(sha256, drivers)]


def linux_results(context, image, tests):
    """{test: {"error": text or None, "pictures": {name: text}}} on Linux, each kept when it does not fail."""
    kernel, version = linux.linux_kernel(context.arch)
    archive = sha256(images.image(image, context.arch))
    keys, results = {}, {}
    for name, _, function in tests:
        keys[name] = "terminal-" + text_hash(name, archive, version, *sources(function))
        known = oracle.memory.recall(keys[name])
        if known:
            results[name] = json.loads(known)

    def keep(name, person, error):
        results[name] = {"error": error, "pictures": person.pictures if person else {}}
        if not error:
            oracle.memory.keep(keys[name], json.dumps(results[name], indent=0))

    missing = [test for test in tests if test[0] not in results]
    if missing:
        say(f"{len(missing)} terminal tests of {image} on Linux (once; the pictures are kept)")
        run_on(context, (kernel, linux.WORDS), image, missing, None, keep)
    return results


def run(context, report):
    """Every test on Linux, then on Aegis, all tests of an image in one boot.

    What fails on Linux is a defect of the test, and says nothing about Aegis.
    """
    tests = [test for test in load_tests() if test[0].startswith(context.only)]
    if not tests:
        raise Failure(f"no test of test/terminal begins with {context.only}")
    for image in sorted({t[1] for t in tests}):
        chosen = [t for t in tests if t[1] == image]
        expected = linux_results(context, image, chosen)
        for name, result in expected.items():
            if result["error"]:
                report.not_ok(f"terminal on Linux {name}", result["error"])
        run_on(context, (context.kernel(), ""), image, [t for t in chosen if not expected[t[0]]["error"]], expected,
               lambda name, person, error: report.check(f"terminal {name}", error is None, error or ""))


def run_on(context, kernel, image, tests, expected, done):
    """Runs tests one after another; a test that fails gets the next one a fresh machine.

    `kernel`: its path and what its command line has besides.
    """
    kernel, words = kernel
    left = list(tests)
    while left:
        try:
            machine = Machine(kernel, initrd=images.image(image, context.arch), arch=context.arch,
                              append=f"quiet {words} aegis.term=xterm aegis.rows=24 aegis.columns=80", smp=4, memory=1024)
            with machine:
                Person(machine, {}).prompt(90)
                left = run_batch(machine, left, expected, done)
        except Failure as failure:
            for name, _, _ in left:
                done(name, None, f"no prompt: {failure}")
            return


def run_batch(machine, tests, expected, done):
    """Runs tests until one fails; returns those that are left."""
    for index, (name, _, function) in enumerate(tests):
        pictures = None if expected is None else expected.get(name, {}).get("pictures", {})
        person = Person(machine, pictures)
        error = None
        try:
            person.begin()
            function(person)
        except (Failure, AssertionError) as failure:
            error = str(failure) or "an assertion of the test"
        done(name, person, error)
        if error:
            return tests[index + 1:]
    return []
