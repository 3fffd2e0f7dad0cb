"""bash, as a person uses it: editing, jobs, scripts. Pictures of the screen, compared with Linux's."""
IMAGE = "debian"

# Numbers of processes differ; so does how wide they are.
PID = (r"(?m)^\[(\d+)\] \d+$", r"[\1] pid")


def test_history_is_searched(person):
    person.command("echo a needle in the hay", "\na needle")
    person.command("echo something else", "\nsomething")
    person.command("echo another needle", "\nanother")
    person.type("\x12need")
    person.picture("the newest that matches")
    person.type("\x12")
    person.picture("the one before")
    person.type("\x07")
    person.picture("given up")
    person.type("\x12hay\x05 indeed\r")
    person.picture("changed and run")


def test_lines_are_edited(person):
    person.type("echo one two three\x17\x17four\x01\x1bf\x1bf X\x05 end")
    person.picture("words are removed and gone over")
    person.type("\x15echo yanked: \x19\r")
    person.picture("what was killed comes back")
    person.type("echo " + "long " * 30 + "\x01# ")
    person.picture("a line longer than the screen is wide")
    person.type("\x05\x15")
    person.picture("and gone")
    person.type("echo one two\x17\x17\x1f\x1f three\r")
    person.picture("undone")


def test_names_are_completed(person):
    person.command("mkdir -p /tmp/c/{alpha,alphabet,beta}; cd /tmp/c; touch 'with blank'")
    person.type("ls al\t")
    person.picture("as far as it is one name")
    person.type("\t\t")
    person.picture("all that it can be")
    person.type("b\t\r")
    person.picture("one is left")
    person.type("ls wi\t\r")
    person.picture("a blank is quoted")
    person.type("read -p ok $HOSTT\t\x15")
    person.type("chro\t --ver\t\x15")
    person.picture("commands and variables")
    person.command("cd; rm -r /tmp/c")


def test_pipes_and_redirections(person):
    person.command("seq 5 | tac | paste -sd, | tee /tmp/t >&2; cat /tmp/t")
    person.command("{ echo out; echo err >&2; } 2>&1 >/dev/null | sed 's/^/got /'")
    person.command("echo a >/tmp/t; echo b >>/tmp/t; wc -l </tmp/t; cat <<<here-string")
    person.command("diff <(seq 3) <(seq 2 4); echo $?; echo x > >(tr x y; echo done); wait $!")
    person.line("cat <<-END | tr a-z A-Z")
    person.shows(r"\n>\Z")
    # ^V: the tab is meant, not the completion of a name.
    person.line("\x16\tone $((6 * 7))")
    person.shows(r"one .*\n>\Z")
    person.line("END")
    person.at_prompt(r"\nONE 42\n")
    person.command("set -o pipefail; false | true; echo $?; set +o pipefail; exec 5</etc/hostname; cat <&5; exec 5<&-")
    person.command("yes | head -2; echo ${PIPESTATUS[@]}; ls /nonexistent 2>/tmp/t || cat /tmp/t")
    person.picture("what came of it")


def test_jobs(person):
    person.start_reader()
    person.type("\x1a")
    person.at_prompt(r"Stopped")
    person.command("sleep 1001 | cat &")
    person.command("jobs", r"Running")
    person.command("bg %1", r"sh /tmp/reader &")
    person.command("jobs; kill -STOP %1; sleep 0.3; jobs", r"Stopped +sh /tmp/reader\n\[2")
    person.picture("jobs", PID)
    person.command("kill -CONT %1; sleep 0.2; jobs %1", r"Running")
    person.line("fg %1")
    person.shows(r"\nsh /tmp/reader\n?\Z")
    person.type("a line\r")
    person.shows(r"\nread a line\n?")
    person.type("\x03")
    person.at_prompt(r"\^C")
    person.command("disown %2; jobs; echo none left")
    person.command("pkill -f 'sleep 1001'; wait; echo waited $?")
    person.command("sleep 0.2 & wait $!; echo $?; sleep 1000 & kill %%; wait %%; echo $?", r"\n143")
    person.picture("after them", PID, (r"\[\d\] pid\n", ""))


