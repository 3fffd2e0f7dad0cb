"""What the checkers share: the files of the tree, and C text with comments and strings told apart."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def files(*endings, under=("kernel", "test", "bench", "abi")):
    """The tracked and new files (not ignored ones) below some folders, relative to the root."""
    try:
        text = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *under], cwd=ROOT,
                              capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        text = [os.path.relpath(os.path.join(base, name), ROOT) for folder in under
                for base, _, names in sorted(os.walk(os.path.join(ROOT, folder))) for name in sorted(names)]
    return [f for f in text if f.endswith(endings) and os.path.isfile(os.path.join(ROOT, f))]


def read(path):
    """The text of a file of the tree."""
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def split(text):
    """(code, comments): code of equal shape with comments and strings blanked; [(line, comment)]."""
    comments = []
    at = 0
    parts = []
    for match in TOKEN.finditer(text):
        piece = match.group(0)
        parts.append(text[at:match.start()])
        if piece.startswith("/"):
            comments.append((text.count("\n", 0, match.start()) + 1, piece))
            parts.append(re.sub(r"[^\n]", " ", piece))
        else:
            parts.append(piece[0] + re.sub(r"[^\n]", "_", piece[1:-1]) + piece[-1])
        at = match.end()
    parts.append(text[at:])
    return "".join(parts), comments


def functions(code):
    """[(first line, last line, signature, body)] of functions whose braces stand in column 0."""
    lines = code.split("\n")
    found = []
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{" and start is None:
            start = number
        elif line.startswith("}") and start is not None:
            head = start - 1
            while head > 0 and lines[head - 1].strip() and not lines[head - 1].rstrip().endswith(("}", ";")) \
                    and not lines[head - 1].startswith("#"):
                head -= 1
            found.append((start, number, " ".join(lines[head:start - 1]), lines[start - 1:number]))
            start = None
    return found


class Findings:
    """Collects complaints as file:line: rule: text."""

    def __init__(self):
        self.lines = []

    def add(self, path, line, rule, text):
        self.lines.append(f"{path}:{line}: {rule}: {text}")
