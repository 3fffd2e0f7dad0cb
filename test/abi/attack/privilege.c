/*
 * User 0 without one of Linux's capabilities: what only that capability allows
 * is refused, and what needs none goes on working.
 */
#include "support.h"
#include <sched.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum {
	CAP_CHOWN = 0, CAP_DAC_OVERRIDE = 1, CAP_FOWNER = 3, CAP_KILL = 5, CAP_SETUID = 7,
	CAP_IPC_LOCK = 14, CAP_SYS_CHROOT = 18, CAP_SYS_ADMIN = 21, CAP_SYS_NICE = 23,
	CAP_SYS_RESOURCE = 24, CAP_SYS_TIME = 25, CAP_MKNOD = 27,
};

struct header {
	unsigned int version;
	int pid;
};

/* For ever gone from the permitted and effective sets. */
static void capability_lose(int which)
{
	struct header header = { 0x20080522, 0 };
	unsigned int data[6];

	REQUIRE_OK(syscall(SYS_capget, &header, data));
	for (int set = 0; set < 3; set++)
		data[which / 32 * 3 + set] &= ~(1u << which % 32);
	REQUIRE_OK(syscall(SYS_capset, &header, data));
}

/* A child of user NOBODY that sleeps until it is killed. */
static pid_t foreign_process(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	REQUIRE_OK(pipe(ready));
	pid = fork();
	if (pid == 0) {
		user_become(NOBODY);
		write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	REQUIRE(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void process_end(pid_t pid)
{
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
}

TEST(signals_to_other_users)
{
	pid_t pid = foreign_process();

	IN_CHILD {
		CHECK_OK(kill(pid, 0));
		capability_lose(CAP_KILL);
		CHECK_ERRNO(kill(pid, 0), EPERM);
		CHECK_ERRNO(kill(pid, SIGKILL), EPERM);
		CHECK_ERRNO(syscall(SYS_tgkill, pid, pid, SIGTERM), EPERM);
		CHECK_OK(kill(pid, SIGCONT));
		CHECK_OK(kill(getppid(), 0));
	}
	CHECK_EQUAL(process_state(pid), 'S');
	process_end(pid);
}

TEST(priorities_of_other_users)
{
	struct sched_param one = { .sched_priority = 1 }, none = { 0 };
	unsigned long mask[16] = { 1 };
	pid_t pid = foreign_process();

	IN_CHILD {
		capability_lose(CAP_SYS_NICE);
		CHECK_ERRNO(syscall(SYS_setpriority, PRIO_PROCESS, pid, 5), EPERM);
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, pid, SCHED_BATCH, &none), EPERM);
		CHECK_ERRNO(syscall(SYS_sched_setaffinity, pid, sizeof(mask), mask), EPERM);
		CHECK_ERRNO(syscall(SYS_setpriority, PRIO_PROCESS, 0, -1), EACCES);
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &one), EPERM);
		CHECK_OK(syscall(SYS_setpriority, PRIO_PROCESS, 0, 5));
		CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &none));
	}
	process_end(pid);
}

TEST(hard_limits)
{
	struct rlimit lower = { 10, 10 }, higher = { 10, 11 }, old;
	pid_t pid = foreign_process();

	IN_CHILD {
		capability_lose(CAP_SYS_RESOURCE);
		CHECK_OK(setrlimit(RLIMIT_CORE, &lower));
		CHECK_ERRNO(setrlimit(RLIMIT_CORE, &higher), EPERM);
		CHECK_OK(getrlimit(RLIMIT_CORE, &old));
		CHECK_EQUAL(old.rlim_max, 10);
		CHECK_ERRNO(syscall(SYS_prlimit64, pid, RLIMIT_CORE, NULL, &old), EPERM);
	}
	process_end(pid);
}

TEST(locked_memory)
{
	struct rlimit small = { 4 * PAGE, 4 * PAGE };
	char *pages = pages_private(16);

	CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &small));
	CHECK_OK(syscall(SYS_mlock, pages, 16 * PAGE));
	CHECK_OK(syscall(SYS_munlock, pages, 16 * PAGE));
	IN_CHILD {
		capability_lose(CAP_IPC_LOCK);
		CHECK_ERRNO(syscall(SYS_mlock, pages, 16 * PAGE), ENOMEM);
		CHECK_OK(syscall(SYS_mlock, pages, 4 * PAGE));
	}
}

/* What was allowed with the capability does not stay allowed after it is gone. */
TEST(locked_memory_after_the_loss)
{
	struct rlimit small = { 8 * PAGE, 8 * PAGE };
	char *pages = pages_private(4), *more;

	CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &small));
	CHECK_OK(syscall(SYS_mlock, pages, 4 * PAGE));
	capability_lose(CAP_IPC_LOCK);
	more = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	CHECK(more == MAP_FAILED && errno == EAGAIN);
	more = mremap(pages, 4 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	CHECK(more == MAP_FAILED && errno == EAGAIN);
	CHECK_ERRNO(syscall(SYS_mlockall, MCL_CURRENT), ENOMEM);
}

