#!/usr/bin/env python3
"""Generates the system-call dispatch, its documents and test material from the tables in abi/.

One line of abi/syscalls.tbl declares a call; see the head of that file for the columns. Output:
  capability_rights.h   enum capability_right and the names' count
  capability_names.c    names of the rights
  call_prototypes.h     prototypes of the handlers sys_*()
  call_stubs.c          typed stubs, the table call_table[], and names from abi/missing.tbl
  call_numbers.h        CALL_* numbers of this CPU
  call_grammar.json     what the fuzzer and the deny matrix read, with abi/values.tbl
A call with an argument of type `command` does as many things as abi/NAMEs.tbl has lines: each gets
a stub of its own, a name in traces, and its place in the documents and the grammar.
  doc/syscalls.md, doc/capabilities.md, doc/values.md
"""
import argparse
import json
import pathlib
import re
import sys

from generate_values import ValuesError, check_values, parse_values, values_grammar, write_values

SCALARS = {
    "int": "int", "uint": "unsigned", "long": "long", "ulong": "unsigned long", "size": "size_t",
    "offset": "int64_t", "position": "int64_t", "address": "user_address_t", "mode": "uint16_t", "flags": "unsigned",
    "signal": "int", "fd": "int", "dirfd": "int", "command": "unsigned", "zero": "unsigned long",
}
FORMATS = {
    "int": "d", "uint": "u", "long": "D", "ulong": "X", "size": "U", "offset": "D", "position": "D",
    "address": "p", "mode": "o", "flags": "x", "signal": "g", "fd": "f", "dirfd": "a",
    "command": "c", "zero": "D",
}


class TableError(Exception):
    """A line of a table that cannot be understood."""


class Argument:
    """One argument of a call: name, type word, and what the type says."""

    def __init__(self, text, where, index):
        match = re.fullmatch(r"(\w+):(.+?)(?:@(\d))?", text)
        if not match:
            raise TableError(f"{where}: argument {text!r} is not name:type")
        self.name, self.type = match.group(1), match.group(2).strip()
        self.index = int(match.group(3) or index)
        self.struct = self.count = self.error = None
        self.optional = False
        self.rights = ""
        self.kind = self._classify(where)

    def _classify(self, where):
        if self.type in SCALARS:
            return "scalar"
        match = re.fullmatch(r"file(\+[rwp])?", self.type)
        if match:
            self.rights = (match.group(1) or "")[1:]
            return "file"
        if self.type in ("path", "path?"):
            self.optional = self.type.endswith("?")
            return "path"
        match = re.fullmatch(r"(in|out) (bytes|vectors)\[(\w+)\]", self.type)
        if match:
            self.count = match.group(3)
            self.is_write = match.group(1) == "in"
            return match.group(2)
        match = re.fullmatch(r"(inout|in|out)(?:=(\w+))?(\?)? ((?:struct )?\w+)", self.type)
        if match:
            self.error, self.struct = match.group(2), match.group(4)
            self.optional = bool(match.group(3))
            return match.group(1)
        raise TableError(f"{where}: unknown type {self.type!r}")

    def parameter(self):
        """The handler's parameter for this argument."""
        if self.kind == "scalar":
            return f"{SCALARS[self.type]} {self.name}"
        if self.kind == "file":
            return f"struct file *{self.name}"
        if self.kind == "path":
            return f"const char *{self.name}"
        if self.kind in ("bytes", "vectors"):
            return f"struct transfer *{self.name}"
        const = "const " if self.kind == "in" else ""
        return f"{const}{self.struct} *{self.name}"

    def trace_format(self):
        """One letter that says how a trace prints the raw argument."""
        if self.kind == "scalar":
            return FORMATS[self.type]
        if self.kind == "bytes" and self.is_write:
            return "b"
        return {"file": "f", "path": "s"}.get(self.kind, "p")


