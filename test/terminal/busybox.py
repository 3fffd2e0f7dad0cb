"""busybox's shell and vi on the console of the small image."""
IMAGE = "busybox"


def test_echo_and_erase(person):
    person.type("echo abx\x7fc\r")
    person.sees(r"\nabc\r?\n")
    person.prompt()


def test_kill_line(person):
    person.type("echo wrong\x15echo right\r")
    person.sees(r"\nright\r?\n")
    person.prompt()


def test_interrupt(person):
    person.start("sleep 100", "; echo not reached")
    person.type("\x03")
    person.prompt(10)
    person.run("echo status $?", r"\nstatus 130")


def test_interrupt_a_loop(person):
    person.line("echo running; while :; do :; done")
    person.sees(r"\nrunning")
    person.type("\x03")
    person.prompt(10)


def test_stop_and_continue(person):
    person.start("sleep 3")
    person.type("\x1a")
    person.sees(r"Stopped", 10)
    person.prompt()
    person.run("jobs", r"\[1\]\+? +Stopped")
    person.line("fg")
    person.prompt(20)
    person.run("jobs; echo none", r"\nnone")


def test_background(person):
    person.run("sleep 100 &", r"")
    person.run("jobs", r"Running")
    person.run("kill %1; wait; echo gone", r"gone", 20)


def test_background_reader_stops(person):
    person.run("cat & until grep -q 'State:.T' /proc/$!/status; do sleep 0.1; done; jobs", r"Stopped", 10)
    person.run("kill -9 %1; wait; echo gone", r"gone")


def test_end_of_file(person):
    person.start("cat", "; echo ended")
    person.type("hello\r")
    person.sees(r"hello\r?\nhello\r?\n")
    person.type("\x04")
    person.sees(r"ended\r?\n")
    person.prompt()


def test_quit(person):
    # Busybox's sh ignores SIGQUIT until it has executed something: cat must have spoken.
    person.start("cat")
    person.type("hello\r")
    person.sees(r"hello\r?\nhello\r?\n")
    person.type("\x1c")
    person.prompt(10)
    person.run("echo status $?", r"\nstatus 131")


def test_stop_output(person):
    person.type("\x13")
    person.type("echo held\r")
    person.pause(0.7)
    assert "held" not in person.machine.output[person.machine.position:], "output came while stopped"
    person.type("\x11")
    person.sees(r"held", 10)
    person.prompt()


def test_window_size(person):
    person.run("stty rows 30 columns 100; stty size", r"\n30 100")
    person.run("stty rows 24 columns 80; stty size", r"\n24 80")


def test_stty_settings(person):
    person.run("stty -echo; echo a; stty echo", r"")
    person.run("stty -a", r"(?s)speed \d+ baud.*intr = \^C.*icanon")


def test_raw_read(person):
    person.line("stty raw -echo; echo ready; dd bs=1 count=3 2>/dev/null | od -An -c; stty sane")
    person.sees(r"\nready")
    person.type("\x03\x04z")
    person.sees(r"003 +004 +z", 20)
    person.prompt()


def test_history(person):
    person.run("echo first-line", r"\nfirst-line")
    person.type("\x1b[A\r")
    person.sees(r"\nfirst-line\r?\n")
    person.prompt()


def test_editing_in_the_line(person):
    person.type("echo bd\x1b[D\x1b[Dac\x1b[C\r")
    person.sees(r"\nacbd\r?\n")
    person.prompt()


def test_completion(person):
    person.line("mkdir /tmp/completion; touch /tmp/completion/unmistakable")
    person.prompt()
    person.type("ls /tmp/completion/unm\t\r")
    person.sees(r"\n/tmp/completion/unmistakable\r?\n")
    person.prompt()


def test_vi(person):
    person.line("rm -f /tmp/vi.txt; vi /tmp/vi.txt")
    person.sees(r"~", 20)
    person.type("ihello\rworld")
    person.shows(r"\nworld\n(?s:.*)\nI /tmp/vi\.txt")
    # What follows at once might be the rest of a key's sequence.
    person.type("\x1b")
    person.shows(r"\n- /tmp/vi\.txt")
    person.type(":wq\r")
    person.prompt(20)
    person.run("cat /tmp/vi.txt", r"\nhello\r?\nworld\r?\n")


def test_pager(person):
    person.line("seq 100 | more")
    person.sees(r"--More--", 20)
    person.type("q")
    person.prompt(20)


def test_controlling_terminal(person):
    person.run("tty", r"\n/dev/tty\w+")
    person.run("echo through >/dev/tty", r"\nthrough")
    person.run("setsid sh -c 'echo x >/dev/tty' 2>&1 | grep -c 'such device'; echo", r"\n1\r?\n")
