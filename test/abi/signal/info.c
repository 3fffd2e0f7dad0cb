/*
 * Sending signals with information: sigqueueinfo, tgkill and tkill, faults'
 * codes and addresses, each byte that handlers see.
 */
#include "support.h"
#include <setjmp.h>
#include <sys/resource.h>

static siginfo_t seen;
static volatile int seen_count;
static sigjmp_buf back;

static void keep(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	seen = *info;
	seen_count++;
}

static void keep_and_jump(int number, siginfo_t *info, void *context)
{
	keep(number, info, context);
	siglongjmp(back, 1);
}

static void keep_install(int number)
{
	struct sigaction action = { .sa_sigaction = keep, .sa_flags = SA_SIGINFO };

	REQUIRE_OK(sigaction(number, &action, NULL));
	poison(&seen, sizeof(seen));
	seen_count = 0;
}

TEST(information_of_kill)
{
	keep_install(SIGUSR1);
	CHECK_OK(syscall(SYS_kill, getpid(), SIGUSR1));
	CHECK_EQUAL(seen_count, 1);
	CHECK_EQUAL(seen.si_signo, SIGUSR1);
	CHECK_EQUAL(seen.si_errno, 0);
	CHECK_EQUAL(seen.si_code, SI_USER);
	CHECK_EQUAL(seen.si_pid, getpid());
	CHECK_EQUAL(seen.si_uid, 0);
	CHECK_FILLED((char *)&seen + 12, 0, 4);
	CHECK_FILLED((char *)&seen + 24, 0, 104);
}

TEST(information_of_tgkill)
{
	keep_install(SIGUSR1);
	CHECK_OK(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1));
	CHECK_EQUAL(seen.si_code, SI_TKILL);
	CHECK_EQUAL(seen.si_pid, getpid());
	CHECK_FILLED((char *)&seen + 24, 0, 104);
	CHECK_OK(syscall(SYS_tkill, getpid(), SIGUSR1));
	CHECK_EQUAL(seen_count, 2);
}

TEST(kill_refusals)
{
	CHECK_ERRNO(syscall(SYS_kill, getpid(), 65), EINVAL);
	CHECK_ERRNO(syscall(SYS_kill, getpid(), -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_kill, 0x7ffffff0, SIGTERM), ESRCH);
	CHECK_ERRNO(syscall(SYS_kill, 0x80000000, SIGTERM), ESRCH);
	CHECK_ERRNO(syscall(SYS_kill, -0x7ffffff0, 0), ESRCH);
	CHECK_OK(syscall(SYS_kill, getpid(), 0));
	CHECK_ERRNO(syscall(SYS_tgkill, getpid(), 0x7ffffff0, 0), ESRCH);
	CHECK_ERRNO(syscall(SYS_tgkill, getppid(), getpid(), 0), ESRCH);
	CHECK_ERRNO(syscall(SYS_tgkill, 0, getpid(), 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_tgkill, getpid(), 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_tgkill, getpid(), -1, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_tgkill, getpid(), getpid(), 65), EINVAL);
	CHECK_ERRNO(syscall(SYS_tkill, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_tkill, 0x7ffffff0, 0), ESRCH);
	CHECK_ERRNO(syscall(SYS_tkill, getpid(), 65), EINVAL);
	CHECK_OK(syscall(SYS_tkill, getpid(), 0));
}

TEST(queued_information_arrives_whole)
{
	siginfo_t info;

	keep_install(SIGRTMIN);
	poison(&info, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_errno = 77;
	info.si_pid = 5555;
	info.si_uid = 6666;
	info.si_value.sival_ptr = (void *)0x1020304050607080;
	CHECK_OK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info));
	CHECK_EQUAL(seen_count, 1);
	CHECK_EQUAL(seen.si_signo, SIGRTMIN);
	CHECK_EQUAL(seen.si_errno, 77);
	CHECK_EQUAL(seen.si_pid, 5555);
	CHECK_EQUAL(seen.si_uid, 6666);
	CHECK(seen.si_ptr == info.si_value.sival_ptr);
	CHECK_OK(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGRTMIN, &info));
	CHECK_EQUAL(seen_count, 2);
}

TEST(queue_refusals)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, 0x7ffffff0, SIGRTMIN, &info), ESRCH);
	CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, pid, 65, &info), EINVAL);
	CHECK_FAULTS(syscall(SYS_rt_sigqueueinfo, pid, SIGRTMIN, bad));
	CHECK_FAULTS(syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGRTMIN, bad));
	info.si_code = SI_USER;
	CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, pid, SIGRTMIN, &info), EPERM);
	info.si_code = SI_TKILL;
	CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, pid, SIGRTMIN, &info), EPERM);
	CHECK_ERRNO(syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGRTMIN, &info), EPERM);
	info.si_code = 5;
	CHECK_ERRNO(syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGRTMIN, &info), EPERM);
	info.si_code = SI_QUEUE;
	CHECK_ERRNO(syscall(SYS_rt_tgsigqueueinfo, pid, 0, SIGRTMIN, &info), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_tgsigqueueinfo, getpid(), pid, SIGRTMIN, &info), ESRCH);
	CHECK_OK(syscall(SYS_rt_sigqueueinfo, pid, 0, &info));
	CHECK_OK(syscall(SYS_rt_sigqueueinfo, pid, SIGTERM, &info));
	CHECK_EQUAL(child_wait(pid), SIGTERM);
}