def test_traps_and_scripts(person):
    person.command(r"""printf '%s\n' 'trap "echo cleaned up" EXIT' 'trap "echo usr1" USR1' 'kill -USR1 $$' """
                   r"""'trap "" TERM; kill $$; trap "echo term; exit 3" TERM' 'sleep 10 & kill $$' 'wait' >/tmp/s""")
    person.command("bash /tmp/s; echo status $?")
    person.command("bash -c 'trap \"echo int\" INT; kill -INT $$; echo after'")
    person.command("(sleep 5; echo not reached) & sleep 0.2; kill $!; wait $!; echo $?", r"\n143")
    person.command("for i in 1 2 3; do (exit $i) || echo $? ; done; [[ abc =~ b(.) ]] && echo ${BASH_REMATCH[1]}")
    person.command("bash -c 'set -e; false; echo no'; echo $?; bash -c 'kill -SEGV $$'; echo $?")
    person.command("timeout 0.3 bash -c 'while :; do :; done'; echo $?; timeout -s INT 0.3 sleep 5; echo $?")
    person.picture("what the scripts said", PID, (r"\d+ (Terminated|Segmentation)", r"pid \1"))


def test_keys_that_send_signals(person):
    person.line("echo cat runs; cat")
    person.shows(r"\ncat runs\n?")
    person.type("gone\x17wo\x7fords\x15kept \x16\x04 line\x12 two\r")
    person.picture("the line discipline edits")
    person.type("\x04")
    person.at_prompt()
    person.start("sleep 100", "; echo after the interrupt")
    person.type("\x03")
    person.at_prompt(r"\^C")
    person.start("sleep 100")
    person.type("\x1c")
    person.at_prompt(r"Quit")
    person.picture("quit is told")
    person.type("echo held\x13\r")
    person.pause(0.5)
    person.screen.update()
    assert "\nheld" not in person.screen.text(), "output came while it was stopped"
    person.type("\x11")
    person.at_prompt(r"\nheld")


def test_limits_of_the_shell(person):
    person.command("ulimit -n 16; bash -c 'for i in {3..20}; do eval \"exec $i</dev/null\" || break; done' 2>&1 | tail -1")
    person.command("(ulimit -f 1; yes >/tmp/big); echo $?; stat -c %s /tmp/big; rm /tmp/big")
    person.command("(ulimit -t 1; while :; do :; done); echo $?", r"\n137")
    person.command("(ulimit -v 100000; python3 -c 'x = bytearray(1 << 28)' 2>&1 | tail -1)", "MemoryError")
    person.command("(ulimit -s 256; ulimit -s; ulimit -Hs); (ulimit -c 0; ulimit -a | grep -c .); ulimit -n 1024")
    person.picture("what limits stop", (r"\d+ (Killed|File size)", r"pid \1"))


def test_window_size_reaches_programs(person):
    person.command("shopt -s checkwinsize; stty rows 20 columns 70; true")
    person.screen.resize(20, 70)
    person.command("echo $LINES $COLUMNS; tput lines; tput cols", r"\n20 70\n20\n70")
    person.screen.resize(24, 80)
    person.command("bash -c 'trap \"stty size\" WINCH; stty rows 24 columns 80; sleep 0.3; echo after'", r"\n24 80\nafter")
    person.command("script -qc 'stty size; tput cols' /dev/null", r"\n24 80\n80")


def test_python_at_its_prompt(person):
    person.line("python3 -q")
    person.shows(r">>>\Z", 60)
    # Between lines the terminal echoes by itself: what is typed before the prompt would stand there twice.
    person.type("def f(x):\r")
    person.shows(r"\n\.\.\.\Z")
    person.type("    return x * 2\r")
    person.shows(r"x \* 2\n\.\.\.\Z")
    person.type("\r")
    person.shows(r"\n\.\.\.\n>>>\Z")
    person.type("f(21)\r")
    person.shows(r"\n42\n>>>\Z")
    person.type("import os, signal; os.getpid() > 0 and os.kill(os.getpid(), 0)\r")
    person.shows(r"getpid\(\), 0\)\n>>>\Z")
    person.type("1 / 0\r")
    person.shows(r"ZeroDivisionError.*\n>>>\Z")
    # A signal that comes just before one sleep is noticed after it, and at any place of the loop in the same frame.
    person.type("import time\r")
    person.shows(r"import time\n>>>\Z")
    person.type("for i in range(1000): _ = i or print('asleep'); time.sleep(0.1)\r")
    person.shows(r"sleep\(0\.1\)\n\.\.\.\Z")
    person.type("\r")
    person.shows(r"\nasleep\Z")
    person.type("\x03")
    person.shows(r"KeyboardInterrupt\n>>>\Z")
    person.type("[l for l in 'abc']\x1b[D\x1b[D\x7f\x7fy\x01list(\x05)\x01\x0b\x1f\r")
    person.shows(r"\n\['a', 'y'\]\n>>>\Z")
    person.picture("a session")
    person.type("\x04")
    person.at_prompt()