class Call:
    """One line of syscalls.tbl, or of a table of commands."""

    def __init__(self, numbers, name, needs, arguments, summary, reason, where):
        self.numbers, self.name, self.summary, self.reason = numbers, name, summary, reason
        self.arguments = arguments
        self.handler = f"sys_{name}"
        self.commands = []
        self.otherwise = None   # the error of a command that is not listed
        self.is_dynamic = needs.startswith("dynamic(")
        rights = needs[8:-1] if self.is_dynamic else needs
        self.rights = [] if rights == "-" else rights.split(",")
        counts = {a.count for a in arguments if a.count}
        names = {a.name for a in arguments}
        if counts - names:
            raise TableError(f"{where}: count {counts - names} is no argument")
        if not self.rights and not self.is_dynamic and not reason:
            raise TableError(f"{where}: {name} needs nothing and no '# nothing:' comment says why")
        if len(arguments) > 6:
            raise TableError(f"{where}: {name} has more than six arguments")
        self.counts = counts

    def passed(self):
        """Arguments that reach the handler: counts went into their transfer."""
        return [a for a in self.arguments if a.name not in self.counts and a.type != "zero"]

    def command_argument(self):
        """The argument that says which command is meant, or None."""
        return next((a for a in self.arguments if a.type == "command"), None)


def parse_arguments(text, where):
    """The arguments of a line; `-` holds the place of one that nobody looks at."""
    words = [w for w in re.split(r"\s{2,}", text.strip()) if w]
    return [Argument(w, where, i) for i, w in enumerate(words) if w != "-"]


def table_lines(path):
    """(where, reason, line) of each line that declares something: the reason is that of its group."""
    reason = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip():
            reason = ""
        if line.startswith("# nothing:"):
            reason = line[len("# nothing:"):].strip()
        if line.strip() and not line.startswith("#"):
            yield f"{path}:{number}", reason, line


def parse_commands(call, path):
    """Reads the table of a call's commands; a handler of `-`: the file's own control operation."""
    commands, seen = [], {}
    for where, reason, line in table_lines(path):
        if line.startswith("else "):
            call.otherwise = line.split()[1]
            continue
        match = re.fullmatch(r'\s*(\w+)\s+(\w+)\s+(\w+|-)\s+(\S+)\s*(.*?)\s*"(.*)"', line)
        if not match:
            raise TableError(f"{where}: not a command line")
        number, name, handler, needs, arguments, summary = match.groups()
        command = Call((number, number), name, needs, parse_arguments(arguments, where), summary,
                       reason, where)
        command.number = int(number, 0)
        command.handler = None if handler == "-" else handler
        if command.number in seen:
            raise TableError(f"{where}: {number} is {seen[command.number]}'s")
        seen[command.number] = name
        commands.append(command)
    for command in commands:
        for other in commands:
            if command.handler and command.handler == other.handler and \
                    [(a.index, a.type) for a in command.arguments] != \
                    [(a.index, a.type) for a in other.arguments]:
                raise TableError(f"{path}: {command.name} and {other.name} differ in arguments")
    call.commands = sorted(commands, key=lambda c: c.number)


def parse_calls(path, arch):
    """Reads syscalls.tbl; returns the calls that this CPU has."""
    calls = []
    column = {"x86_64": 0, "host": 0, "aarch64": 1}[arch]
    for where, reason, line in table_lines(path):
        match = re.fullmatch(r'\s*(\d+|-)\s+(\d+|-)\s+(\w+)\s+(\S+)\s*(.*?)\s*"(.*)"', line)
        if not match:
            raise TableError(f"{where}: not a call line")
        numbers = match.group(1, 2)
        call = Call(numbers, match.group(3), match.group(4), parse_arguments(match.group(5), where),
                    match.group(6), reason, where)
        call.number = numbers[column]
        if call.command_argument():
            parse_commands(call, path.parent / f"{call.name}s.tbl")
        calls.append(call)
    seen = {}
    for call in calls:
        for index in (0, 1):
            if call.numbers[index] == "-":
                continue
            key = (index, call.numbers[index])
            if key in seen:
                raise TableError(f"{path}: number {key[1]} of {call.name} is {seen[key]}'s")
            seen[key] = call.name
    return [c for c in calls if c.number != "-"], calls


