"""What a terminal shows: a machine's output through a terminal emulator (pyte, Debian's python3-pyte)."""
import sys

from ..common import Failure
from ..packages import install_missing

# Controls that do nothing on a terminal, and C1 which UTF-8 makes of nothing that programs here print. pyte would drop
# what stands behind one of them, as far as it came in the same piece.
UNSHOWN = dict.fromkeys([*range(0x20), *range(0x7f, 0xa0)])
PYTE = "/usr/lib/python3/dist-packages/pyte/__init__.py"


def emulator():
    """The module pyte; Debian's is for every Python, it has no compiled parts."""
    install_missing({PYTE: "python3-pyte"})
    try:
        import pyte
    except ImportError:
        sys.path.append("/usr/lib/python3/dist-packages")
        try:
            import pyte
        except ImportError as error:
            raise Failure(f"python3-pyte is installed but cannot be used: {error}") from None
    return pyte


class Screen:
    """The screen after all output so far of a machine's serial line."""

    def __init__(self, machine, rows=24, columns=80):
        pyte = emulator()
        self.machine = machine
        self._screen = pyte.Screen(columns, rows)
        # Private forms (vi asks for key codes so) are for other terminals; Debian's pyte chokes on them.
        plain = self._screen.select_graphic_rendition
        self._screen.select_graphic_rendition = (
            lambda *codes, private=False: None if private else plain(*codes))
        draw = self._screen.draw
        self._screen.draw = lambda text: draw(text.translate(UNSHOWN))
        # A terminal answers some questions of programs by typing.
        self._screen.write_process_input = machine.send
        self._stream = pyte.Stream(self._screen)
        self._fed = len(machine.output)

    def update(self):
        """Shows what came since; the number of characters."""
        text = self.machine.output[self._fed:]
        self._fed += len(text)
        self._stream.feed(text)
        return len(text)

    def clear(self):
        """An empty screen, whatever is on it, without a word to the machine."""
        self.update()
        self._screen.reset()

    def resize(self, rows, columns):
        """The window gets another size; programs learn that by stty."""
        self._screen.resize(rows, columns)

    def text(self):
        """The lines without the blanks at their ends."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip("\n")

    def picture(self):
        """Text, cursor, and what stands out (bold, reverse, underlined), as one text."""
        cursor = self._screen.cursor
        parts = [self.text(), f"[cursor {cursor.y + 1},{cursor.x + 1}{' hidden' if cursor.hidden else ''}]"]
        for row in range(self._screen.lines):
            parts += self._marks(row)
        return "\n".join(parts)

    def _marks(self, row):
        """["[reverse 3,1-10]"]: runs of equal attributes in a row."""
        found, run = [], None
        cells = self._screen.buffer[row]
        for column in range(self._screen.columns + 1):
            cell = cells[column] if column < self._screen.columns else None
            kind = " ".join(name for name in ("bold", "reverse", "underscore") if cell and getattr(cell, name))
            if run and run[0] == kind:
                continue
            if run and run[0]:
                found.append(f"[{run[0]} {row + 1},{run[1] + 1}-{column}]")
            run = (kind, column)
        return found

    def cells(self):
        """Rows of (text, foreground, background, bold, reverse) for drawing."""
        for row in range(self._screen.lines):
            cells = self._screen.buffer[row]
            yield [(cell.data, cell.fg, cell.bg, cell.bold, cell.reverse)
                   for cell in (cells[column] for column in range(self._screen.columns))]
