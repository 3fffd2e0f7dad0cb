/*
 * Actions, masks, queues and alternate stacks of signals, and what a signal
 * without a handler does.
 */
#include "support.h"
#include <sys/resource.h>

static int order[64];
static volatile int order_count;

static void note(int number)
{
	order[order_count++] = number;
}

static void note_install(int number, unsigned long flags, uint64_t mask_bits)
{
	struct sigaction action = { .sa_handler = note, .sa_flags = flags };

	memcpy(&action.sa_mask, &mask_bits, 8);
	REQUIRE_OK(sigaction(number, &action, NULL));
}

static uint64_t mask_now(void)
{
	uint64_t mask = 0;

	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, 8));
	return mask;
}

static void mask_set(uint64_t mask)
{
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8));
}

TEST(action_read_back)
{
	struct kernel_sigaction set = {
		.handler = note, .flags = SA_RESTART | SA_NODEFER | KERNEL_SA_RESTORER,
		.restorer = (void (*)(void))0x1234, .mask = ~0ull,
	}, got[2];

	poison(got, sizeof(got));
	CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR1, &set, got, 8));
	CHECK_FILLED(got, 0, sizeof(got[0]));
	CHECK_UNTOUCHED(&got[1], sizeof(got[1]));
	CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, got, 8));
	CHECK(got[0].handler == note);
	CHECK_EQUAL(got[0].flags, set.flags);
	CHECK(got[0].restorer == set.restorer);
	CHECK_EQUAL(got[0].mask, ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP)));
}

TEST(unknown_flags_are_cleared)
{
	struct kernel_sigaction set = { .handler = note, .flags = 0x400 | 0x800 | SA_RESTART }, got;

	CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR1, &set, NULL, 8));
	CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &got, 8));
	CHECK_EQUAL(got.flags, SA_RESTART | 0x800);
}

TEST(action_refusals)
{
	struct kernel_sigaction set = { .handler = note };

	CHECK_ERRNO(syscall(SYS_rt_sigaction, 0, &set, NULL, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigaction, 65, &set, NULL, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigaction, -1, &set, NULL, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGKILL, &set, NULL, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGSTOP, &set, NULL, 8), EINVAL);
	CHECK_OK(syscall(SYS_rt_sigaction, SIGKILL, NULL, &set, 8));
	CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, &set, NULL, 4), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, &set, NULL, 16), EINVAL);
	CHECK_FAULTS(syscall(SYS_rt_sigaction, SIGUSR1, bad, NULL, 8));
	CHECK_FAULTS(syscall(SYS_rt_sigaction, SIGUSR1, NULL, bad, 8));
}

TEST(mask_operations)
{
	uint64_t set = SIGNAL_BIT(SIGUSR1), old[2];

	mask_set(SIGNAL_BIT(SIGHUP));
	poison(old, sizeof(old));
	CHECK_OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, old, 8));
	CHECK_EQUAL(old[0], SIGNAL_BIT(SIGHUP));
	CHECK_UNTOUCHED(&old[1], 8);
	CHECK_EQUAL(mask_now(), SIGNAL_BIT(SIGHUP) | SIGNAL_BIT(SIGUSR1));
	CHECK_OK(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8));
	CHECK_EQUAL(mask_now(), SIGNAL_BIT(SIGHUP));
	set = ~0ull;
	CHECK_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8));
	CHECK_EQUAL(mask_now(), ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP)));
	CHECK_OK(syscall(SYS_rt_sigprocmask, 99, NULL, old, 8));
	CHECK_ERRNO(syscall(SYS_rt_sigprocmask, 99, &set, NULL, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), EINVAL);
	CHECK_FAULTS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, bad, NULL, 8));
	CHECK_FAULTS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, bad, 8));
}

TEST(blocked_signals_wait)
{
	uint64_t pending[2];

	note_install(SIGUSR1, 0, 0);
	mask_set(SIGNAL_BIT(SIGUSR1));
	REQUIRE_OK(kill(getpid(), SIGUSR1));
	REQUIRE_OK(kill(getpid(), SIGUSR1));
	CHECK_EQUAL(order_count, 0);
	poison(pending, sizeof(pending));
	CHECK_OK(syscall(SYS_rt_sigpending, pending, 8));
	CHECK_EQUAL(pending[0], SIGNAL_BIT(SIGUSR1));
	CHECK_UNTOUCHED(&pending[1], 8);
	mask_set(0);
	CHECK_EQUAL(order_count, 1);
	CHECK_OK(syscall(SYS_rt_sigpending, pending, 8));
	CHECK_EQUAL(pending[0], 0);
	CHECK_ERRNO(syscall(SYS_rt_sigpending, pending, 16), EINVAL);
	CHECK_FAULTS(syscall(SYS_rt_sigpending, bad, 8));
}

