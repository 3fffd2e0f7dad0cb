"""Full-screen programs and tools at the console. Pictures of the screen, compared with Linux's."""
import re

IMAGE = "debian"


def test_vi(person):
    person.command(r"(printf 'first line\nsecond line\n\tindented\n'; seq 40) >/tmp/v.txt")
    person.line("vi /tmp/v.txt")
    person.shows(r"43L|43 lines")
    person.picture("the file")
    person.type("ddpkyyjp:set nu\r")
    person.picture("lines moved and copied")
    person.type("/^2\\d\rcwword\x1b:%s/3/three/g\r")
    person.picture("searched, changed, substituted")
    person.type("ggdGi\tnew text, typed over\x7f\x7f\x7f\x7f\x7f\rsecond\x1buu")
    person.picture("all undone", (r"\d+ seconds? ago", "N seconds ago"))
    person.type("\x12:split\rG")
    person.picture("two windows")
    person.type(":!stty rows 18 columns 60\r")
    person.shows(r"Press ENTER|ENTER")
    person.screen.resize(18, 60)
    person.type("\r")
    person.picture("a smaller window")
    person.type(":wqa\r")
    person.at_prompt()
    person.screen.resize(24, 80)
    person.command("stty rows 24 columns 80; cat -A /tmp/v.txt", r"new text")
    person.picture("what was saved")


def test_vi_is_put_aside(person):
    person.line("vi /tmp/other.txt")
    person.shows(r'other\.txt" \[New')
    person.type("isome text\x1b")
    person.shows(r"some text")
    person.type("\x1a")
    person.at_prompt(r"Stopped")
    person.command("jobs", "Stopped")
    person.begin()
    person.line("fg")
    person.shows(r"(?s)some text.*~")
    person.type(":q!\r")
    person.at_prompt()
    person.command("ls /tmp/other.txt", "No such file")


def test_less(person):
    person.line("seq -f 'line number %g of many' 1000 | less")
    person.shows(r"line number 23")
    person.picture("the first page")
    person.type(" ")
    person.picture("the next one")
    person.type("G")
    person.shows(r"1000 of many")
    person.picture("the last one")
    person.type("?number 77\r")
    person.picture("searched backwards")
    person.type("n50p-N\r")
    person.picture("half way, with numbers")
    person.type("&99\r")
    person.picture("only lines with 99")
    person.type("q")
    person.at_prompt()
    person.line("less /etc/passwd /etc/group")
    person.shows(r"root:x:0")
    person.type(":n")
    person.picture("the second file")
    person.type("q")
    person.at_prompt()


def answer(person, question, text):
    """Answers a question of top. It takes what comes in one piece for one key, so each has to be seen first."""
    person.shows(question)
    for end in range(1, len(text) + 1):
        person.type(text[end - 1])
        person.shows(question + " *" + re.escape(text[:end]))
    person.type("\r")
    person.shows(rf"(?s)\A(?!.*{question})")


def test_top(person):
    person.command("(while :; do :; done) & sleep 3")
    person.line("top -d 1")
    person.shows(r"(?m)^ +PID USER +PR +NI +VIRT +RES +SHR S +%CPU +%MEM +TIME\+ COMMAND")
    person.type("1")
    person.shows(r"%Cpu3")
    # A key makes top draw at once, and a few ticks are no measure: what counts is a whole second, which comes next.
    loop = person.shows(r"(?m)^ *(\d+) root +20 +0 +\d+ +\d+ +\d+ R +(\d+\.\d) +\d\.\d +\d+:\d\d\.\d\d bash *$",
                        accepts=lambda row: 50 <= float(row.group(2)) <= 105)
    person.type("1")
    person.shows(r"%Cpu\(s\): +([\d.]+) us, +([\d.]+) sy, +([\d.]+) ni, +([\d.]+) id, +([\d.]+) wa, "
                 r"+([\d.]+) hi, +([\d.]+) si, +([\d.]+) st",
                 accepts=lambda row: 99 <= sum(map(float, row.groups())) <= 101 and float(row.group(4)) > 0)
    load = float(person.shows(r"load average: ([\d.]+)").group(1))
    assert load < 4.5, f"one loop is a load of {load}"
    memory = person.shows(r"MiB Mem : +([\d.]+) total, +([\d.]+) free, +([\d.]+) used, +([\d.]+) buff/cache")
    total, free, used, cached = map(float, memory.groups())
    # What is used is all that is not available, which some of the free memory is not.
    assert free + cached <= total * 1.02 and 10 < used <= total, f"memory: {memory.group(0)}"
    person.type("u")
    answer(person, r"Which user \(blank for all\)", "root")
    person.type("k")
    answer(person, r"PID to signal/kill \[default pid = \d+\]", loop.group(1))
    answer(person, rf"Send pid {loop.group(1)} signal \[15/sigterm\]", "9")
    person.type("h")
    person.shows(r"Help for Interactive Commands")
    person.type("q")
    person.shows(r"(?m)^ +PID USER")
    person.type("q")
    person.at_prompt(r"\[1\]\+ +Killed")
    person.command("jobs; echo no jobs", r"echo no jobs\nno jobs")