def parse_missing(path, arch, all_calls):
    """Reads missing.tbl; returns (number, name) of the calls that this CPU's Linux has and Aegis has not."""
    column = {"x86_64": 0, "host": 0, "aarch64": 1}[arch]
    seen = {(index, call.numbers[index]) for call in all_calls for index in (0, 1)}
    missing = []
    for where, _, line in table_lines(path):
        match = re.fullmatch(r"\s*(\d+|-)\s+(\d+|-)\s+(\w+)\s*", line)
        if not match:
            raise TableError(f"{where}: not two numbers and a name")
        for key in enumerate(match.group(1, 2)):
            if key[1] != "-" and key in seen:
                raise TableError(f"{where}: {match.group(3)} has a number that is taken")
            seen.add(key)
        if match.group(column + 1) != "-":
            missing.append((match.group(column + 1), match.group(3)))
    return missing


def parse_rights(path):
    """Reads capabilities.tbl: [(kind, right, is_total, scope)]."""
    rights = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = re.fullmatch(r'(\w+)\s+([\w! ]+?)\s+"(.*)"', line)
        if not match:
            raise TableError(f"{path}:{number}: not a line of rights")
        for right in match.group(2).split():
            rights.append((match.group(1), right.rstrip("!"), right.endswith("!"),
                           match.group(3)))
    return rights


def right_constant(right):
    return "CAPABILITY_" + right.upper().replace(".", "_")