TEST(real_time_signals_queue_in_order)
{
	mask_set(~0ull);
	for (int i = 0; i < 3; i++) {
		note_install(SIGRTMIN + i, 0, ~0ull);
		REQUIRE_OK(kill(getpid(), SIGRTMIN + 2 - i));
		REQUIRE_OK(kill(getpid(), SIGRTMIN + 2 - i));
	}
	note_install(SIGUSR1, 0, ~0ull);
	REQUIRE_OK(kill(getpid(), SIGUSR1));
	mask_set(0);
	CHECK_EQUAL(order_count, 7);
	CHECK_EQUAL(order[6], SIGRTMIN + 2);
	/* All seven frames are made before the first handler runs to its end unless masked. */
	CHECK_EQUAL(order[0], SIGUSR1);
	CHECK_EQUAL(order[1], SIGRTMIN);
	CHECK_EQUAL(order[2], SIGRTMIN);
	CHECK_EQUAL(order[3], SIGRTMIN + 1);
}

TEST(masked_while_handling)
{
	uint64_t expected;

	note_install(SIGUSR1, 0, SIGNAL_BIT(SIGUSR2));
	REQUIRE_OK(raise(SIGUSR1));
	CHECK_EQUAL(order_count, 1);
	expected = mask_now();
	CHECK_EQUAL(expected, 0);
}

static volatile uint64_t inner_mask;

static void note_mask(int number)
{
	(void)number;
	inner_mask = mask_now();
}

TEST(mask_inside_a_handler)
{
	struct sigaction action = { .sa_handler = note_mask };

	sigaddset(&action.sa_mask, SIGUSR2);
	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	REQUIRE_OK(raise(SIGUSR1));
	CHECK_EQUAL(inner_mask, SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2));
	CHECK_EQUAL(mask_now(), 0);
	action.sa_flags = SA_NODEFER;
	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	REQUIRE_OK(raise(SIGUSR1));
	CHECK_EQUAL(inner_mask, SIGNAL_BIT(SIGUSR2));
}

TEST(one_shot_handler)
{
	struct sigaction action;

	note_install(SIGUSR1, SA_RESETHAND, 0);
	REQUIRE_OK(raise(SIGUSR1));
	CHECK_EQUAL(order_count, 1);
	REQUIRE_OK(sigaction(SIGUSR1, NULL, &action));
	CHECK(action.sa_handler == SIG_DFL);
	pid_t pid = fork();

	if (pid == 0) {
		raise(SIGUSR1);
		_exit(0);
	}
	CHECK_EQUAL(child_wait(pid), SIGUSR1);
}

TEST(ignoring_discards_what_is_pending)
{
	uint64_t pending;

	note_install(SIGUSR1, 0, 0);
	mask_set(SIGNAL_BIT(SIGUSR1));
	REQUIRE_OK(kill(getpid(), SIGUSR1));
	signal_ignore(SIGUSR1);
	CHECK_OK(syscall(SYS_rt_sigpending, &pending, 8));
	CHECK_EQUAL(pending, 0);
	REQUIRE_OK(kill(getpid(), SIGUSR1));
	mask_set(0);
	CHECK_EQUAL(order_count, 0);
	note_install(SIGUSR1, 0, 0);
	CHECK_EQUAL(order_count, 0);
}

TEST(sigsuspend_swaps_the_mask)
{
	uint64_t open_mask = 0;

	note_install(SIGUSR1, 0, 0);
	mask_set(SIGNAL_BIT(SIGUSR1));
	REQUIRE_OK(kill(getpid(), SIGUSR1));
	CHECK_ERRNO(syscall(SYS_rt_sigsuspend, &open_mask, 8), EINTR);
	CHECK_EQUAL(order_count, 1);
	CHECK_EQUAL(mask_now(), SIGNAL_BIT(SIGUSR1));
	CHECK_ERRNO(syscall(SYS_rt_sigsuspend, &open_mask, 4), EINVAL);
	CHECK_FAULTS(syscall(SYS_rt_sigsuspend, bad, 8));
}

