/*
 * Threads by the kernel's own rules: identifiers, what they share, signals to
 * one and to all, exit of one and of all, exec from a thread, rseq.
 */
#include "support.h"
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

#define STACK (64 * 1024)

static volatile int state[16];
static pthread_t other;

static int thread_count(void)
{
	return field_number("/proc/self/status", "Threads", 10);
}

static void *note_ids(void *unused)
{
	(void)unused;
	state[0] = syscall(SYS_getpid);
	state[1] = syscall(SYS_gettid);
	state[2] = syscall(SYS_getppid);
	return NULL;
}

TEST(identifiers)
{
	REQUIRE(pthread_create(&other, NULL, note_ids, NULL) == 0);
	pthread_join(other, NULL);
	CHECK_EQUAL(state[0], getpid());
	CHECK(state[1] != getpid());
	CHECK_EQUAL(state[2], getppid());
	CHECK_EQUAL(syscall(SYS_gettid), getpid());
}

static int raw_thread(void *opaque)
{
	(void)opaque;
	state[0] = 1;
	syscall(SYS_exit, 0);
	return 0;
}

TEST(words_set_and_cleared)
{
	volatile int parent = 0, child = 0;
	char *stack = pages_private(STACK / PAGE);
	int tid;

	child = -1;
	tid = REQUIRE_OK(clone(raw_thread, stack + STACK, CLONE_VM | CLONE_FS | CLONE_FILES |
			       CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID |
			       CLONE_CHILD_CLEARTID, NULL, &parent, NULL, &child));
	CHECK_EQUAL(parent, tid);
	while (child != 0)
		syscall(SYS_futex, &child, 0, -1, &(struct timespec){ 0, 10000000 });
	CHECK_EQUAL(state[0], 1);
	while (syscall(SYS_tgkill, getpid(), tid, 0) == 0)
		sleep_milliseconds(1);
	CHECK_EQUAL(errno, ESRCH);
}

TEST(set_tid_address_returns_the_thread)
{
	volatile int *cleared = pages_shared(1);
	pid_t pid;

	CHECK_EQUAL(syscall(SYS_set_tid_address, NULL), syscall(SYS_gettid));
	*cleared = 7;
	pid = fork();
	if (pid == 0) {
		/* Cleared at exit only while another user of the memory is left. */
		syscall(SYS_set_tid_address, cleared);
		syscall(SYS_exit, 0);
	}
	CHECK_EQUAL(child_wait(pid), 0);
	CHECK_EQUAL(*cleared, 7);
}

static void *wait_for_ever(void *slot)
{
	*(volatile int *)slot = syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

static void waiting_threads(int count)
{
	pthread_t thread;

	for (int i = 0; i < count; i++) {
		REQUIRE(pthread_create(&thread, NULL, wait_for_ever, (void *)&state[i]) == 0);
		while (state[i] == 0)
			sleep_milliseconds(1);
	}
}

TEST(proc_lists_threads)
{
	struct dirent *entry;
	char name[40];
	DIR *tasks;
	int found = 0;

	waiting_threads(3);
	CHECK_EQUAL(thread_count(), 4);
	tasks = opendir("/proc/self/task");
	REQUIRE(tasks != NULL);
	while ((entry = readdir(tasks)) != NULL)
		for (int i = 0; i < 3; i++)
			found += atoi(entry->d_name) == state[i];
	CHECK_EQUAL(found, 3);
	closedir(tasks);
	/* A thread's own number names it too, though it is not listed there. */
	snprintf(name, sizeof(name), "/proc/%d/status", state[1]);
	CHECK_EQUAL(field_number(name, "Tgid", 10), getpid());
	CHECK_EQUAL(field_number(name, "Pid", 10), state[1]);
}

TEST(exit_group_ends_all)
{
	pid_t pid = fork();

	if (pid == 0) {
		waiting_threads(5);
		syscall(SYS_exit_group, 44);
	}
	CHECK_EQUAL(child_wait(pid), 44 << 8);
}

static void *spin(void *unused)
{
	(void)unused;
	state[0]++;
	for (;;)
		continue;
	return NULL;
}

TEST(spinning_threads_are_killed)
{
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t thread;

		for (int i = 0; i < 10; i++)
			pthread_create(&thread, NULL, spin, NULL);
		sleep_milliseconds(50);
		kill(getpid(), SIGKILL);
		for (;;)
			pause();
	}
	CHECK_EQUAL(child_wait(pid), SIGKILL);
}