def test_watch_and_script(person):
    person.line("watch -n 1 -t 'cat /etc/hostname; seq 3'")
    person.shows(r"aegis\n1\n2\n3")
    person.picture("watched")
    person.type("\x03")
    person.at_prompt()
    person.line("script -q /tmp/typescript")
    person.shows(r"(?m)^#\Z")
    person.type("tty; stty size; sh -c 'echo running; exec sleep 100'\r")
    person.shows(r"/dev/pts/0\n24 80\nrunning")
    person.type("\x1a")
    person.shows(r"Stopped.*\n#\Z")
    person.type("jobs; kill %1; fg\r")
    person.shows(r"Terminated *\n#\Z")
    person.type("exit\r")
    person.at_prompt()
    person.picture("a shell within script")
    person.command("grep -c 'pts/0' /tmp/typescript", r"\n1\n")


def test_files(person):
    person.command("rm -rf /tmp/w; mkdir -p /tmp/w/a/b; cd /tmp/w; touch -d @0 a/one; touch a/b/two; echo needle >a/b/three")
    person.command("find . -type f | sort; find a -name 't*' -newer a/one -exec basename {} \\; | sort")
    person.command("grep -rn needle . ; grep -rL needle a | sort; du -a --apparent-size -B1 a/b/three | cut -f1")
    person.command("tar czf t.tgz a; mkdir out; tar xzf t.tgz -C out; diff -r a out/a && echo same; gzip -l t.tgz | wc -l")
    person.command("gzip -k a/b/three; zcat a/b/three.gz; awk 'BEGIN{print length(\"word\"), 2^10}'; sed -n 's/need/hay/p' a/b/three")
    person.picture("found, packed, changed")
    person.begin()
    person.command("dd if=/dev/zero of=z bs=1k count=10 seek=2 2>&1 | head -2; stat -c '%s %b' z; truncate -s 1 z; wc -c z")
    person.command("mkfifo p; (echo through a pipe >p &); cat p; f=$(mktemp); stat -c '%a %s' $f; rm $f; ln -s a l; readlink -f l")
    person.command("ls -l a | tail -n +2 | cut -c1-10,40-; stat -c %s . a a/b; chmod u+s,o-r a/one; stat -c %A a/one; cd; rm -r /tmp/w")
    person.picture("made and described", (r"(?m) ?\w{3} +\d+ \d\d:\d\d", ""))


def test_mounts_and_roots(person):
    person.command("mkdir -p /tmp/m; mount -t tmpfs -o size=1m,mode=700 none /tmp/m; df /tmp/m; stat -c %a /tmp/m")
    person.command("dd if=/dev/zero of=/tmp/m/full bs=64k count=20 2>&1 | tail -3 | cut -d, -f1; df --output=pcent /tmp/m")
    person.command("mount -o remount,ro /tmp/m; touch /tmp/m/x; mount --bind /etc /tmp/m; ls /tmp/m/passwd; umount /tmp/m")
    person.command("cd /tmp/m; umount /tmp/m; cd; umount /tmp/m; umount /tmp/m; rmdir /tmp/m")
    person.picture("mounted and unmounted")
    person.begin()
    person.command("mkdir -p /tmp/r/bin; cp /usr/bin/busybox /tmp/r/bin/; chroot /tmp/r /bin/busybox ls -l /bin | wc -l")
    person.command("chroot /tmp/r /bin/busybox sh -c 'cd ..; pwd; /bin/busybox ls /; exit 3'; echo $?; chroot /tmp/r /bin/true")
    person.command("rm -r /tmp/r; id; [ -w /etc/passwd ] && echo root writes; df -h / | tail -1 | cut -c1-6; mountpoint /proc")
    person.picture("another root")