TEST(timed_wait_takes_a_signal)
{
	uint64_t set = SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGRTMIN);
	struct timespec none = { 0, 0 }, some = { 0, 30000000 }, wrong = { 0, -1 };
	union sigval value = { .sival_ptr = (void *)0x1122334455667788 };
	siginfo_t info[2];
	int64_t start;

	mask_set(set);
	CHECK_ERRNO(syscall(SYS_rt_sigtimedwait, &set, NULL, &none, 8), EAGAIN);
	start = clock_now(CLOCK_MONOTONIC);
	CHECK_ERRNO(syscall(SYS_rt_sigtimedwait, &set, NULL, &some, 8), EAGAIN);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 30000000);
	REQUIRE_OK(sigqueue(getpid(), SIGRTMIN, value));
	REQUIRE_OK(kill(getpid(), SIGUSR1));
	poison(info, sizeof(info));
	CHECK_EQUAL(syscall(SYS_rt_sigtimedwait, &set, info, NULL, 8), SIGUSR1);
	CHECK_UNTOUCHED(&info[1], sizeof(info[1]));
	CHECK_EQUAL(info[0].si_code, SI_USER);
	CHECK_EQUAL(info[0].si_pid, getpid());
	CHECK_FILLED((char *)info + 24, 0, 104);
	CHECK_EQUAL(syscall(SYS_rt_sigtimedwait, &set, info, NULL, 8), SIGRTMIN);
	CHECK_EQUAL(info[0].si_code, SI_QUEUE);
	CHECK(info[0].si_ptr == value.sival_ptr);
	CHECK_EQUAL(order_count, 0);
	CHECK_ERRNO(syscall(SYS_rt_sigtimedwait, &set, NULL, &wrong, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigtimedwait, &set, NULL, &none, 4), EINVAL);
	CHECK_FAULTS(syscall(SYS_rt_sigtimedwait, bad, NULL, &none, 8));
	CHECK_FAULTS(syscall(SYS_rt_sigtimedwait, &set, NULL, bad, 8));
	CHECK_INTERRUPTED(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8));
}

/* A signal whose action is to ignore it is taken all the same by who waits for it. */
TEST(sigtimedwait_takes_what_is_ignored)
{
	uint64_t set = 1ull << (SIGCHLD - 1) | 1ull << (SIGUSR1 - 1);
	struct timespec limit = { .tv_sec = 30 };
	pid_t waiting = getpid(), child;
	int status;

	signal(SIGUSR1, SIG_IGN);
	mask_set(set);
	child = REQUIRE_OK(fork());
	if (child == 0) {
		sleep_milliseconds(30);
		kill(waiting, SIGUSR1);
		sleep_milliseconds(30);
		_exit(0);
	}
	CHECK_EQUAL(syscall(SYS_rt_sigtimedwait, &set, NULL, &limit, 8), SIGUSR1);
	CHECK_EQUAL(syscall(SYS_rt_sigtimedwait, &set, NULL, &limit, 8), SIGCHLD);
	CHECK_EQUAL(waitpid(child, &status, 0), child);
}

static volatile uintptr_t handler_stack;
static volatile int nested_errno, nested_flags;

static void note_stack(int number)
{
	stack_t now = { 0 }, other = { .ss_size = 65536 };

	handler_stack = (uintptr_t)&number;
	syscall(SYS_sigaltstack, NULL, &now);
	nested_flags = now.ss_flags;
	nested_errno = syscall(SYS_sigaltstack, &other, NULL) == -1 ? errno : 0;
}

TEST(alternate_stack)
{
	struct sigaction action = { .sa_handler = note_stack, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_sp = pages_private(16), .ss_size = 16 * PAGE }, got[2];
	uintptr_t base = (uintptr_t)stack.ss_sp;

	poison(got, sizeof(got));
	CHECK_OK(syscall(SYS_sigaltstack, NULL, got));
	CHECK_EQUAL(got[0].ss_flags, SS_DISABLE);
	CHECK_EQUAL(got[0].ss_size, 0);
	CHECK_UNTOUCHED(&got[1], sizeof(got[1]));
	CHECK_OK(syscall(SYS_sigaltstack, &stack, got));
	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	REQUIRE_OK(raise(SIGUSR1));
	CHECK(handler_stack >= base && handler_stack < base + 16 * PAGE);
	CHECK_EQUAL(nested_flags, SS_ONSTACK);
	CHECK_EQUAL(nested_errno, EPERM);
	CHECK_OK(syscall(SYS_sigaltstack, NULL, got));
	CHECK_EQUAL(got[0].ss_flags, 0);
	CHECK(got[0].ss_sp == stack.ss_sp);
	CHECK_EQUAL(got[0].ss_size, 16 * PAGE);
	action.sa_flags = 0;
	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	REQUIRE_OK(raise(SIGUSR1));
	CHECK(handler_stack < base || handler_stack >= base + 16 * PAGE);
}

TEST(alternate_stack_that_disarms_itself)
{
	struct sigaction action = { .sa_handler = note_stack, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_sp = pages_private(16), .ss_size = 16 * PAGE,
			  .ss_flags = (int)(1u << 31) }, got;

	CHECK_OK(syscall(SYS_sigaltstack, &stack, NULL));
	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	REQUIRE_OK(raise(SIGUSR1));
	CHECK_EQUAL(nested_flags, SS_DISABLE);
	CHECK_OK(syscall(SYS_sigaltstack, NULL, &got));
	CHECK_EQUAL((unsigned int)got.ss_flags, 1u << 31);
}