TEST(leader_may_exit_first)
{
	pid_t pid = fork();

	if (pid == 0) {
		waiting_threads(1);
		syscall(SYS_exit, 3);
	}
	sleep_milliseconds(300);
	CHECK_EQUAL(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_OK(kill(pid, SIGTERM));
	CHECK_EQUAL(child_wait(pid), SIGTERM);
}

TEST(leader_that_has_left_is_shown_as_zombie)
{
	pid_t pid = fork();

	if (pid == 0) {
		waiting_threads(1);
		syscall(SYS_exit, 3);
	}
	CHECK(process_await(pid, 'Z'));
	CHECK_EQUAL(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), SIGKILL);
}

static void *fault(void *unused)
{
	char *volatile nowhere = (char *)8;

	(void)unused;
	*nowhere = 1;
	return NULL;
}

TEST(fault_in_one_thread_kills_all)
{
	pid_t pid = fork();

	if (pid == 0) {
		waiting_threads(2);
		pthread_create(&other, NULL, fault, NULL);
		for (;;)
			pause();
	}
	CHECK_EQUAL(child_wait(pid) & 0x7f, SIGSEGV);
}

static volatile int handled_by;

static void handle(int number)
{
	(void)number;
	handled_by = syscall(SYS_gettid);
}

TEST(signals_to_one_thread)
{
	struct sigaction action = { .sa_handler = handle };

	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	waiting_threads(3);
	for (int i = 0; i < 3; i++) {
		handled_by = 0;
		CHECK_OK(syscall(SYS_tgkill, getpid(), state[i], SIGUSR1));
		while (handled_by == 0)
			sleep_milliseconds(1);
		CHECK_EQUAL(handled_by, state[i]);
	}
}

TEST(signals_to_the_process_find_a_thread_that_listens)
{
	struct sigaction action = { .sa_handler = handle };
	uint64_t mask = SIGNAL_BIT(SIGUSR1), pending;

	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	waiting_threads(1);
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8));
	CHECK_OK(kill(getpid(), SIGUSR1));
	while (handled_by == 0)
		sleep_milliseconds(1);
	CHECK_EQUAL(handled_by, state[0]);
	CHECK_OK(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1));
	CHECK_OK(syscall(SYS_rt_sigpending, &pending, 8));
	CHECK_EQUAL(pending, mask);
	CHECK_EQUAL(handled_by, state[0]);
}

static void *change_shared(void *unused)
{
	(void)unused;
	dup2(0, 200);
	chdir("/");
	umask(0123);
	return NULL;
}

TEST(threads_share_files_and_directories)
{
	char here[8];

	REQUIRE(pthread_create(&other, NULL, change_shared, NULL) == 0);
	pthread_join(other, NULL);
	CHECK_EQUAL(fcntl(200, F_GETFD), 0);
	CHECK_TEXT(getcwd(here, sizeof(here)), "/");
	CHECK_EQUAL(umask(022), 0123);
}

static void *own_properties(void *unused)
{
	sigset_t mask;

	(void)unused;
	sigfillset(&mask);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	prctl(PR_SET_NAME, "other");
	syscall(SYS_setresuid, 55, 55, 55);
	state[0] = syscall(SYS_getuid);
	return NULL;
}

TEST(threads_keep_masks_names_and_users_apart)
{
	uint64_t mask = 1;
	char name[17];

	REQUIRE(pthread_create(&other, NULL, own_properties, NULL) == 0);
	pthread_join(other, NULL);
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, 8));
	CHECK_EQUAL(mask, 0);
	CHECK_OK(prctl(PR_GET_NAME, name));
	CHECK(strcmp(name, "other") != 0);
	CHECK_EQUAL(state[0], 55);
	CHECK_EQUAL(syscall(SYS_getuid), 0);
}

HELPER(ids)
{
	(void)argc;
	return getpid() == atoi(argv[0]) && syscall(SYS_gettid) == getpid() &&
	       thread_count() == 1 ? 31 : 1;
}

static void *exec_here(void *unused)
{
	char number[12];

	(void)unused;
	snprintf(number, sizeof(number), "%d", (int)getpid());
	execl(check_program, "x", "--helper", "ids", number, NULL);
	_exit(2);
}

TEST(exec_from_a_thread_takes_the_leader_s_place)
{
	pid_t pid = fork();

	if (pid == 0) {
		waiting_threads(3);
		pthread_create(&other, NULL, exec_here, NULL);
		for (;;)
			pause();
	}
	CHECK_EQUAL(child_exit_code(pid), 31);
}

