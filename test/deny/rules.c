/*
 * What holds of dropped rights, whatever the call: children and programs have no more, nothing
 * brings them back, threads share them, others keep theirs.
 */
#include "deny.h"
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

extern char **environ;

#define DROP 1024

static bool may_write(void)
{
	int fd = open("file", O_WRONLY);

	close(fd);
	return fd >= 0;
}

static void file_and_drop(void)
{
	file_write("file", "text");
	CHECK(may_write());
	REQUIRE(deny_drop("file.write") == 0);
	CHECK(!may_write());
}

/* Whether the line of /proc/self/capabilities that begins so has the right. */
static bool line_has(const char *line, const char *right)
{
	char text[4096], *found, *end;

	REQUIRE(file_read("/proc/self/capabilities", text, sizeof(text)) > 0);
	found = strstr(text, line);
	REQUIRE(found);
	end = strchr(found, '\n');
	if (end)
		*end = '\0';
	return strstr(found, right) != NULL;
}

TEST(table_and_bound_narrow)
{
	CHECK(line_has("table", "file.write") && line_has("bound", "file.write"));
	REQUIRE(deny_drop("file.write") == 0);
	CHECK(!line_has("table", "file.write"));
	CHECK(!line_has("bound", "file.write"));
	CHECK(line_has("table", "file.read") && line_has("bound", "file.read"));
}

TEST(children_hold_no_more)
{
	file_and_drop();
	IN_CHILD {
		CHECK(!may_write());
		IN_CHILD {
			CHECK(!may_write());
		}
	}
}

HELPER(writes)
{
	(void)argc;
	(void)argv;
	return may_write() ? 1 : 0;
}

TEST(programs_hold_no_more)
{
	char *const words[] = { check_program, "--helper", "writes", NULL };
	pid_t pid;

	file_and_drop();
	pid = REQUIRE_OK(fork());
	if (pid == 0) {
		execve(check_program, words, environ);
		_exit(9);
	}
	CHECK_EQUAL(child_exit_code(pid), 0);
}

TEST(nothing_brings_a_right_back)
{
	uint64_t all[2] = { UINT64_MAX, UINT64_MAX };
	struct kernel_capability_header header = { CAPABILITY_VERSION_3, 0 };
	struct kernel_capability_data data[2];

	file_and_drop();
	/* All that this kernel knows, and more, which is refused. */
	CHECK_OK(syscall(DROP, all, (deny_right_count + 63) / 64 * 8));
	syscall(DROP, all, sizeof(all));
	CHECK(!may_write());
	CHECK_OK(syscall(SYS_capget, &header, data));
	syscall(SYS_capset, &header, data);
	prctl(PR_SET_KEEPCAPS, 1);
	CHECK_OK(setresuid(0, 0, 0));
	CHECK(!may_write());
	IN_CHILD {
		CHECK_OK(setresuid(1000, 1000, 0));
		CHECK_OK(setresuid(0, 0, 0));
		CHECK(!may_write());
	}
	CHECK(!may_write());
	CHECK(!line_has("bound", "file.write"));
}

TEST(what_was_kept_is_kept)
{
	file_write("file", "text");
	REQUIRE(deny_keep("file.read") == 0);
	CHECK_OK(open("file", O_RDONLY));
	CHECK_ERRNO(open("file", O_WRONLY), EACCES);
	CHECK_ERRNO(mkdir("d", 0700), EACCES);
	CHECK_ERRNO(kill(getppid(), 0), EPERM);
	CHECK_OK(kill(getpid(), 0));
	/* Twice is no more than once, and never more. */
	REQUIRE(deny_drop("file.write") == 0);
	CHECK_OK(open("file", O_RDONLY));
	CHECK_ERRNO(mkdir("d", 0700), EACCES);
}

TEST(open_files_keep_what_was_decided)
{
	int fd;

	file_write("file", "text");
	fd = REQUIRE_OK(open("file", O_RDWR));
	REQUIRE(deny_keep("") == 0);
	CHECK_EQUAL(write(fd, "more", 4), 4);
	CHECK_EQUAL(pread(fd, (char[8]){ 0 }, 4, 0), 4);
	CHECK_ERRNO(open("file", O_RDONLY), EACCES);
}

static void *drop_thread(void *unused)
{
	CHECK(deny_drop("file.write") == 0);
	return unused;
}