TEST(alternate_stack_refusals)
{
	stack_t stack = { .ss_sp = pages_private(4), .ss_size = 1024 };

	CHECK_ERRNO(syscall(SYS_sigaltstack, &stack, NULL), ENOMEM);
	stack.ss_size = 0;
	CHECK_ERRNO(syscall(SYS_sigaltstack, &stack, NULL), ENOMEM);
	stack.ss_size = 4 * PAGE;
	stack.ss_flags = 8;
	CHECK_ERRNO(syscall(SYS_sigaltstack, &stack, NULL), EINVAL);
	CHECK_FAULTS(syscall(SYS_sigaltstack, bad, NULL));
	CHECK_FAULTS(syscall(SYS_sigaltstack, NULL, bad));
	stack.ss_flags = SS_DISABLE;
	CHECK_OK(syscall(SYS_sigaltstack, &stack, NULL));
}

static volatile int recursion;

static void recurse(int number)
{
	if (++recursion < 50)
		raise(number);
}

TEST(nested_handlers)
{
	struct sigaction action = { .sa_handler = recurse, .sa_flags = SA_NODEFER };

	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	REQUIRE_OK(raise(SIGUSR1));
	CHECK_EQUAL(recursion, 50);
}

static void overflow(int number)
{
	static const char text[] = "on the alternate stack";

	(void)number;
	_exit(text[0] == 'o' ? 21 : 1);
}

static int use_stack(int depth)
{
	volatile char room[8192];

	room[0] = depth;
	return depth == 0 ? room[0] : use_stack(depth - 1) + room[0];
}

TEST(stack_overflow_is_handled_on_the_alternate_stack)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct sigaction action = { .sa_handler = overflow, .sa_flags = SA_ONSTACK };
		stack_t stack = { .ss_sp = pages_private(16), .ss_size = 16 * PAGE };

		setrlimit(RLIMIT_STACK, &(struct rlimit){ 1 << 20, 1 << 20 });
		sigaltstack(&stack, NULL);
		sigaction(SIGSEGV, &action, NULL);
		_exit(use_stack(100000) & 1);
	}
	CHECK_EQUAL(child_exit_code(pid), 21);
}

TEST(no_room_for_a_frame_kills)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct sigaction action = { .sa_handler = overflow };

		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		setrlimit(RLIMIT_STACK, &(struct rlimit){ 1 << 20, 1 << 20 });
		sigaction(SIGSEGV, &action, NULL);
		_exit(use_stack(100000) & 1);
	}
	CHECK_EQUAL(child_wait(pid), SIGSEGV);
}

TEST(default_actions)
{
	static const int fatal[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGUSR1, SIGSEGV,
		SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, 16, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO,
		SIGPWR, SIGSYS, 34, 64,
	};
	static const int harmless[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT };
	struct rlimit core = { 0, 0 };

	REQUIRE_OK(setrlimit(RLIMIT_CORE, &core));
	for (size_t i = 0; i < COUNT(fatal); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			kill(getpid(), fatal[i]);
			_exit(99);
		}
		CHECK_EQUAL(child_wait(pid) & 0x7f, fatal[i]);
	}
	for (size_t i = 0; i < COUNT(harmless); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			kill(getpid(), harmless[i]);
			_exit(99);
		}
		CHECK_EQUAL(child_wait(pid), 99 << 8);
	}
}

TEST(stops_and_continues)
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
	int status;

	for (size_t i = 0; i < COUNT(stops); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			kill(getpid(), stops[i]);
			_exit(12);
		}
		CHECK_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
		CHECK_EQUAL(status, stops[i] << 8 | 0x7f);
		REQUIRE_OK(kill(pid, SIGCONT));
		CHECK_EQUAL(child_exit_code(pid), 12);
	}
}

TEST(continue_cancels_stops_and_the_reverse)
{
	uint64_t pending;

	mask_set(~0ull);
	REQUIRE_OK(kill(getpid(), SIGTSTP));
	REQUIRE_OK(kill(getpid(), SIGCONT));
	CHECK_OK(syscall(SYS_rt_sigpending, &pending, 8));
	CHECK_EQUAL(pending, SIGNAL_BIT(SIGCONT));
	REQUIRE_OK(kill(getpid(), SIGTSTP));
	CHECK_OK(syscall(SYS_rt_sigpending, &pending, 8));
	CHECK_EQUAL(pending, SIGNAL_BIT(SIGTSTP));
	REQUIRE_OK(kill(getpid(), SIGCONT));
	mask_set(0);
}

TEST(pause_and_alarm)
{
	note_install(SIGALRM, SA_RESTART, 0);
	CHECK_EQUAL(alarm(0), 0);
	alarm(100);
	CHECK(alarm(1) > 50);
	CHECK_ERRNO(pause(), EINTR);
	CHECK_EQUAL(order_count, 1);
	CHECK_EQUAL(alarm(0), 0);
}
