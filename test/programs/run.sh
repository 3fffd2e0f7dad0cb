#!/bin/bash
# Programs at length: each block ends in `ok NAME` or `not ok NAME: why`.
here=$(cd "$(dirname "$0")" && pwd)
cd /tmp || exit 1

check() {
	local name=$1 expected=$2 found
	found=$(cat)
	if [ "$found" = "$expected" ]; then
		echo "ok $name"
	else
		echo "not ok $name: ${found:0:200}"
	fi
}

lua -e 'print(_VERSION, 6 * 7)' 2>&1 | check lua-hello "Lua 5.4	42"
lua - 2>&1 <<'END' | check lua-work "10000 50005000 832040 hello"
local t = {}
for i = 1, 10000 do t[i] = i end
local sum = 0
for _, v in ipairs(t) do sum = sum + v end
local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
local f = assert(io.popen("echo hello"))
local word = f:read("l")
f:close()
io.write(#t, " ", sum, " ", fib(30), " ", word, "\n")
END

cat >/tmp/hello.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv)
{
	int n[1000];
	for (int i = 0; i < 1000; i++)
		n[i] = (i * 7919) % 1000;
	qsort(n, 1000, sizeof(n[0]), compare);
	for (int i = 0; i < 1000; i++)
		if (n[i] != i)
			return 1;
	printf("%s %.3f %d\n", strrchr(argv[0], '/') + 1, 22 / 7.0, argc);
	return 3;
}
END
{ tcc -o /tmp/hello /tmp/hello.c && /tmp/hello a b; echo $?; } 2>&1 | check tcc-compile "hello 3.143 3
3"
tcc -run /tmp/hello.c x 2>&1 | cut -d' ' -f2- | check tcc-run "3.143 2"

said="pool: 134100 steps, 8 at home, 8 keys destroyed
barrier: 200 rounds, 0 late, sum 5600
cancel: cancelled, cleaned up 1
children: 80 of 80"
"$here/threads-musl" 2>&1 | check threads-static-musl "$said"
"$here/threads-glibc" 2>&1 | check threads-static-glibc "$said"
{ tcc -pthread -o /tmp/threads "$here/threads.c" && /tmp/threads; } 2>&1 | check threads-tcc-compile "$said"
tcc -pthread -run "$here/threads.c" 2>&1 | check threads-tcc-run "$said"

mkdir -p /tmp/made && cd /tmp/made || exit 1
printf 'all: a b c\n\t@cat a b c\na b c:\n\t@echo $@ >$@; sleep 0.1\n' >Makefile
make -j3 2>&1 | check make-parallel "a
b
c"
mkdir -p /tmp/built && cd /tmp/built || exit 1
for part in one two three; do printf 'int %s(void) { return sizeof("%s"); }\n' $part $part >$part.c; done
printf 'extern int printf(const char *, ...);\nint one(void), two(void), three(void);\n%s\n' \
	'int main(void) { printf("%d\n", one() * 100 + two() * 10 + three()); return 0; }' >main.c
printf 'sum: main.o one.o two.o three.o\n\t@tcc -o $@ $^\n%%.o: %%.c\n\t@tcc -c -o $@ $<\n' >Makefile
{ make -j4 && ./sum && make -q && touch two.c && ! make -q && make && ./sum; } 2>&1 | check make-tcc "446
446"
cd /tmp || exit 1

python3 - 2>&1 <<'END' | check python-work "55 [0, 1, 4, 9] 100 child 7 6"
import multiprocessing, os, subprocess, threading
def square(x): return x * x
total = [0]
lock = threading.Lock()
def add():
    for _ in range(25):
        with lock: total[0] += 1
threads = [threading.Thread(target=add) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
with multiprocessing.get_context("fork").Pool(2) as pool: squares = pool.map(square, range(4))
word = subprocess.run(["sh", "-c", "echo child; exit 7"], capture_output=True, text=True)
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    os.write(w, b"piped!"); os._exit(0)
os.waitpid(pid, 0)
print(sum(range(11)), squares, total[0], word.stdout.strip(), word.returncode, len(os.read(r, 100)))
END

seq 20000 | sort -rn | sort -n | md5sum | cut -c1-8 | check sort "$(seq 20000 | md5sum | cut -c1-8)"
tar -C /usr/lib -cf - python3.11/json 2>/dev/null | gzip | gunzip | tar -tf - | grep -c json | check tar-gzip \
	"$(find /usr/lib/python3.11/json | wc -l)"
head -c 3000000 /dev/zero | tr '\0' x | xz -T2 | xz -d | wc -c | check xz 3000000
find /usr/bin -type f | xargs -P4 -n20 sha256sum | wc -l | check xargs-parallel "$(find /usr/bin -type f | wc -l)"
awk 'BEGIN { for (i = 0; i < 200000; i++) s += i; printf "%.0f\n", s }' | check awk 19999900000
(for i in 1 2 3 4 5 6 7 8; do (for j in $(seq 50); do /bin/true || echo bad; done) & done; wait; echo done) 2>&1 |
	check spawn-storm "done"
dd if=/dev/urandom of=/tmp/big bs=64k count=160 2>/dev/null; cp /tmp/big /tmp/big2
cmp /tmp/big /tmp/big2 && stat -c %s /tmp/big2 | check copy 10485760
script -qc 'tty | cut -c1-9' /dev/null </dev/null 2>&1 | tr -d '\r' | grep pts | check script /dev/pts/
for shell in bash dash "busybox sh"; do
	$shell -c 'f() { [ $1 -le 1 ] && echo 1 && return; echo $(($1 * $(f $(($1 - 1))))); }; f 12' 2>&1
done | sort -u | check recursion 479001600
vi -es -c 'normal iedited' -c 'wq! /tmp/ex.txt' 2>/dev/null; cat /tmp/ex.txt 2>&1 | check vim-script edited
echo 'program ended'
