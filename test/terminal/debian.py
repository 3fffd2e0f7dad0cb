"""bash, Python, less, vim and top on the console of the Debian image."""
IMAGE = "debian"


def test_job_control(person):
    person.start_reader()
    person.type("\x1a")
    person.sees(r"\[1\]\+\s+Stopped", 15)
    person.prompt()
    person.run("bg", r"\[1\]\+ sh .* &")
    person.run("jobs", r"Running")
    person.line("fg")
    person.sees(r"\nsh /tmp/reader\r?\n")
    person.type("a line\r")
    person.sees(r"\nread a line\r?\n")
    person.type("\x03")
    person.prompt(15)
    person.run("jobs; echo no jobs", r"\nno jobs")


def test_pipeline_is_one_job(person):
    person.start("sleep 100", " | cat >&2 | cat")
    person.type("\x1a")
    person.sees(r"Stopped", 15)
    person.prompt()
    person.run("kill %1; wait 2>/dev/null; echo ended", r"ended", 20)


def test_line_editing(person):
    person.type("echo world\x01\x1b[C\x1b[C\x1b[C\x1b[C\x1b[Chello \x05!\r")
    person.sees(r"\nhello world!\r?\n")
    person.prompt()


def test_reverse_search(person):
    person.run("echo needle-in-history", r"\nneedle-in-history")
    person.run("echo other", r"\nother")
    person.type("\x12needle")
    person.shows(r"needle': echo needle")
    person.type("\r")
    person.sees(r"\nneedle-in-history\r?\n")
    person.prompt()


def test_completion(person):
    person.type("ls /etc/host\t\t")
    person.sees(r"hostname", 15)
    person.type("\x15\r")
    person.prompt()
    person.line("")
    person.prompt()


def test_here_document(person):
    person.line("cat <<END")
    person.line("one $((1 + 1))")
    person.line("END")
    person.sees(r"\none 2\r?\n")
    person.prompt()


def test_python_prompt(person):
    person.line("python3 -q")
    person.sees(r">>> ", 60)
    person.line("import os; print(os.uname().sysname, 6 * 7)")
    person.sees(r"Linux 42")
    person.sees(r">>> ")
    # No sleep: Python does not look for signals right before one (on Linux, too, ^C is lost now and then).
    person.line("exec(\"print('busy')\\nwhile True: pass\")")
    person.sees(r"\nbusy")
    person.type("\x03")
    person.sees(r"KeyboardInterrupt", 15)
    person.sees(r">>> ")
    person.type("\x04")
    person.prompt(20)


def test_less(person):
    person.line("seq 1000 | less")
    person.sees(r"\n23\r?\n", 20)
    person.type("G")
    person.sees(r"1000", 15)
    person.type("?^500$\r")
    person.sees(r"500\b", 15)
    person.type("q")
    person.prompt(20)


def test_vim(person):
    person.line("rm -f /tmp/v.txt; vi /tmp/v.txt")
    person.sees(r'v\.txt" \[New', 30)
    person.type("ione\rtwo\x1bggdd:wq\r")
    person.prompt(30)
    person.run("cat /tmp/v.txt; wc -l </tmp/v.txt", r"\ntwo\r?\n1\r?\n")


def test_vim_is_stopped(person):
    person.line("vi /tmp/other.txt")
    person.sees(r'other\.txt" \[New', 30)
    person.type("\x1a")
    person.sees(r"Stopped", 20)
    person.prompt()
    person.line("fg")
    person.sees("~", 20)
    person.type(":q!\r")
    person.prompt(20)


def test_top(person):
    person.line("top -d 1")
    person.sees(r"PID\s+USER", 30)
    person.sees(r"\bbash\b|\btop\b", 20)
    person.type("q")
    person.prompt(20)


def test_ps(person):
    person.run("ps aux | grep -c '[i]nit'", r"\n[1-9]\d*\r?\n", 30)
    person.run("ps -o pid,ppid,stat,tty,comm", r"bash\r?\n", 30)


def test_script_in_a_pty(person):
    person.run("script -qc 'tty; echo inside' /tmp/typescript", r"/dev/pts/\d+\r?\n(.*\n)*?inside", 30)
    person.run("grep -c inside /tmp/typescript", r"\n[1-9]")


def test_timeout_and_nohup(person):
    person.run("timeout 1 sleep 50; echo status $?", r"\nstatus 124", 20)
    person.run("cd /tmp; nohup echo x </dev/null; cd", r"nohup: ")
    person.run("(flock -n 9 && echo locked) 9>/tmp/lock", r"\nlocked")


def test_window_change(person):
    person.line("bash -c \"trap 'echo size changed' WINCH; stty rows 40 columns 90; sleep 0.2; stty size\"")
    person.sees(r"\nsize changed\r?\n40 90", 15)
    person.prompt()
    person.run("stty rows 24 columns 80; stty size", r"\n24 80")


def test_exit_status_and_signals(person):
    person.run("bash -c 'kill -9 $$'; echo $?", r"\n137\r?\n")
    person.run("false; echo $?; (exit 42); echo $?", r"\n1\r?\n42\r?\n")


def test_suspended_shell_in_a_shell(person):
    person.line("bash --norc")
    person.sees(r"bash-5\.2# ", 20)
    person.start("sleep 50")
    person.type("\x1a")
    person.sees(r"Stopped", 15)
    person.line("exit")
    person.sees(r"There are stopped jobs")
    person.sees(r"bash-5\.2# ")
    person.line("kill %1; sleep 0.3; exit")
    person.prompt(20)