TEST(files_of_others)
{
	pid_t pid;

	file_write("mine", "x");
	REQUIRE_OK(chown("mine", NOBODY, NOBODY));
	REQUIRE_OK(chmod("mine", 0600));
	IN_CHILD {
		capability_lose(CAP_DAC_OVERRIDE);
		capability_lose(2);		/* CAP_DAC_READ_SEARCH */
		CHECK_ERRNO(open("mine", O_RDONLY), EACCES);
	}
	IN_CHILD {
		capability_lose(CAP_FOWNER);
		CHECK_ERRNO(chmod("mine", 0644), EPERM);
		CHECK_OK(close(open("mine", O_RDWR)));
	}
	IN_CHILD {
		capability_lose(CAP_CHOWN);
		CHECK_ERRNO(chown("mine", 0, 0), EPERM);
	}
	IN_CHILD {
		capability_lose(CAP_MKNOD);
		CHECK_ERRNO(mknod("node", S_IFCHR | 0600, 0x103), EPERM);
		CHECK_OK(mknod("pipe", S_IFIFO | 0600, 0));
	}
	pid = foreign_process();
	process_end(pid);
}

TEST(roots_mounts_and_clocks)
{
	struct timespec now;

	REQUIRE_OK(mkdir("root", 0755));
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
	IN_CHILD {
		capability_lose(CAP_SYS_CHROOT);
		CHECK_ERRNO(chroot("root"), EPERM);
	}
	IN_CHILD {
		capability_lose(CAP_SYS_ADMIN);
		CHECK_ERRNO(syscall(SYS_mount, "none", "root", "tmpfs", 0, NULL), EPERM);
		CHECK_ERRNO(syscall(SYS_umount2, "/proc", 0), EPERM);
		CHECK_ERRNO(syscall(SYS_sethostname, "name", 4), EPERM);
	}
	IN_CHILD {
		capability_lose(CAP_SYS_TIME);
		CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_REALTIME, &now), EPERM);
	}
	IN_CHILD {
		capability_lose(CAP_SETUID);
		CHECK_ERRNO(syscall(SYS_setuid, NOBODY), EPERM);
		CHECK_ERRNO(syscall(SYS_setresuid, -1, NOBODY, -1), EPERM);
		CHECK_OK(syscall(SYS_setresgid, -1, NOBODY, -1));
	}
}

/* Losing is for ever: exec of a program as user 0 gives back only what the bounding set has. */
TEST(everybody_at_once)
{
	IN_CHILD {
		user_become(NOBODY);
		/* All refuse, which is no error as long as there is anybody. */
		CHECK_OK(syscall(SYS_kill, -1, 0));
	}
}

/* Inspecting: a process that changed its ids is hidden from those who have them now. */
TEST(processes_are_not_looked_into)
{
	pid_t hidden = foreign_process(), root = fork();
	char name[64];

	if (root == 0)
		for (;;)
			pause();
	IN_CHILD {
		void *head;
		size_t length;
		long fd;

		user_become(NOBODY);
		snprintf(name, sizeof(name), "/proc/%d/environ", hidden);
		CHECK_ERRNO(open(name, O_RDONLY), EACCES);
		CHECK_ERRNO(open("/proc/self/environ", O_RDONLY), EACCES);
		fd = REQUIRE_OK(syscall(SYS_pidfd_open, root, 0));
		CHECK_ERRNO(syscall(SYS_pidfd_getfd, fd, 1, 0), EPERM);
		fd = REQUIRE_OK(syscall(SYS_pidfd_open, hidden, 0));
		CHECK_ERRNO(syscall(SYS_pidfd_getfd, fd, 1, 0), EPERM);
		CHECK_ERRNO(syscall(SYS_get_robust_list, root, &head, &length), EPERM);
		CHECK_EQUAL(prctl(PR_GET_DUMPABLE), 0);
		CHECK_OK(prctl(PR_SET_DUMPABLE, 1));
		CHECK_OK(close(open("/proc/self/environ", O_RDONLY)));
	}
	process_end(hidden);
	process_end(root);
}

HELPER(what_exec_left)
{
	int death = -1;

	(void)argc;
	prctl(PR_GET_PDEATHSIG, &death);
	/* Secure, dumpable, signal at the parent's death. */
	return (getauxval(AT_SECURE) != 0) + 2 * prctl(PR_GET_DUMPABLE) +
	       4 * (death == atoi(argv[0]));
}

static int executed(const char *program)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGUSR1);
		execl(program, program, "--helper", "what_exec_left", "10", NULL);
		_exit(99);
	}
	return child_exit_code(pid);
}