class StubWriter:
    """Writes the body of one stub: each argument is resolved in order, undone in reverse."""

    def __init__(self, call):
        self.call = call
        self.index = {a.name: a.index for a in call.arguments}
        self.lines, self.undo, self.actual = [], [], []
        self.uses_fail = False

    def raw(self, name):
        return f"frame_argument(frame, {self.index[name]})"

    def fail(self, condition, error):
        label = self.undo[-1][0] if self.undo else None
        if label:
            self.lines += [f"\tif ({condition}) {{", f"\t\tresult = {error};",
                           f"\t\tgoto {label};", "\t}"]
        else:
            self.lines += [f"\tif ({condition})", f"\t\treturn {error};"]

    def add_undo(self, name, statement):
        self.undo.append((f"undo_{name}", statement))

    def scalar(self, argument):
        self.actual.append(f"({SCALARS[argument.type]}){self.raw(argument.name)}")

    def file(self, argument):
        name = argument.name
        allowed = "true" if argument.rights == "p" else "false"
        self.lines.append(f"\tstruct file_reference {name} = "
                          f"descriptor_borrow((int){self.raw(name)}, {allowed});\n")
        self.fail(f"!{name}.file", "-EBADF")
        self.add_undo(name, f"descriptor_return({name});")
        if argument.rights in ("r", "w"):
            mode = {"r": "FILE_READ", "w": "FILE_WRITE"}[argument.rights]
            self.fail(f"!({name}.file->mode & {mode})", "-EBADF")
        self.actual.append(f"{name}.file")

    def path(self, argument):
        name = argument.name
        optional = "true" if argument.optional else "false"
        self.lines.append(f"\tchar *{name};")
        self.lines.append(f"\tint {name}_result = call_path_get(&{name}, "
                          f"{self.raw(name)}, {optional});\n")
        self.fail(f"unlikely({name}_result < 0)", f"{name}_result")
        self.add_undo(name, f"call_path_put({name});")
        self.actual.append(name)

    def bytes(self, argument):
        name = argument.name
        write = "true" if argument.is_write else "false"
        self.lines.append(f"\tstruct transfer {name};\n")
        address, count = self.raw(name), self.raw(argument.count)
        self.fail(f"unlikely(!user_range_is_valid({address}, {count}))", "-EFAULT")
        self.lines.append(f"\ttransfer_init_user(&{name}, {write}, {address}, {count});")
        self.actual.append(f"&{name}")

    def vectors(self, argument):
        name = argument.name
        write = "true" if argument.is_write else "false"
        self.lines.append(f"\tstruct transfer_vector {name}_cache[8];")
        self.lines.append(f"\tstruct transfer {name};")
        self.lines.append(f"\tint {name}_result = transfer_init_vectors(&{name}, {write}, "
                          f"{self.raw(name)},\n\t\t{self.raw(argument.count)}, {name}_cache);\n")
        self.fail(f"unlikely({name}_result < 0)", f"{name}_result")
        self.add_undo(name, f"transfer_release(&{name});")
        self.actual.append(f"&{name}")

    def structure(self, argument):
        name, raw = argument.name, self.raw(argument.name)
        self.lines.append(f"\t{argument.struct} {name};")
        self.lines.append(f"\tstatic_assert(sizeof({name}) <= 256, \"too large for the stack\");\n")
        if argument.kind == "out":
            self.lines.append(f"\tmemset(&{name}, 0, sizeof({name}));")
        else:
            present = f"{raw} != 0 && " if argument.optional else ""
            self.fail(f"{present}user_copy_in(&{name}, {raw}, sizeof({name})) != 0", "-EFAULT")
        self.actual.append(f"{raw} ? &{name} : NULL" if argument.optional else f"&{name}")

    def copies_out(self):
        for argument in self.call.arguments:
            if argument.kind not in ("out", "inout"):
                continue
            name, raw = argument.name, self.raw(argument.name)
            condition = f"result == -{argument.error}" if argument.error else "result >= 0"
            if argument.optional:
                condition += f" && {raw} != 0"
            self.lines += [f"\tif ({condition} && user_copy_out({raw}, &{name}, sizeof({name})) "
                           "!= 0)", "\t\tresult = -EFAULT;"]

    def choose(self):
        """What goes to the stubs of single commands; everything else is left to the handler."""
        stubs = {}
        for command in self.call.commands:
            if command.handler:
                stubs.setdefault(command.handler, []).append(command)
        lines = []
        for handler, commands in stubs.items():
            lines += [f"\tcase {c.number:#x}:\t\t/* {c.name} */" for c in commands]
            lines.append(f"\t\treturn stub_{handler}(frame);")
        if lines:
            command = self.call.command_argument()
            lines = [f"\tswitch ((unsigned){self.raw(command.name)}) {{"] + lines + \
                ["\tdefault:", "\t\tbreak;", "\t}"]
        return lines

    def write(self):
        """Returns the stub's text."""
        order = {"in": "structure", "out": "structure", "inout": "structure"}
        checks = self.choose()
        if self.call.rights and not self.call.is_dynamic:
            for right in self.call.rights:
                kind = "capability_require_file" if right.startswith("file.") \
                    else "capability_require"
                checks += [f"\tresult = {kind}({right_constant(right)});",
                           "\tif (unlikely(result < 0))", "\t\treturn result;"]
        for argument in self.call.arguments:
            if argument.type == "position":
                checks += [f"\tif (unlikely((int64_t){self.raw(argument.name)} < 0))",
                           "\t\treturn -EINVAL;"]
            if argument.type == "zero":
                checks += [f"\tif (unlikely({self.raw(argument.name)} != 0))",
                           "\t\treturn -EINVAL;"]
        for argument in self.call.passed():
            getattr(self, order.get(argument.kind, argument.kind))(argument)
        if self.call.is_dynamic:
            self.lines += ["\tif (DEBUG_BUILD)", "\t\tcapability_question_open();"]
        if self.call.otherwise:
            self.lines.append(f"\tresult = -{self.call.otherwise};")
        else:
            self.lines.append(f"\tresult = {self.call.handler}({', '.join(self.actual)});")
        if self.call.is_dynamic:
            self.lines += ["\tif (DEBUG_BUILD)",
                           f'\t\tcapability_question_close("{self.call.name}", result);']
        self.copies_out()
        for label, statement in reversed(self.undo):
            used = any(f"goto {label};" in line for line in self.lines)
            self.lines += ([f"{label}:"] if used else []) + [f"\t{statement}"]
        unused = [] if any("frame_argument" in line for line in self.lines) else ["\t(void)frame;"]
        head = [f"static long stub_{self.call.handler}(const struct frame *frame)", "{",
                "\tlong result;\n"]
        return "\n".join(head + unused + checks + self.lines + ["\treturn result;", "}"]) + "\n"


HEADER = "/* Generated by tools/generate_calls.py from the tables in abi/. */\n"


