"""What more CPUs bring: computing, and storms of forks, mappings and opens, on one CPU and on four.

Four processes do the same at once. Both kernels and both sizes of machine take turns, and the best
of several boots counts, because other work on the host only ever takes time away. Then each storm
is sampled, to see whether the CPUs wait for locks.
"""
import os
import re
import tempfile

from . import bench, profile
from .common import BUILD, say

CPUS = 4
# (what, least gain that is asked for): a host with two cores can give two.
WANTED = {"compute": 1.7, "open": 1.0, "fork": 1.0, "mmap": 1.0}
STORMS = ("open", "fork", "mmap")
STORM_SECONDS = 6
# More of the busy time than this spent in waiting for locks counts as a top cost.
LOCK_LIMIT = 0.05
SHOWN = 8


def measure(kernels, boots, arch):
    """{kernel: {(row, cpus): best}}."""
    path = bench.initrd("--wall", " ".join(f"scale_{what}_1 scale_{what}_4" for what in WANTED),
                        arch)
    best = {name: {} for name in kernels}
    try:
        for number in range(boots):
            for name, kernel in kernels.items():
                for cpus in (1, CPUS):
                    say(f"scaling, boot {number + 1} of {boots}, {name} on {cpus} CPU{'s' * (cpus > 1)}")
                    words = bench.LINUX_WORDS if name == "Linux" else "quiet"
                    text = bench.boot(kernel, path, words, cpus, (), 300, arch=arch)
                    for row, (value, _) in bench.rows_of(text).items():
                        if value is not None:
                            best[name][row, cpus] = max(value, best[name].get((row, cpus), 0.0))
    finally:
        os.unlink(path)
    return best


def gain(values, what):
    """How many times as much four processes do on four CPUs as on one; None: not measured."""
    one, four = values.get((f"scale_{what}_4", 1)), values.get((f"scale_{what}_4", CPUS))
    return four / one if one and four else None


def show(best):
    """The table, and the verdicts: [(text, whether it holds)]."""
    print(f"\nScaling: operations per second of all processes\n{'':10}{'kernel':8}{'4 at once,':>14}"
          f"{'1 alone,':>14}{'4 at once,':>14}{'gain':>7}\n{'':18}{'1 CPU':>14}{'4 CPUs':>14}{'4 CPUs':>14}")
    verdicts = []
    for what, least in WANTED.items():
        for name, values in best.items():
            numbers = [values.get(key) for key in ((f"scale_{what}_4", 1), (f"scale_{what}_1", CPUS),
                                                   (f"scale_{what}_4", CPUS))]
            ratio = gain(values, what)
            print(f"{what:10}{name:8}" + "".join(f"{bench.show(n):>14}" for n in numbers) +
                  (f"{ratio:7.2f}" if ratio else "      -"))
        values = best.get("Aegis")
        if values is None:
            continue
        ratio = gain(values, what)
        verdicts.append((f"{what}: {ratio or 0:.2f} times as fast on four CPUs as on one, "
                         f"at least {least} is wanted", bool(ratio) and ratio >= least))
        alone, together = values.get((f"scale_{what}_1", CPUS)), values.get((f"scale_{what}_4", CPUS))
        if what in STORMS:
            verdicts.append((f"{what}: four at once do no less than one alone on four CPUs",
                             bool(alone and together) and together >= alone))
    return verdicts


def profile_storm(kernel, symbols, what, arch="x86_64"):
    """(samples by function, what /proc/aegis/locks says afterwards) of one storm."""
    path = bench.initrd(f"--seconds {STORM_SECONDS}", f"scale_{what}_4", arch)
    counts = {}
    with tempfile.TemporaryDirectory(prefix="stub") as folder:
        def watch(process, printed):
            counts[what] = profile.sample(profile.stub_path(folder), symbols, CPUS,
                                          lambda: "== bench begins" in printed(),
                                          lambda: process.poll() is not None or "== bench ends" in printed(), arch)

        try:
            text = bench.boot(kernel, path, "quiet", CPUS, profile.stub_options(folder), 180, watch, arch)
        finally:
            os.unlink(path)
    locks = re.findall(r"^LOCK_(\S+) waits (\d+) rounds (\d+) sleeps (\d+)$", text, re.M)
    return counts.get(what), sorted(locks, key=lambda lock: -int(lock[2]))


def profile_all(kernel, arch):
    """Prints a profile of each storm; the verdicts about locks."""
    symbols, verdicts = profile.Symbols(kernel), []
    for what in STORMS:
        say(f"sampling a storm: {what}")
        counts, locks = profile_storm(kernel, symbols, what, arch)
        total = sum(counts.values()) if counts else 0
        print(f"\nStorm of {what}: {total} samples")
        if not total:
            verdicts.append((f"{what}: the storm was not sampled", False))
            continue
        for name, count in counts.most_common(SHOWN):
            print(f"  {100 * count / total:5.1f} %  {name}")
        for name, waits, rounds, sleeps in locks[:3]:
            print(f"  waited for {name.lower()}: {waits} times, {rounds} looks, {sleeps} sleeps")
        share = profile.lock_share(counts)
        verdicts.append((f"{what}: {100 * share:.1f} % of the busy time waits for locks, at most "
                         f"{100 * LOCK_LIMIT:.0f} % is no top cost", share <= LOCK_LIMIT))
    return verdicts


def main(kernels, boots, arch):
    """The tables and the verdicts; 1 when one does not hold."""
    os.makedirs(BUILD, exist_ok=True)
    verdicts = show(measure(kernels, boots, arch))
    if "Aegis" in kernels:
        verdicts += profile_all(kernels["Aegis"], arch)
    print()
    for text, holds in verdicts:
        print(f"{'holds' if holds else 'FAILS'}  {text}")
    return 0 if all(holds for _, holds in verdicts) else 1