TEST(threads_share_what_they_hold)
{
	pthread_t thread;

	file_write("file", "text");
	CHECK(may_write());
	REQUIRE(pthread_create(&thread, NULL, drop_thread, NULL) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	CHECK(!may_write());
}

TEST(parents_and_siblings_keep_theirs)
{
	file_write("file", "text");
	IN_CHILD {
		REQUIRE(deny_keep("") == 0);
		CHECK(!may_write());
	}
	CHECK(may_write());
	IN_CHILD {
		CHECK(may_write());
	}
}

static volatile bool has_dropped;
static volatile int born;

/* Forks all the time; whoever is born after the drop has returned must not hold the right. */
static void *fork_thread(void *unused)
{
	while (born < 200) {
		bool was_dropped = has_dropped;
		pid_t pid = fork();

		if (pid == 0)
			_exit(was_dropped && may_write() ? 1 : 0);
		if (pid < 0)
			break;
		CHECK_EQUAL(child_exit_code(pid), 0);
		born++;
	}
	return unused;
}

TEST(a_drop_holds_for_whoever_is_born_after_it)
{
	pthread_t threads[2];

	file_write("file", "text");
	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_create(&threads[i], NULL, fork_thread, NULL) == 0);
	while (born < 20)
		usleep(100);
	REQUIRE(deny_drop("file.write") == 0);
	has_dropped = true;
	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	CHECK(!may_write());
}

static void *drop_often(void *list)
{
	for (int i = 0; i < 300; i++)
		CHECK(deny_drop(list) == 0);
	return NULL;
}

TEST(drops_at_once_all_have_their_way)
{
	static const char *const lists[] = { "file.write", "file.create", "file.delete" };
	pthread_t threads[COUNT(lists)];

	file_write("file", "text");
	for (size_t i = 0; i < COUNT(lists); i++)
		REQUIRE(pthread_create(&threads[i], NULL, drop_often, (void *)lists[i]) == 0);
	for (size_t i = 0; i < COUNT(lists); i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
	CHECK_ERRNO(open("file", O_WRONLY), EACCES);
	CHECK_ERRNO(mkdir("d", 0700), EACCES);
	CHECK_ERRNO(unlink("file"), EACCES);
	CHECK_OK(open("file", O_RDONLY));
}

TEST(override_sets_permission_bits_aside)
{
	file_write("file", "text");
	REQUIRE_OK(chmod("file", 0));
	CHECK_OK(open("file", O_RDWR));
	REQUIRE(deny_drop("file.override") == 0);
	CHECK_ERRNO(open("file", O_RDWR), EACCES);
}

TEST(a_directory_is_listed_however_it_is_opened)
{
	file_write("file", "text");
	REQUIRE_OK(mkdir("d", 0755));
	REQUIRE(deny_drop("file.list") == 0);
	CHECK_ERRNO(open("d", O_RDONLY | O_DIRECTORY), EACCES);
	CHECK_ERRNO(open("d", O_RDONLY), EACCES);
	CHECK_OK(open("file", O_RDONLY));
}

/* As vhangup(2) does. */
TEST(hanging_up_by_ioctl_creates_sessions)
{
	int master = REQUIRE_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY)), off = 0, slave;

	REQUIRE_OK(ioctl(master, TIOCSPTLCK, &off));
	slave = REQUIRE_OK(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	IN_CHILD {
		REQUIRE(deny_drop("session.create") == 0);
		CHECK_ERRNO(ioctl(slave, TIOCVHANGUP), EPERM);
	}
	CHECK_EQUAL(write(slave, "x", 1), 1);
	CHECK_OK(ioctl(slave, TIOCVHANGUP));
	CHECK_ERRNO(write(slave, "x", 1), EIO);
}

TEST(the_size_of_pipes_and_scores_are_tuned)
{
	REQUIRE(deny_drop("system.tune") == 0);
	CHECK_ERRNO(write(open("/proc/self/oom_score_adj", O_WRONLY), "-1000", 5), EACCES);
}

/* setpriority(2): EACCES, not EPERM, for a better value of one's own. */
TEST(a_better_nice_value_is_refused_with_eacces)
{
	CHECK_OK(setpriority(PRIO_PROCESS, 0, -1));
	REQUIRE(deny_drop("process.priority") == 0);
	CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, -5), EACCES);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 1));
}

TEST(drop_refusals)
{
	uint64_t keep[1024] = { 0 };

	CHECK_ERRNO(syscall(DROP, keep, 0), EINVAL);
	CHECK_ERRNO(syscall(DROP, keep, PAGE + 1), E2BIG);
	keep[100] = 1;
	CHECK_ERRNO(syscall(DROP, keep, PAGE), E2BIG);
	CHECK_FAULTS(syscall(DROP, bad, 8));
	CHECK(line_has("table", "file.write"));
}