def write_rights(rights, out):
    names = [f"{kind}.{right}" for kind, right, _, _ in rights]
    lines = [HEADER, "#ifndef CAPABILITY_RIGHTS_H", "#define CAPABILITY_RIGHTS_H", "",
             "enum capability_right {"]
    lines += [f"\t{right_constant(n)}," for n in names]
    lines += ["\tCAPABILITY_RIGHT_COUNT,", "};", "", "#endif", ""]
    (out / "capability_rights.h").write_text("\n".join(lines))
    lines = [HEADER, '#include "capability/capability.h"', '#include "capability/internal.h"', "",
             "const char *const capability_right_names[CAPABILITY_RIGHT_COUNT] = {"]
    lines += [f'\t[{right_constant(n)}] = "{n}",' for n in names]
    lines += ["};", ""]
    (out / "capability_names.c").write_text("\n".join(lines))


def handled_commands(calls):
    """One command for each handler that a table of commands names."""
    found = {}
    for call in calls:
        for command in call.commands:
            if command.handler:
                found.setdefault(command.handler, command)
    return list(found.values())


def write_prototypes(calls, out):
    """Of all CPUs' calls: a handler that this CPU has no number for is compiled all the same."""
    calls = [*calls, *handled_commands(calls)]
    structs = sorted({a.struct for c in calls for a in c.arguments
                      if a.struct and a.struct.startswith("struct ")})
    lines = [HEADER, "#ifndef CALL_PROTOTYPES_H", "#define CALL_PROTOTYPES_H", "",
             '#include "base/types.h"', '#include "task/signal.h"', "",
             "struct file;", "struct transfer;"] + [f"{s};" for s in structs] + [""]
    seen = set()
    for call in (c for c in calls if not c.otherwise):
        if call.handler in seen:
            continue
        seen.add(call.handler)
        parameters = ", ".join(a.parameter() for a in call.passed()) or "void"
        lines.append(f"long {call.handler}({parameters});")
    lines += ["", "#endif", ""]
    (out / "call_prototypes.h").write_text("\n".join(lines))


def write_stubs(calls, missing, out):
    lines = [HEADER, '#include "syscall/stub.h"', '#include "call_prototypes.h"', ""]
    lines += [StubWriter(call).write() for call in [*handled_commands(calls), *calls]]
    for call in calls:
        if call.commands:
            lines.append(f"static const struct call_command commands_{call.name}[] = {{")
            lines += [f'\t{{ {c.number:#x}, "{c.name}" }},' for c in call.commands]
            lines.append("};")
        names = ", ".join(f'"{a.name}"' for a in call.arguments)
        if names:
            lines.append(f"static const char *const names_{call.name}[] = {{ {names} }};")
    lines += ["", "const struct call_entry call_table[] = {"]
    for call in sorted(calls, key=lambda c: int(c.number)):
        formats = "".join(a.trace_format() for a in call.arguments)
        names = f"names_{call.name}" if call.arguments else "NULL"
        index = f"CALL_INDEX({call.number})"
        commands = f", commands_{call.name}, {len(call.commands)}" if call.commands else ""
        lines.append(f'\t[{index}] = {{ stub_{call.handler}, "{call.name}", "{formats}", {names}'
                     f"{commands} }},")
    lines += ["};", "", "const unsigned call_table_size = "
              "sizeof(call_table) / sizeof(call_table[0]);", ""]
    lines += ["const struct call_name call_names_missing[] = {"]
    lines += [f'\t{{ {number}, "{name}" }},' for number, name in missing]
    lines += ["\t{ -1, NULL },", "};", ""]
    (out / "call_stubs.c").write_text("\n".join(lines))


def write_numbers(calls, out):
    lines = [HEADER, "#ifndef CALL_NUMBERS_H", "#define CALL_NUMBERS_H", ""]
    lines += [f"#define CALL_{c.name} {c.number}" for c in calls]
    linux = [int(c.number) for c in calls if int(c.number) < 1024]
    lines += ["", f"#define CALL_LINUX_LIMIT {max(linux) + 1}", "#define CALL_AEGIS_FIRST 1024",
              "", "#endif", ""]
    (out / "call_numbers.h").write_text("\n".join(lines))


