#!/usr/bin/env python3
"""Comments: a head in every file; no diary, banner, to-do, commented-out code or #if 0."""
import re
import sys

from check_source import Findings, files, read, split

DIARY = re.compile(r"\b(used to be|no longer|previously|formerly|was changed|recently|for the moment|"
                   r"for now|temporar(?:y|ily) (?:hack|fix|workaround)|old version|new version|legacy code|"
                   r"in a later (?:phase|step)|phase \d|hack(?:ish|y)?)\b", re.I)
TODO = re.compile(r"\b(TODO|FIXME|XXX+|HACK|TBD)\b")
BANNER = re.compile(r"[-=*#~_/+]{6,}")
CODE = re.compile(r"^\s*(?:if \(.*\)|for \(.*;.*|while \(.*\)|return\b.*;|[\w>.\-\[\]]+ = .*;|"
                  r"#\s*(?:define|include|if)\b.*|[a-z_]+\([^)]*\);|\}|\{)\s*$")


def check_comment(findings, path, line, comment):
    """The rules for one comment."""
    if TODO.search(comment):
        findings.add(path, line, "no-todo", TODO.search(comment).group(0))
    if DIARY.search(comment):
        findings.add(path, line, "no-diary", DIARY.search(comment).group(0))
    if BANNER.search(comment.strip("/* \t\n")) and "|" not in comment:
        findings.add(path, line, "no-banner", BANNER.search(comment.strip("/* \t\n")).group(0)[:20])
    body = [l.strip(" \t*/") for l in comment.strip("/*").split("\n")]
    body = [l for l in body if l]
    raw = [re.sub(r"^\s*(/\*+|\*/|//|\*)?\s?", "", l).rstrip("*/ ") for l in comment.split("\n")]
    looks = [l for l in raw if l.strip() and CODE.match(l)]
    if body and len(looks) == len([l for l in raw if l.strip()]):
        findings.add(path, line, "no-dead-code", looks[0].strip()[:60])


def check_head(findings, path, text, comments):
    """A file begins with a comment of at most a handful of lines."""
    if path.endswith((".c", ".h", ".S")):
        if not comments or text[:2] not in ("/*", "//"):
            findings.add(path, 1, "file-head", "the file does not begin with a comment")
    elif path.endswith(".py"):
        if not re.match(r'(#![^\n]*\n)?(#[^\n]*\n)*"""', text):
            findings.add(path, 1, "file-head", "the file does not begin with a docstring")


def check(findings):
    for path in files(".c", ".h", ".S"):
        text = read(path)
        code, comments = split(text)
        check_head(findings, path, text, comments)
        for line, comment in comments:
            check_comment(findings, path, line, comment)
        for number, line in enumerate(code.split("\n"), 1):
            if re.match(r"\s*#\s*if\s+0\b", line):
                findings.add(path, number, "no-dead-code", "#if 0")
    for path in files(".py", under=("tools", "test")):
        check_head(findings, path, read(path), None)


if __name__ == "__main__":
    result = Findings()
    check(result)
    print("\n".join(result.lines))
    sys.exit(1 if result.lines else 0)