def test_priorities(person):
    person.command("nice; nice -n 7 nice; nice -n 3 nice -n 3 nice; renice -n 4 $$ | cut -d' ' -f2-; nice; renice -n 0 $$ >/dev/null")
    person.command("taskset -c 2 nproc; taskset -p $$ | cut -d: -f2; taskset 0x5 sh -c 'taskset -p $$' | cut -d: -f2")
    person.command("chrt -p $$ | cut -d: -f2; chrt -f 10 sh -c 'chrt -p $$' | cut -d: -f2; chrt -r 5 sh -c 'chrt -p $$' | cut -d: -f2")
    person.command("chrt -i 0 sh -c 'chrt -p $$' | cut -d: -f2; chrt -f 100 true; ionice; ionice -c 3 ionice; ionice -c 2 -n 6 ionice")
    person.picture("priorities")
    person.command("ps -o pid,ni,cls,rtprio,stat,psr,comm -p $$ | tail -1 | tr -s ' ' | cut -d' ' -f3-6")


def test_processes(person):
    person.command("sleep 1000 & sleep 0.3; ps -o stat=,tty=,comm=,args= -p $!; ps -o wchan= -p $! | grep -c .; kill -STOP $!; sleep 0.2")
    person.command("ps -o stat= -p $!; kill -CONT $!; sleep 0.2; ps -o stat= -p $!; pstree -A $$; kill $!; wait $!")
    person.command("ps aux | head -1; ps aux | awk '$11 == \"ps\" {print NF, $1, $7}'; pgrep -c bash; pidof -s bash | grep -c .")
    person.command("(exit 0) & sleep 0.3; nohup true; rm nohup.out; flock -n /tmp/l echo locked; flock /tmp/l true; timeout -k 1 1 sleep 9; echo $?")
    person.picture("processes", (r"\[\d+\] \d+", "[n] pid"), (r"(?m)^ *\d+ Terminated", "pid Terminated"))
    person.begin()
    person.command("free | head -1; uptime | cut -c1; uptime | grep -c 'load average'; vmstat | head -2; cat /proc/uptime | wc -w")
    person.command("free | awk 'NR == 2 {print ($2 >= $3 + $4)}'; python3 -c 'import os; print(os.cpu_count(), os.getloadavg()[0] < 9)'")
    person.picture("the machine")


def test_terminal_settings(person):
    person.command("stty -a; stty -g | tr -cd : | wc -c; stty erase ^H intr ^X; stty -a | grep -c 'intr = ^X'; stty sane; stty -a | head -3")
    person.picture("settings")
    person.begin()
    person.command("stty -echo; echo not seen; stty echo")
    # What is sane does not include IXON, which raw takes away and later tests need.
    person.command("stty raw -echo; stty -a | head -1; stty sane ixon; tty; (setsid cat /dev/tty) 2>&1 | cut -d: -f2-", "such device")
    person.picture("echo and raw", (r"\n +", "\n"))


def test_what_is_not_there_says_so(person):
    """Tracing comes later: it must be refused in plain words, here only."""
    if not person.is_oracle:
        person.command("python3 -c 'import ctypes, os; l = ctypes.CDLL(None, use_errno=True); "
                       "print(l.ptrace(0, 0, 0, 0), os.strerror(ctypes.get_errno()))'", "\n-1 Function not implemented")
    person.command("python3 -c 'import socket; socket.socket()' 2>&1 | tail -1 | grep -c .", r"\n[01]\n")


def test_an_idle_machine_has_no_load(person):
    person.command("sleep 6; cat /proc/loadavg; grep -E '^(intr|ctxt)' /proc/stat | cut -d' ' -f1,2")
    load, interrupts = person.shows(r"(?m)^([\d.]+) [\d.]+ [\d.]+ \d+/\d+ \d+\nintr (\d+)\nctxt \d+").groups()
    assert float(load) < 3, f"a load of {load}"
    assert int(interrupts) > 100, f"only {interrupts} interrupts"
    assert re.search(r"\d", interrupts)
