/*
 * Restartable sequences on x86_64: a critical section is left through its
 * abort address after a signal or a move, and one that lies is fatal.
 */
#include "support.h"
#include <sched.h>
#include <sys/resource.h>

#define SIGNATURE 0x53053053

struct section {
	uint32_t version, flags;
	uint64_t start, length, abort;
} __attribute__((aligned(32)));

static struct kernel_rseq area;
static struct section section;

/*
 * Spins inside a critical section until it is aborted or `limit` rounds have
 * passed; 1 when it was aborted.
 */
static int spin_in_section(long limit)
{
	int aborted = 0;

	__asm__ volatile("lea 1f(%%rip), %%rax\n\tmov %%rax, %[start]\n"
			 "\tlea 4f(%%rip), %%rcx\n\tmov %%rcx, %[abort]\n"
			 "\tlea 2f(%%rip), %%rcx\n\tsub %%rax, %%rcx\n\tmov %%rcx, %[length]\n"
			 "\tlea %[section], %%rax\n\tmov %%rax, %[pointer]\n"
			 "1:\tsub $1, %[limit]\n\tpause\n\tjnz 1b\n"
			 "2:\tjmp 3f\n"
			 "\t.long 0x53053053\n"
			 "4:\tmovl $1, %[aborted]\n"
			 "3:\n"
			 : [aborted] "+m"(aborted), [limit] "+r"(limit),
			   [start] "=m"(section.start), [abort] "=m"(section.abort),
			   [length] "=m"(section.length),
			   [pointer] "=m"(area.critical_section), [section] "+m"(section)
			 : : "rax", "rcx", "memory", "cc");
	return aborted;
}

static void area_register(void)
{
	REQUIRE_OK(syscall(SYS_rseq, &area, 32, 0, SIGNATURE));
}

TEST(section_that_ends_is_not_aborted)
{
	int finished = 0;

	area_register();
	for (int i = 0; i < 1000; i++)
		finished += spin_in_section(2) == 0;
	CHECK(finished > 900);
}

TEST(signal_aborts_a_section)
{
	area_register();
	ticks_start(20, 0, 0, NULL);
	CHECK_EQUAL(spin_in_section(1l << 40), 1);
	ticks_stop();
	CHECK_EQUAL(area.critical_section, 0);
}

TEST(preemption_aborts_a_section)
{
	unsigned long mask[16] = { 1 };
	pid_t pid;

	REQUIRE_OK(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask));
	pid = fork();
	if (pid == 0)
		for (;;)
			continue;
	area_register();
	CHECK_EQUAL(spin_in_section(1l << 40), 1);
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
}

static int status_of(void (*spoil)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		struct itimerval { long interval[2], value[2]; } soon = { { 0, 0 }, { 0, 20000 } };

		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		area_register();
		signal_counted(SIGALRM, 0);
		syscall(SYS_setitimer, 0, &soon, NULL);
		spoil();
		for (;;)
			__asm__ volatile("pause" ::: "memory");
	}
	return child_wait(pid);
}

static void spoil_pointer(void)
{
	area.critical_section = 0xffff888000000000;
}

static void spoil_version(void)
{
	section = (struct section){ .version = 1, .start = (uintptr_t)spoil_version, .length = 10,
				    .abort = (uintptr_t)status_of };
	area.critical_section = (uintptr_t)&section;
}

static void spoil_abort(void)
{
	section = (struct section){ .start = 0, .length = 1ul << 46, .abort = 1ul << 62 };
	area.critical_section = (uintptr_t)&section;
}

static void spoil_signature(void)
{
	section = (struct section){ .start = 4096, .length = 1ul << 46,
				    .abort = (uintptr_t)&area + 64 };
	area.critical_section = (uintptr_t)&section;
}

TEST(sections_that_lie_kill)
{
	CHECK_EQUAL(status_of(spoil_pointer), SIGSEGV);
	CHECK_EQUAL(status_of(spoil_version), SIGSEGV);
	CHECK_EQUAL(status_of(spoil_abort), SIGSEGV);
	CHECK_EQUAL(status_of(spoil_signature), SIGSEGV);
}

TEST(fork_keeps_the_registration_and_exec_does_not)
{
	area_register();
	IN_CHILD {
		CHECK_ERRNO(syscall(SYS_rseq, &area, 32, 0, SIGNATURE), EBUSY);
	}
	pid_t pid = fork();

	if (pid == 0) {
		execl(check_program, "x", "--helper", "registers", NULL);
		_exit(1);
	}
	CHECK_EQUAL(child_exit_code(pid), 41);
}

HELPER(registers)
{
	(void)argc;
	(void)argv;
	return syscall(SYS_rseq, &area, 32, 0, SIGNATURE) == 0 ? 41 : 2;
}