TEST(exec_tells_of_borrowed_ids)
{
	CHECK_EQUAL(executed(check_program), 2 + 4);
	IN_CHILD {
		CHECK_OK(syscall(SYS_setresuid, NOBODY, 0, 0));
		CHECK_EQUAL(executed(check_program), 1);
	}
	IN_CHILD {
		CHECK_OK(syscall(SYS_setresgid, NOBODY, -1, -1));
		CHECK_EQUAL(executed(check_program), 1);
	}
}

TEST(exec_of_what_cannot_be_read)
{
	char command[8192];

	snprintf(command, sizeof(command), "cp %s copy", check_program);
	REQUIRE(system(command) == 0);
	REQUIRE_OK(chmod("copy", 0111));
	REQUIRE_OK(chmod(".", 0755));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_EQUAL(executed("./copy") & 2, 0);
	}
}

TEST(secure_bits_hold)
{
	IN_CHILD {
		/* Without the fix-up, capabilities stay through a change of user. */
		CHECK_OK(prctl(PR_SET_SECUREBITS, 0x0c));	/* NO_SETUID_FIXUP, locked */
		CHECK_ERRNO(prctl(PR_SET_SECUREBITS, 0), EPERM);
		CHECK_ERRNO(prctl(PR_SET_SECUREBITS, 0x08), EPERM);
		CHECK_OK(syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY));
		CHECK_OK(syscall(SYS_sethostname, "", 0));
	}
	IN_CHILD {
		CHECK_OK(prctl(PR_SET_SECUREBITS, 0x20));	/* KEEP_CAPS, locked */
		CHECK_ERRNO(prctl(PR_SET_KEEPCAPS, 1), EPERM);
	}
	IN_CHILD {
		capability_lose(8);		/* CAP_SETPCAP */
		CHECK_ERRNO(prctl(PR_SET_SECUREBITS, 0x04), EPERM);
		CHECK_ERRNO(prctl(PR_CAPBSET_DROP, CAP_KILL), EPERM);
	}
}

/* Signals of files go where the one that asked for them could send them itself. */
TEST(signals_of_files_opened_by_others)
{
	int ends[2];

	signal_counted(SIGUSR1, 0);
	REQUIRE_OK(pipe(ends));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_OK(fcntl(ends[0], F_SETSIG, SIGUSR1));
		CHECK_OK(fcntl(ends[0], F_SETOWN, getppid()));
		CHECK_OK(fcntl(ends[0], F_SETFL, O_RDONLY | O_ASYNC));
		CHECK_EQUAL(fcntl(ends[0], F_GETOWN), getppid());
		write(ends[1], "x", 1);
	}
	IN_CHILD {
		user_become(NOBODY);
		CHECK_OK(fcntl(ends[0], F_SETOWN, -getpgid(getppid())));
		write(ends[1], "x", 1);
	}
	sleep_milliseconds(50);
	CHECK_EQUAL(signal_count(SIGUSR1), 0);
	CHECK_OK(fcntl(ends[0], F_SETOWN, getpid()));
	write(ends[1], "x", 1);
	CHECK_EQUAL(signal_count(SIGUSR1), 1);
}

/* The owner is the process, not its number: when it has gone there is none. */
TEST(an_owner_that_has_gone)
{
	int ends[2];
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	REQUIRE_OK(pipe(ends));
	CHECK_OK(fcntl(ends[0], F_SETOWN, pid));
	CHECK_EQUAL(fcntl(ends[0], F_GETOWN), pid);
	process_end(pid);
	CHECK_EQUAL(fcntl(ends[0], F_GETOWN), 0);
	CHECK_ERRNO(fcntl(ends[0], F_SETOWN, pid), ESRCH);
}

TEST(numbers_of_processes_are_not_chosen_by_all)
{
	pid_t number = 31999;
	struct clone_arguments {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
			set_tid, set_tid_size;
	} arguments = {
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&number, .set_tid_size = 1,
	};

	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_clone3, &arguments, sizeof(arguments)), EPERM);
	}
}

/* A name that a program gave itself does not become a line of its own in a file about it. */
TEST(names_do_not_break_lines)
{
	char text[64];

	CHECK_OK(prctl(PR_SET_NAME, "a\nUid:\t0\\"));
	CHECK(field_text("/proc/self/status", "Name", text, sizeof(text)));
	CHECK_TEXT(text, "a\\nUid:\t0\\\\");
}

TEST(the_log_is_not_for_everybody)
{
	char text[4096];

	CHECK(syscall(SYS_syslog, 3, text, sizeof(text)) > 0);
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_syslog, 3, text, sizeof(text)), EPERM);
		CHECK_ERRNO(syscall(SYS_syslog, 10, NULL, 0), EPERM);
		CHECK_ERRNO(open("/dev/kmsg", O_RDONLY), EPERM);
	}
}