TEST(queue_limit)
{
	struct rlimit limit = { 5, 5 };
	siginfo_t info = { .si_code = SI_QUEUE };
	uint64_t mask = SIGNAL_BIT(34) | SIGNAL_BIT(SIGUSR1);
	int queued = 0;

	REQUIRE_OK(setresuid(4321, 4321, 4321));
	REQUIRE_OK(setrlimit(RLIMIT_SIGPENDING, &limit));
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8));
	while (queued < 100 && syscall(SYS_rt_sigqueueinfo, getpid(), 34, &info) == 0)
		queued++;
	CHECK_EQUAL(errno, EAGAIN);
	CHECK_EQUAL(queued, 5);
	CHECK_OK(kill(getpid(), 34));
	CHECK_OK(kill(getpid(), SIGUSR1));
}

static int jump_from(void (*action)(void))
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	struct sigaction handler = { .sa_sigaction = keep_and_jump, .sa_flags = SA_SIGINFO };

	for (size_t i = 0; i < COUNT(faults); i++)
		REQUIRE_OK(sigaction(faults[i], &handler, NULL));
	seen_count = 0;
	if (sigsetjmp(back, 1) == 0)
		action();
	return seen_count ? seen.si_signo : 0;
}

static char *volatile target;

static void read_target(void)
{
	(void)*(volatile char *)target;
}

static void write_target(void)
{
	*(volatile char *)target = 1;
}

static void call_target(void)
{
	((void (*)(void))(uintptr_t)target)();
}

TEST(segmentation_faults)
{
	char *page = pages_private(1);
	static const struct { unsigned long address; int code; } cases[] = {
		{ 0, SEGV_MAPERR }, { 8, SEGV_MAPERR }, { 0x7ffffffff000, SEGV_MAPERR },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		target = (char *)cases[i].address;
		CHECK_EQUAL(jump_from(read_target), SIGSEGV);
		CHECK_EQUAL(seen.si_code, cases[i].code);
		CHECK(seen.si_addr == target);
		CHECK_EQUAL(jump_from(write_target), SIGSEGV);
		CHECK(seen.si_addr == target);
	}
	REQUIRE_OK(mprotect(page, PAGE, PROT_READ));
	target = page + 123;
	CHECK_EQUAL(jump_from(write_target), SIGSEGV);
	CHECK_EQUAL(seen.si_code, SEGV_ACCERR);
	CHECK(seen.si_addr == target);
	CHECK_EQUAL(jump_from(read_target), 0);
	CHECK_EQUAL(jump_from(call_target), SIGSEGV);
	CHECK_EQUAL(seen.si_code, SEGV_ACCERR);
	CHECK(seen.si_addr == target);
}

TEST(kernel_addresses_fault_like_any_other)
{
	target = (char *)0xffffffff81000000;
	CHECK_EQUAL(jump_from(read_target), SIGSEGV);
	CHECK_EQUAL(seen.si_code, SEGV_MAPERR);
	CHECK(seen.si_addr == target);
	CHECK_EQUAL(jump_from(write_target), SIGSEGV);
	CHECK_EQUAL(jump_from(call_target), SIGSEGV);
}

TEST(blocked_fault_kills)
{
	pid_t pid = fork();

	if (pid == 0) {
		uint64_t mask = ~0ull;

		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		keep_install(SIGSEGV);
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
		target = NULL;
		read_target();
		_exit(0);
	}
	CHECK_EQUAL(child_wait(pid), SIGSEGV);
	pid = fork();
	if (pid == 0) {
		signal_ignore(SIGSEGV);
		target = NULL;
		read_target();
		_exit(0);
	}
	CHECK_EQUAL(child_wait(pid) & 0x7f, SIGSEGV);
}

static void fix(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	mprotect((void *)((uintptr_t)info->si_addr & -PAGE), PAGE, PROT_READ | PROT_WRITE);
}

TEST(handler_may_fix_and_return)
{
	static char *page;
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	page = pages_private(1);
	REQUIRE_OK(mprotect(page, PAGE, PROT_NONE));
	action.sa_sigaction = fix;
	target = page + 7;
	REQUIRE_OK(sigaction(SIGSEGV, &action, NULL));
	write_target();
	CHECK_EQUAL(page[7], 1);
}

TEST(core_flag_follows_the_limit)
{
	struct rlimit limit = { 0, 0 };
	pid_t pid;

	REQUIRE_OK(setrlimit(RLIMIT_CORE, &limit));
	pid = fork();
	if (pid == 0)
		abort();
	CHECK_EQUAL(child_wait(pid), SIGABRT);
}
