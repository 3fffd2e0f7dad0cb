/*
 * Calls about the system as a whole: uname, names of the host, sysinfo,
 * getrandom, syslog, personality, prctl, and reboot's refusals.
 */
#include "support.h"
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#ifndef GRND_INSECURE
#define GRND_INSECURE 4
#endif

TEST(uname_fields)
{
	struct { char fields[6][65]; char after[6]; } names;
	char text[65];

	poison(&names, sizeof(names));
	CHECK_OK(syscall(SYS_uname, &names));
	CHECK_UNTOUCHED(names.after, 6);
	CHECK_TEXT(names.fields[0], "Linux");
	for (int i = 0; i < 6; i++)
		CHECK(memchr(names.fields[i], 0, 65) != NULL);
	CHECK(strlen(names.fields[2]) > 0 && strlen(names.fields[4]) > 0);
	file_read("/proc/sys/kernel/osrelease", text, sizeof(text));
	text[strcspn(text, "\n")] = 0;
	CHECK_TEXT(names.fields[2], text);
	CHECK_FAULTS(syscall(SYS_uname, bad));
}

TEST(host_and_domain_names)
{
	struct utsname before, names;
	char text[80];

	REQUIRE_OK(uname(&before));
	CHECK_OK(syscall(SYS_sethostname, "abi-host", 8));
	CHECK_OK(syscall(SYS_setdomainname, "abi.domain.x", 10));
	REQUIRE_OK(uname(&names));
	CHECK_TEXT(names.nodename, "abi-host");
	CHECK_TEXT(names.domainname, "abi.domain");
	file_read("/proc/sys/kernel/hostname", text, sizeof(text));
	CHECK_TEXT(text, "abi-host\n");
	CHECK_ERRNO(syscall(SYS_sethostname, text, 65), EINVAL);
	CHECK_ERRNO(syscall(SYS_sethostname, text, -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_setdomainname, text, 65), EINVAL);
	CHECK_FAULTS(syscall(SYS_sethostname, bad, 5));
	CHECK_FAULTS(syscall(SYS_setdomainname, bad, 5));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_sethostname, "x", 1), EPERM);
		CHECK_ERRNO(syscall(SYS_setdomainname, "x", 1), EPERM);
	}
	REQUIRE_OK(uname(&names));
	CHECK_TEXT(names.nodename, "abi-host");
	syscall(SYS_sethostname, before.nodename, strlen(before.nodename));
	syscall(SYS_setdomainname, before.domainname, strlen(before.domainname));
}

TEST(sysinfo_fields)
{
	char bytes[512];
	struct sysinfo *info = (void *)bytes;

	poison(bytes, sizeof(bytes));
	CHECK_OK(syscall(SYS_sysinfo, bytes));
	CHECK_UNTOUCHED(bytes + 112, 400);
	CHECK(llabs(clock_now(CLOCK_BOOTTIME) / NANOSECONDS - (long long)info->uptime) <= 2);
	CHECK_EQUAL(info->mem_unit, 1);
	CHECK(info->totalram > 10 << 20 && info->freeram < info->totalram);
	CHECK_AT_LEAST(info->procs, 2);
	CHECK(llabs((long long)info->totalram / 1024 -
		    field_number("/proc/meminfo", "MemTotal", 10)) < 1024);
	CHECK_FAULTS(syscall(SYS_sysinfo, bad));
}

TEST(random_bytes)
{
	unsigned char one[300], two[300];
	char *edge = edge_bytes(10);

	poison(one, sizeof(one));
	CHECK_EQUAL(syscall(SYS_getrandom, one, 256, 0), 256);
	CHECK_UNTOUCHED(one + 256, 44);
	CHECK_EQUAL(syscall(SYS_getrandom, two, 256, 0), 256);
	CHECK(memcmp(one, two, 256) != 0);
	CHECK_EQUAL(syscall(SYS_getrandom, one, 0, 0), 0);
	CHECK_EQUAL(syscall(SYS_getrandom, one, 16, GRND_INSECURE), 16);
	CHECK_EQUAL(syscall(SYS_getrandom, one, 16, 1), 16);
	CHECK_EQUAL(syscall(SYS_getrandom, one, 16, 2), 16);
	CHECK_ERRNO(syscall(SYS_getrandom, one, 16, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_getrandom, one, 16, 4 | 2), EINVAL);
	CHECK_FAULTS(syscall(SYS_getrandom, bad, 16, 0));
	CHECK_ERRNO(syscall(SYS_getrandom, edge + 10, 16, 0), EFAULT);
}

TEST(kernel_log)
{
	char buffer[4096];
	long size = REQUIRE_OK(syscall(SYS_syslog, 10, NULL, 0));

	CHECK(size >= 4096);
	CHECK_AT_LEAST(syscall(SYS_syslog, 3, buffer, sizeof(buffer)), 1);
	CHECK_AT_LEAST(syscall(SYS_syslog, 9, NULL, 0), 0);
	CHECK_ERRNO(syscall(SYS_syslog, 99, buffer, 10), EINVAL);
	CHECK_ERRNO(syscall(SYS_syslog, 3, NULL, 10), EINVAL);
	CHECK_ERRNO(syscall(SYS_syslog, 3, buffer, -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_syslog, 8, NULL, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_syslog, 8, NULL, 9), EINVAL);
	/* Room for the last record, however long: without it nothing is copied. */
	CHECK_FAULTS(syscall(SYS_syslog, 3, bad, sizeof(buffer)));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_syslog, 5, NULL, 0), EPERM);
		CHECK_ERRNO(syscall(SYS_syslog, 3, buffer, sizeof(buffer)), EPERM);
		CHECK_ERRNO(syscall(SYS_syslog, 10, NULL, 0), EPERM);
	}
}