def grammar_of(call):
    """A call or command as the fuzzer and the deny matrix read it."""
    entry = {"name": call.name, "number": int(call.number), "rights": call.rights,
             "dynamic": call.is_dynamic, "arguments":
             [{"name": a.name, "kind": a.kind, "type": a.type, "struct": a.struct,
               "optional": a.optional, "count": a.count, "rights": a.rights, "index": a.index}
              for a in call.arguments]}
    if call.commands:
        entry["commands"] = [grammar_of(command) for command in call.commands]
    return entry


def write_grammar(calls, rights, sets, out):
    grammar = {"calls": [grammar_of(call) for call in calls],
               "rights": [f"{kind}.{right}" for kind, right, _, _ in rights],
               "values": values_grammar(sets, calls)}
    (out / "call_grammar.json").write_text(json.dumps(grammar, indent=1) + "\n")


def document_line(call, numbers):
    """A row of a table in syscalls.md."""
    needs = ", ".join(call.rights) or f"nothing: {call.reason}"
    if call.is_dynamic:
        needs = f"by its arguments: {needs}"
    arguments = ", ".join(f"{a.name}: {a.type}" for a in call.arguments)
    return f"| `{call.name}` | {' | '.join(numbers)} | {needs} | {arguments} | {call.summary} |"


def write_documents(all_calls, rights, out):
    lines = ["# System calls", "", "Generated from `abi/syscalls.tbl`. Every call, its numbers on "
             "both CPUs, what it needs, and what it does.", "",
             "| call | x86_64 | aarch64 | needs | arguments | what it does |", "|---|--:|--:|---|---|---|"]
    lines += [document_line(c, c.numbers) for c in sorted(all_calls, key=lambda c: c.name)]
    for call in all_calls:
        if call.commands:
            lines += ["", f"## Commands of `{call.name}`", "", f"Generated from `abi/{call.name}s.tbl`.",
                      "", "| command | number | needs | arguments | what it does |",
                      "|---|--:|---|---|---|"]
            lines += [document_line(c, (f"{c.number:#x}",)) for c in call.commands]
    (out / "syscalls.md").write_text("\n".join(lines) + "\n")
    lines = ["# Capabilities", "", "Generated from `abi/capabilities.tbl` and `abi/syscalls.tbl`.",
             "", "| right | scope | calls that ask for it |", "|---|---|---|"]
    for kind, right, total, scope in rights:
        name = f"{kind}.{right}"
        users = ", ".join(f"`{c.name}`" for c in all_calls if name in c.rights)
        mark = " (total authority)" if total else ""
        lines.append(f"| `{name}`{mark} | {scope} | {users} |")
    (out / "capabilities.md").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--abi", type=pathlib.Path, required=True, help="folder of the tables")
    parser.add_argument("--arch", required=True, choices=["x86_64", "aarch64", "host"])
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write to")
    options = parser.parse_args()
    documents = options.out / "doc"
    documents.mkdir(parents=True, exist_ok=True)
    try:
        calls, all_calls = parse_calls(options.abi / "syscalls.tbl", options.arch)
        missing = parse_missing(options.abi / "missing.tbl", options.arch, all_calls)
        rights = parse_rights(options.abi / "capabilities.tbl")
        sets = parse_values(options.abi / "values.tbl")
        check_values(sets, all_calls)
        known = {f"{kind}.{right}" for kind, right, _, _ in rights}
        for call in [c for call in all_calls for c in (call, *call.commands)]:
            for right in call.rights:
                if right not in known:
                    raise TableError(f"{call.name} needs {right!r}, which is no right")
    except (TableError, ValuesError) as error:
        print(f"generate_calls: {error}", file=sys.stderr)
        return 1
    write_rights(rights, options.out)
    write_prototypes(all_calls, options.out)
    write_stubs(calls, missing, options.out)
    write_numbers(calls, options.out)
    write_grammar(calls, rights, sets, options.out)
    write_values(sets, documents / "values.md")
    write_documents(all_calls, rights, documents)
    return 0


if __name__ == "__main__":
    sys.exit(main())
