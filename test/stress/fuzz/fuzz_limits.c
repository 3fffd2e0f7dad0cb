/*
 * What the fuzzer does not do, because it would end the machine, silence its reports or hit the
 * processes that watch: as root only, as others are not allowed to in the first place.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum {
	SMALLEST_FOREIGN = 1 << 22,		/* above it no process has its number */
	CONSOLE_MAJOR = 5, CONSOLE_MINOR = 1, SERIAL_MAJOR = 4, MEMORY_MAJOR = 1, LOG_MINOR = 11,
	LOG_CONSOLE_OFF = 6, LOG_CONSOLE_LEVEL = 8,
};

static bool is_own(int64_t pid)
{
	if (pid <= 0)
		return pid != -1;
	for (unsigned i = 0; i < FUZZ_SLOTS; i++) {
		if (fuzz_resources.pids.values[i] == (uint64_t)pid)
			return true;
	}
	return pid >= SMALLEST_FOREIGN;
}

/* A process or, negative, a group. */
static bool is_safe_target(uint64_t value)
{
	int64_t pid = (int32_t)value;

	return pid != -1 && is_own(pid < 0 ? -pid : pid);
}

static bool is_safe_device(uint64_t device)
{
	uint64_t major = device >> 8 & 0xfff, minor = device & 0xff;

	return major != SERIAL_MAJOR && !(major == CONSOLE_MAJOR && minor == CONSOLE_MINOR) &&
		!(major == MEMORY_MAJOR && (minor < 3 || minor == LOG_MINOR));
}

/* Limits that keep the machine alive are not raised. */
static bool is_safe_limit(uint64_t resource)
{
	switch ((unsigned)resource) {
	case RLIMIT_AS: case RLIMIT_FSIZE: case RLIMIT_DATA: case RLIMIT_MEMLOCK:
	case RLIMIT_NOFILE:
		return false;
	default:
		return true;
	}
}

bool fuzz_is_allowed(const struct fuzz_call *call, const uint64_t *arguments)
{
	if (!fuzz_program->is_root)
		return true;
	switch (call->number) {
	case SYS_reboot:
		return arguments[0] != 0xfee1dead;
	case SYS_syslog:
		return arguments[0] != LOG_CONSOLE_OFF && arguments[0] != LOG_CONSOLE_LEVEL;
	case SYS_kill: case SYS_tkill: case SYS_rt_sigqueueinfo:
	case SYS_sched_setaffinity: case SYS_sched_setparam: case SYS_sched_setscheduler:
	case SYS_sched_setattr: case SYS_pidfd_open:
		return is_safe_target(arguments[0]);
	case SYS_tgkill: case SYS_rt_tgsigqueueinfo:
		return is_safe_target(arguments[0]) && is_safe_target(arguments[1]);
	case SYS_setpriority:
		return (int)arguments[0] != PRIO_USER && is_safe_target(arguments[1]);
	case SYS_prlimit64:
		return is_safe_target(arguments[0]) &&
			(arguments[2] == 0 || is_safe_limit(arguments[1]));
	case SYS_setrlimit:
		return is_safe_limit(arguments[0]);
	case SYS_fcntl:
		return (int)arguments[1] != F_SETOWN || is_safe_target(arguments[2]);
#ifdef SYS_mknod
	case SYS_mknod:
		return is_safe_device(arguments[2]);
#endif
	case SYS_mknodat:
		return is_safe_device(arguments[3]);
	default:
		return true;
	}
}
