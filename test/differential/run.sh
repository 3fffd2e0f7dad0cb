#!/bin/sh
# Runs the command lines of a file, each in a fresh empty directory and for at most 120 seconds,
# and prints what they printed, between markers that the host cuts it by:
#     @@ LINE-NUMBER, the output with errors merged, @@ status STATUS
# usage: run.sh LINES [SHELL [FIRST [LAST]]]   FIRST and LAST are line numbers in the file.
# The shell is one word and is called as SHELL -c LINE; `busybox` stands for busybox's own.

lines=$1 shell=${2:-/bin/sh} first=${3:-1} last=${4:-999999}
base=${DIFFERENTIAL_DIR:-/tmp/differential}
work=$base/work
output=$base/output
number=0

# Busybox lines have to use busybox's programs throughout, on a system that has others as well.
case $shell in
busybox) set -- /bin/busybox sh -c ;;
*) set -- "$shell" -c ;;
esac

umask 022
mkdir -p "$base" /tmp /run
chmod 1777 /tmp
chmod 755 "$base"
ln -sf /bin/busybox "$base/sh"
# $BECOMES PID STATE: waits for a state, one letter as in /proc/PID/stat, or for the process's end.
cat >"$base/becomes" <<'END'
#!/bin/sh
while grep -q "^State:.[^$2]" "/proc/$1/status" 2>/dev/null; do
	sleep 0.05
done
END
chmod 755 "$base/becomes"
[ -e /etc/passwd ] || cat >/etc/passwd <<END
root:x:0:0:root:/root:/bin/sh
user:x:1000:1000:user:/tmp:/bin/sh
nobody:x:65534:65534:nobody:/tmp:/bin/sh
END
[ -e /etc/group ] || cat >/etc/group <<END
root:x:0:
users:x:100:user
user:x:1000:
nogroup:x:65534:
END

while IFS= read -r line <&3; do
	number=$((number + 1))
	[ "$number" -lt "$first" ] && continue
	[ "$number" -gt "$last" ] && break
	case $line in
	'' | '#'*) continue ;;
	esac
	cd "$base" || exit 1
	chmod -R u+rwx "$work" 2>/dev/null
	rm -rf "$work"
	mkdir "$work" && chmod 777 "$work" && cd "$work" || exit 1
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C TZ=UTC TERM=dumb \
		SH="$base/sh" BECOMES="$base/becomes" timeout -s KILL 120 "$@" "$line" >"$output" 2>&1 </dev/null 3<&-
	status=$?
	echo "@@ $number"
	# Bash tells of a killed program with its pid.
	sed 's/^\([^ ]*: line 1: \) *[0-9][0-9]* /\1PID /' "$output"
	# Closes a last line that has no end, on both systems alike.
	echo
	echo "@@ status $status"
done 3<"$lines"
cd /
rm -rf "$base"
echo "@@ end"
