/*
 * Recipes for calls on processes, users and the machine.
 */
#include "deny.h"
#include <sched.h>
#include <sys/resource.h>
#include <sys/timex.h>

#define VICTIM (deny_world.victim)

static uint64_t scratch[64];
static char stack[16384] __attribute__((aligned(64)));

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static long birth_by_structure(uint64_t flags, bool has_stack)
{
	static struct kernel_clone_args arguments;

	arguments = (struct kernel_clone_args){
		.flags = flags, .exit_signal = has_stack ? 0 : SIGCHLD,
		.stack = has_stack ? (uintptr_t)stack : 0,
		.stack_size = has_stack ? sizeof(stack) : 0,
	};
	return deny_birth(SYS_clone3, (uintptr_t)&arguments, (void *)sizeof(arguments));
}

DENY(clone, process, create) { return deny_birth(SYS_clone, SIGCHLD, NULL); }
DENY(clone, process, thread) { return deny_birth(SYS_clone, THREAD, stack + sizeof(stack)); }
DENY(clone3, process, create) { return birth_by_structure(0, false); }
DENY(clone3, process, thread) { return birth_by_structure(THREAD, true); }

DENY(get_robust_list, process, inspect)
{
	return CALL(SYS_get_robust_list, VICTIM, &scratch[0], &scratch[1]);
}
DENY(pidfd_getfd, process, inspect) { return CALL(SYS_pidfd_getfd, deny_world.victim_file, 0, 0); }
DENY(prlimit64, process, inspect)
{
	return CALL(SYS_prlimit64, VICTIM, RLIMIT_CORE, NULL, scratch);
}

DENY(setuid, identity, set) { return CALL(SYS_setuid, 1000); }
DENY(setgid, identity, set) { return CALL(SYS_setgid, 1000); }
DENY(setreuid, identity, set) { return CALL(SYS_setreuid, 1000, 1000); }
DENY(setregid, identity, set) { return CALL(SYS_setregid, 1000, 1000); }
DENY(setresuid, identity, set) { return CALL(SYS_setresuid, 1000, 1000, 1000); }
DENY(setresgid, identity, set) { return CALL(SYS_setresgid, 1000, 1000, 1000); }
DENY(setgroups, identity, set) { return CALL(SYS_setgroups, 1, (unsigned[]){ 1000 }); }

/* They cannot fail: what was refused shows in the id that the next call answers. */
static long file_id_change(long number)
{
	syscall(number, 1000);
	return syscall(number, -1) == 1000 ? 0 : -EPERM;
}

DENY(setfsuid, identity, set) { return file_id_change(SYS_setfsuid); }
DENY(setfsgid, identity, set) { return file_id_change(SYS_setfsgid); }

static struct rlimit raised = { 1, 1 };

static void limit_lower(void)
{
	struct rlimit none = { 0, 0 };

	REQUIRE_OK(setrlimit(RLIMIT_CORE, &none));
}

DENY_WITH(setrlimit, system, tune, "", limit_lower)
{
	return CALL(SYS_setrlimit, RLIMIT_CORE, &raised);
}
DENY_WITH(prlimit64, system, tune, "", limit_lower)
{
	return CALL(SYS_prlimit64, 0, RLIMIT_CORE, &raised, NULL);
}

static const struct sched_param plain = { .sched_priority = 0 };
static const struct sched_param first = { .sched_priority = 1 };
static struct kernel_sched_attr attributes = { .size = sizeof(attributes), .nice = 1 };

DENY(setpriority, process, priority) { return CALL(SYS_setpriority, PRIO_PROCESS, VICTIM, 1); }
DENY(ioprio_set, process, priority) { return CALL(SYS_ioprio_set, 1, VICTIM, 2 << 13 | 4); }
DENY(sched_setaffinity, process, priority)
{
	scratch[0] = 1;
	return CALL(SYS_sched_setaffinity, VICTIM, sizeof(scratch[0]), scratch);
}
DENY(sched_setparam, process, priority) { return CALL(SYS_sched_setparam, VICTIM, &plain); }
DENY(sched_setscheduler, process, priority)
{
	return CALL(SYS_sched_setscheduler, 0, SCHED_FIFO, &first);
}
DENY(sched_setattr, process, priority) { return CALL(SYS_sched_setattr, VICTIM, &attributes, 0); }

static siginfo_t information = { .si_signo = SIGURG, .si_code = SI_QUEUE };
static struct { int type, pid; } owner;

DENY(kill, process, signal) { return CALL(SYS_kill, VICTIM, SIGURG); }
DENY(tkill, process, signal) { return CALL(SYS_tkill, VICTIM, SIGURG); }
DENY(tgkill, process, signal) { return CALL(SYS_tgkill, VICTIM, VICTIM, SIGURG); }
DENY(rt_sigqueueinfo, process, signal)
{
	return CALL(SYS_rt_sigqueueinfo, VICTIM, SIGURG, &information);
}
DENY(rt_tgsigqueueinfo, process, signal)
{
	return CALL(SYS_rt_tgsigqueueinfo, VICTIM, VICTIM, SIGURG, &information);
}
DENY(pidfd_send_signal, process, signal)
{
	return CALL(SYS_pidfd_send_signal, deny_world.victim_file, SIGURG, NULL, 0);
}
DENY(F_SETOWN, process, signal) { return CALL(SYS_fcntl, deny_world.file, F_SETOWN, VICTIM); }
DENY(F_SETOWN_EX, process, signal)
{
	owner.type = 1;
	owner.pid = VICTIM;
	return CALL(SYS_fcntl, deny_world.file, 15, &owner);
}

static struct timespec wall;
static struct timeval day;
static struct timex adjustment;
static char name[65];

static void clock_read(void)
{
	clock_gettime(CLOCK_REALTIME, &wall);
	day.tv_sec = wall.tv_sec;
	adjustment.modes = 0;
	syscall(SYS_adjtimex, &adjustment);
	adjustment.modes = ADJ_FREQUENCY;
}

static void name_read(void)
{
	REQUIRE_OK(gethostname(name, sizeof(name)));
}

DENY_WITH(clock_settime, time, set, "", clock_read)
{
	return CALL(SYS_clock_settime, CLOCK_REALTIME, &wall);
}
DENY_WITH(settimeofday, time, set, "", clock_read) { return CALL(SYS_settimeofday, &day, NULL); }
DENY_WITH(adjtimex, time, set, "", clock_read) { return CALL(SYS_adjtimex, &adjustment); }
DENY_WITH(clock_adjtime, time, set, "", clock_read)
{
	return CALL(SYS_clock_adjtime, CLOCK_REALTIME, &adjustment);
}
DENY_WITH(sethostname, system, hostname, "", name_read)
{
	return CALL(SYS_sethostname, name, strlen(name));
}
DENY(setdomainname, system, hostname) { return CALL(SYS_setdomainname, "(none)", 6); }
/* SYSLOG_ACTION_SIZE_UNREAD. */
DENY(syslog, system, log) { return CALL(SYS_syslog, 9, NULL, 0); }
DENY(vhangup, session, create) { return CALL(SYS_vhangup); }
/* LINUX_REBOOT_CMD_CAD_OFF: all that reboot(2) can do and the machine survives. */
DENY(reboot, power, control) { return CALL(SYS_reboot, 0xfee1dead, 672274793, 0, NULL); }