static void *fork_here(void *unused)
{
	pid_t pid = fork();

	(void)unused;
	if (pid == 0)
		_exit(thread_count() == 1 && syscall(SYS_gettid) == getpid() ? 0 : 1);
	state[5] = child_wait(pid);
	return NULL;
}

TEST(fork_from_a_thread_copies_only_it)
{
	waiting_threads(2);
	state[5] = -1;
	REQUIRE(pthread_create(&other, NULL, fork_here, NULL) == 0);
	pthread_join(other, NULL);
	CHECK_EQUAL(state[5], 0);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long counter;

static void *count_up(void *unused)
{
	(void)unused;
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(many_threads_count)
{
	pthread_t threads[16];

	for (int i = 0; i < 16; i++)
		REQUIRE(pthread_create(&threads[i], NULL, count_up, NULL) == 0);
	for (int i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQUAL(counter, 16 * 5000);
	while (thread_count() != 1)
		sleep_milliseconds(1);
}

static void *touch_pages(void *memory)
{
	volatile int *words = memory;

	for (int page = 0; page < 500; page++)
		__atomic_add_fetch(&words[page * 1024], 1, __ATOMIC_SEQ_CST);
	return NULL;
}

TEST(threads_fault_the_same_pages)
{
	int *memory = pages_private(500);
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		REQUIRE(pthread_create(&threads[i], NULL, touch_pages, memory) == 0);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	for (int page = 0; page < 500; page++)
		REQUIRE(memory[page * 1024] == 8);
}

static int64_t burnt;

static void *burn(void *unused)
{
	int64_t start = clock_now(CLOCK_THREAD_CPUTIME_ID);

	(void)unused;
	do
		burnt = clock_now(CLOCK_THREAD_CPUTIME_ID) - start;
	while (burnt < 50000000);
	return NULL;
}

TEST(processor_time_per_thread_and_process)
{
	int64_t all = clock_now(CLOCK_PROCESS_CPUTIME_ID), own = clock_now(CLOCK_THREAD_CPUTIME_ID);

	REQUIRE(pthread_create(&other, NULL, burn, NULL) == 0);
	pthread_join(other, NULL);
	own = clock_now(CLOCK_THREAD_CPUTIME_ID) - own;
	/* Each counts its own, and the process both. */
	CHECK_AT_LEAST(burnt, 50000000);
	CHECK_AT_LEAST(clock_now(CLOCK_PROCESS_CPUTIME_ID) - all, own + burnt);
}

static struct kernel_rseq area;

TEST(rseq_keeps_the_cpu)
{
	unsigned int cpu = 99, node = 99;

	area.cpu_id = -1;
	CHECK_OK(syscall(SYS_rseq, &area, 32, 0, 0x53053053));
	CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
	CHECK(area.cpu_id < 64 && area.cpu_id_start < 64);
	for (int i = 0; i < 4; i++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(i, &set);
		if (sched_setaffinity(0, sizeof(set), &set) != 0)
			break;
		CHECK_EQUAL(area.cpu_id, i);
		CHECK_EQUAL(area.cpu_id_start, i);
	}
	CHECK_ERRNO(syscall(SYS_rseq, &area, 32, 0, 0x53053053), EBUSY);
	CHECK_ERRNO(syscall(SYS_rseq, &area, 32, 0, 0x11111111), EPERM);
	CHECK_ERRNO(syscall(SYS_rseq, &area, 32, 1, 0x11111111), EPERM);
	CHECK_OK(syscall(SYS_rseq, &area, 32, 1, 0x53053053));
	CHECK_EQUAL((int)area.cpu_id, -1);
	CHECK_ERRNO(syscall(SYS_rseq, (char *)&area + 4, 32, 0, 0x53053053), EINVAL);
	CHECK_ERRNO(syscall(SYS_rseq, &area, 8, 0, 0x53053053), EINVAL);
	CHECK_ERRNO(syscall(SYS_rseq, &area, 32, 2, 0x53053053), EINVAL);
	CHECK_ERRNO(syscall(SYS_rseq, (void *)0xffff888000000000, 32, 0, 0x53053053), EFAULT);
}

/* A directory below /proc/<number>/task, and what its stat says: the state of a thread, or 0. */
static char task_state(pid_t pid, pid_t tid)
{
	char name[64], text[512], *after;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/stat", pid, tid);
	if (file_read(name, text, sizeof(text)) < 0)
		return 0;
	after = strrchr(text, ')');
	return after ? after[2] : 0;
}

TEST(leader_that_has_left_is_still_counted_and_listed)
{
	volatile int *shared = pages_shared(1);
	char name[40];
	int listed = 0, status;
	struct dirent *entry;
	struct stat links;
	DIR *tasks;
	pid_t pid = fork();

	if (pid == 0) {
		waiting_threads(2);
		shared[0] = state[0];
		shared[1] = state[1];
		syscall(SYS_exit, 3);
	}
	REQUIRE(process_await(pid, 'Z'));
	snprintf(name, sizeof(name), "/proc/%d/status", pid);
	CHECK_EQUAL(field_number(name, "Threads", 10), 3);
	CHECK_EQUAL(field_number(name, "Pid", 10), pid);
	CHECK_EQUAL(task_state(pid, pid), 'Z');
	CHECK_EQUAL(task_state(pid, shared[0]), 'S');
	CHECK_EQUAL(task_state(shared[1], shared[1]), 'S');
	CHECK_EQUAL(task_state(shared[1], pid), 'Z');
	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	REQUIRE_OK(stat(name, &links));
	CHECK_EQUAL(links.st_nlink, 5);
	tasks = opendir(name);
	REQUIRE(tasks != NULL);
	while ((entry = readdir(tasks)) != NULL)
		listed += atoi(entry->d_name) == pid || atoi(entry->d_name) == shared[0] ||
			atoi(entry->d_name) == shared[1];
	CHECK_EQUAL(listed, 3);
	closedir(tasks);
	/* It takes signals as any process does, only not by its first thread. */
	CHECK_OK(syscall(SYS_tgkill, pid, pid, SIGUSR1));
	CHECK_EQUAL(waitpid(pid, &status, WNOHANG), 0);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), SIGKILL);
}

TEST(zombie_has_one_thread)
{
	char name[40];
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	REQUIRE(process_await(pid, 'Z'));
	snprintf(name, sizeof(name), "/proc/%d/status", pid);
	CHECK_EQUAL(field_number(name, "Threads", 10), 1);
	CHECK_EQUAL(task_state(pid, pid), 'Z');
	CHECK_EQUAL(child_wait(pid), 0);
}

/* What a program sees of another thread by that thread's own number. */
TEST(proc_by_the_number_of_a_thread)
{
	char name[40], text[512];

	waiting_threads(1);
	snprintf(name, sizeof(name), "/proc/%d/stat", state[0]);
	REQUIRE(file_read(name, text, sizeof(text)) > 0);
	CHECK_EQUAL(atoi(text), state[0]);
	snprintf(name, sizeof(name), "/proc/%d/comm", state[0]);
	file_write(name, "by number");
	REQUIRE(file_read(name, text, sizeof(text)) > 0);
	CHECK_TEXT(text, "by number\n");
	REQUIRE(file_read("/proc/self/comm", text, sizeof(text)) > 0);
	CHECK(strcmp(text, "by number\n") != 0);
	snprintf(name, sizeof(name), "/proc/%d/task/%d/comm", getpid(), state[0]);
	REQUIRE(file_read(name, text, sizeof(text)) > 0);
	CHECK_TEXT(text, "by number\n");
}

static void *leave_at_once(void *unused)
{
	(void)unused;
	state[1] = syscall(SYS_gettid);
	return NULL;
}

/* Signals to a thread that ends, or has ended, go nowhere and do no harm. */
TEST(signals_to_threads_that_leave)
{
	uint64_t mask = SIGNAL_BIT(SIGRTMIN), pending;
	siginfo_t info = { .si_signo = SIGRTMIN, .si_code = SI_QUEUE };
	pthread_t thread;

	signal_counted(SIGUSR1, 0);
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8));
	for (int round = 0; round < 200; round++) {
		state[1] = 0;
		REQUIRE(pthread_create(&thread, NULL, leave_at_once, NULL) == 0);
		while (state[1] == 0)
			sched_yield();
		while (syscall(SYS_tgkill, getpid(), state[1], SIGUSR1) == 0)
			syscall(SYS_rt_tgsigqueueinfo, getpid(), state[1], SIGRTMIN, &info);
		REQUIRE(errno == ESRCH || errno == EAGAIN);
		pthread_join(thread, NULL);
	}
	CHECK_OK(syscall(SYS_rt_sigpending, &pending, 8));
	CHECK_EQUAL(pending, 0);
	/* What was queued for them does not count any more. */
	for (int i = 0; i < 100; i++)
		REQUIRE_OK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info));
}