TEST(personality_of_old_programs)
{
	struct utsname names;

	/* PER_LINUX32. The CPU under Linux may run programs of 32 bits, Aegis runs none. */
	if (MAY_REFUSE_32_BITS && !runs_on_linux()) {
		CHECK_ERRNO(syscall(SYS_personality, 8), EINVAL);
		CHECK_EQUAL(syscall(SYS_personality, 0xffffffff), 0);
	} else {
		REQUIRE_OK(syscall(SYS_personality, 8));
		REQUIRE_OK(uname(&names));
		CHECK_TEXT(names.machine, MACHINE_OF_32_BITS);
	}
	REQUIRE_OK(syscall(SYS_personality, 0));
	REQUIRE_OK(uname(&names));
	CHECK(strcmp(names.machine, MACHINE_OF_32_BITS) != 0);
	/* READ_IMPLIES_EXEC does not outlive a program, ADDR_NO_RANDOMIZE does. */
	IN_CHILD {
		char *arguments[] = { "x", "--helper", "personality", NULL };

		REQUIRE_OK(syscall(SYS_personality, 0x0400000 | ADDR_NO_RANDOMIZE));
		CHECK_EQUAL(syscall(SYS_personality, 0xffffffff), 0x0400000 | ADDR_NO_RANDOMIZE);
		execve(check_program, arguments, environ);
		CHECK(false);
	}
}

HELPER(personality)
{
	(void)argc;
	(void)argv;
	return syscall(SYS_personality, 0xffffffff) == ADDR_NO_RANDOMIZE ? 0 : 1;
}

TEST(personality_is_kept)
{
	CHECK_EQUAL(syscall(SYS_personality, 0xffffffff), 0);
	CHECK_EQUAL(syscall(SYS_personality, ADDR_NO_RANDOMIZE), 0);
	CHECK_EQUAL(syscall(SYS_personality, 0xffffffff), ADDR_NO_RANDOMIZE);
	IN_CHILD {
		CHECK_EQUAL(syscall(SYS_personality, 0), ADDR_NO_RANDOMIZE);
	}
	CHECK_EQUAL(syscall(SYS_personality, 0), ADDR_NO_RANDOMIZE);
}

TEST(reboot_refusals)
{
	CHECK_ERRNO(syscall(SYS_reboot, 0, 672274793, 0, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_reboot, 0xfee1dead, 1, 0, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_reboot, 0xfee1dead, 672274793, 0x12345, NULL), EINVAL);
	CHECK_OK(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_reboot, 0xfee1dead, 672274793, 0x1234567, NULL), EPERM);
	}
}

TEST(names_of_threads)
{
	char name[20];

	poison(name, sizeof(name));
	CHECK_OK(syscall(SYS_prctl, PR_SET_NAME, "a-name-that-is-too-long", 0, 0, 0));
	CHECK_OK(syscall(SYS_prctl, PR_GET_NAME, name, 0, 0, 0));
	CHECK_TEXT(name, "a-name-that-is-");
	CHECK_UNTOUCHED(name + 16, 4);
	char text[40];

	file_read("/proc/self/comm", text, sizeof(text));
	CHECK_TEXT(text, "a-name-that-is-\n");
	CHECK_FAULTS(syscall(SYS_prctl, PR_SET_NAME, bad, 0, 0, 0));
	CHECK_FAULTS(syscall(SYS_prctl, PR_GET_NAME, bad, 0, 0, 0));
}

TEST(process_attributes)
{
	int value[2];

	CHECK_EQUAL(syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
	CHECK_OK(syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0));
	CHECK_EQUAL(syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	CHECK_ERRNO(syscall(SYS_prctl, PR_SET_DUMPABLE, 2, 0, 0, 0), EINVAL);
	CHECK_EQUAL(syscall(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	CHECK_OK(syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK_EQUAL(syscall(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	CHECK_ERRNO(syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	IN_CHILD {
		CHECK_EQUAL(syscall(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	}
	poison(value, sizeof(value));
	CHECK_OK(syscall(SYS_prctl, PR_GET_CHILD_SUBREAPER, value, 0, 0, 0));
	CHECK_EQUAL(value[0], 0);
	CHECK_UNTOUCHED(&value[1], 4);
	CHECK_OK(syscall(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	CHECK_OK(syscall(SYS_prctl, PR_GET_CHILD_SUBREAPER, value, 0, 0, 0));
	CHECK_EQUAL(value[0], 1);
	CHECK_FAULTS(syscall(SYS_prctl, PR_GET_CHILD_SUBREAPER, bad, 0, 0, 0));
	CHECK_ERRNO(syscall(SYS_prctl, PR_SET_PDEATHSIG, 65, 0, 0, 0), EINVAL);
	CHECK_FAULTS(syscall(SYS_prctl, PR_GET_PDEATHSIG, bad, 0, 0, 0));
	CHECK_ERRNO(syscall(SYS_prctl, 9999, 0, 0, 0, 0), EINVAL);
}

TEST(timer_slack)
{
	CHECK_EQUAL(syscall(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0), 50000);
	CHECK_OK(syscall(SYS_prctl, PR_SET_TIMERSLACK, 1000, 0, 0, 0));
	CHECK_EQUAL(syscall(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0), 1000);
	CHECK_OK(syscall(SYS_prctl, PR_SET_TIMERSLACK, 0, 0, 0, 0));
	CHECK_EQUAL(syscall(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0), 50000);
}
