/*
 * Promises that hold only when several processes act at once: exclusive
 * creation, atomic append, whole small writes to pipes, locks that exclude.
 */
#include "support.h"
#include <dirent.h>
#include <sys/file.h>
#include <sys/resource.h>

#define WORKERS 6

static volatile int *shared;

/* Run `work` in WORKERS processes that start together; all must end cleanly. */
static void together(void (*work)(int self))
{
	pid_t pids[WORKERS];

	for (int i = 0; i < WORKERS; i++) {
		pids[i] = REQUIRE_OK(fork());
		if (pids[i] == 0) {
			__atomic_add_fetch(&shared[1000], 1, __ATOMIC_SEQ_CST);
			while (shared[1000] < WORKERS)
				usleep(100);
			work(i);
			check_child_end();
		}
	}
	for (int i = 0; i < WORKERS; i++)
		CHECK_EQUAL(child_wait(pids[i]), 0);
}

static void create_names(int self)
{
	char name[16];

	(void)self;
	for (int i = 0; i < 200; i++) {
		int fd;

		snprintf(name, sizeof(name), "f%d", i);
		fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd < 0) {
			REQUIRE(errno == EEXIST);
			continue;
		}
		__atomic_add_fetch(&shared[i], 1, __ATOMIC_SEQ_CST);
		close(fd);
	}
}

TEST(one_creator_for_each_name)
{
	shared = pages_shared(1);
	together(create_names);
	for (int i = 0; i < 200; i++)
		REQUIRE(shared[i] == 1);
}

static void make_directories(int self)
{
	char name[16];

	(void)self;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		if (mkdir(name, 0700) == 0)
			__atomic_add_fetch(&shared[i], 1, __ATOMIC_SEQ_CST);
		if (rmdir(name) == 0)
			__atomic_sub_fetch(&shared[i], 1, __ATOMIC_SEQ_CST);
	}
}

TEST(directories_made_and_removed_in_pairs)
{
	char name[16];

	shared = pages_shared(1);
	together(make_directories);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		REQUIRE(shared[i] == file_exists(name));
	}
}

static void append_records(int self)
{
	int fd = file_open("log", O_WRONLY | O_APPEND);
	char record[100];

	memset(record, 'a' + self, sizeof(record));
	for (int i = 0; i < 100; i++)
		REQUIRE(write(fd, record, sizeof(record)) == sizeof(record));
}

TEST(appended_records_stay_whole)
{
	static char text[WORKERS * 10000 + 1];
	int counts[WORKERS] = { 0 };

	shared = pages_shared(1);
	file_write("log", "");
	together(append_records);
	REQUIRE(file_read("log", text, sizeof(text)) == WORKERS * 10000);
	for (int i = 0; i < WORKERS * 100; i++) {
		for (int j = 1; j < 100; j++)
			REQUIRE(text[i * 100 + j] == text[i * 100]);
		counts[text[i * 100] - 'a']++;
	}
	for (int i = 0; i < WORKERS; i++)
		CHECK_EQUAL(counts[i], 100);
}

static int ends[2];

static void write_records(int self)
{
	char record[1000];

	memset(record, 'a' + self, sizeof(record));
	for (int i = 0; i < 100; i++)
		REQUIRE(write(ends[1], record, sizeof(record)) == sizeof(record));
}

TEST(small_pipe_writes_stay_whole)
{
	char record[1000];
	int count = 0;
	pid_t pid;

	shared = pages_shared(1);
	REQUIRE_OK(pipe(ends));
	pid = fork();
	if (pid == 0) {
		together(write_records);
		check_child_end();
	}
	close(ends[1]);
	for (;;) {
		size_t got = 0;

		while (got < sizeof(record)) {
			ssize_t part = read(ends[0], record + got, sizeof(record) - got);

			if (part <= 0)
				break;
			got += part;
		}
		if (got < sizeof(record))
			break;
		for (int j = 1; j < 1000; j++)
			REQUIRE(record[j] == record[0]);
		count++;
	}
	CHECK_EQUAL(count, WORKERS * 100);
	CHECK_EQUAL(child_wait(pid), 0);
}

static void count_under_record_lock(int self)
{
	struct flock lock = { .l_type = F_WRLCK };
	int fd = file_open("lock", O_RDWR);

	(void)self;
	for (int i = 0; i < 100; i++) {
		lock.l_type = F_WRLCK;
		REQUIRE_OK(fcntl(fd, F_SETLKW, &lock));
		int value = shared[0];

		if (i % 10 == 0)
			usleep(10);
		shared[0] = value + 1;
		lock.l_type = F_UNLCK;
		REQUIRE_OK(fcntl(fd, F_SETLK, &lock));
	}
}

TEST(record_locks_exclude)
{
	shared = pages_shared(1);
	file_write("lock", "");
	together(count_under_record_lock);
	CHECK_EQUAL(shared[0], WORKERS * 100);
}

static void count_under_flock(int self)
{
	int fd = file_open("lock", O_RDWR);

	(void)self;
	for (int i = 0; i < 100; i++) {
		REQUIRE_OK(flock(fd, LOCK_EX));
		int value = shared[0];

		if (i % 10 == 0)
			usleep(10);
		shared[0] = value + 1;
		REQUIRE_OK(flock(fd, LOCK_UN));
	}
}

TEST(flock_excludes)
{
	shared = pages_shared(1);
	file_write("lock", "");
	together(count_under_flock);
	CHECK_EQUAL(shared[0], WORKERS * 100);
}

static void rename_around(int self)
{
	char name[16];

	snprintf(name, sizeof(name), "mine%d", self);
	for (int i = 0; i < 100; i++) {
		file_write(name, "complete");
		REQUIRE_OK(rename(name, "target"));
		char text[16];

		REQUIRE(file_read("target", text, sizeof(text)) == 8);
	}
}

TEST(replacing_by_rename_never_shows_a_gap)
{
	shared = pages_shared(1);
	file_write("target", "complete");
	together(rename_around);
	CHECK_EQUAL(file_size("target"), 8);
}

static void cross_rename(int self)
{
	const char *from = self % 2 ? "a/x" : "b/x", *to = self % 2 ? "b/x" : "a/x";

	for (int i = 0; i < 300; i++)
		if (rename(from, to) != 0)
			REQUIRE(errno == ENOENT);
}

TEST(crossing_renames_lose_nothing)
{
	shared = pages_shared(1);
	REQUIRE_OK(mkdir("a", 0755));
	REQUIRE_OK(mkdir("b", 0755));
	file_write("a/x", "content");
	together(cross_rename);
	CHECK_EQUAL(file_exists("a/x") + file_exists("b/x"), 1);
	CHECK_EQUAL(file_exists("a/x") ? file_size("a/x") : file_size("b/x"), 7);
}

static void link_and_unlink(int self)
{
	char name[16];

	snprintf(name, sizeof(name), "link%d", self);
	for (int i = 0; i < 200; i++) {
		REQUIRE_OK(link("base", name));
		REQUIRE_OK(unlink(name));
	}
}

TEST(link_counts_add_up)
{
	struct stat status;

	shared = pages_shared(1);
	file_write("base", "x");
	together(link_and_unlink);
	REQUIRE_OK(stat("base", &status));
	CHECK_EQUAL(status.st_nlink, 1);
}

static void count_in_memory(int self)
{
	(void)self;
	for (int i = 0; i < 10000; i++)
		__atomic_add_fetch(&shared[5], 1, __ATOMIC_SEQ_CST);
}

TEST(shared_memory_counts)
{
	shared = pages_shared(1);
	together(count_in_memory);
	CHECK_EQUAL(shared[5], WORKERS * 10000);
}

static void fork_often(int self)
{
	char *memory = pages_private(20);

	for (int i = 0; i < 20; i++) {
		pid_t pid;

		memset(memory, i + self, 20 * PAGE);
		pid = REQUIRE_OK(fork());
		if (pid == 0) {
			for (int page = 0; page < 20; page++)
				if (memory[page * PAGE] != (char)(i + self))
					_exit(1);
			memset(memory, 0, 20 * PAGE);
			_exit(0);
		}
		memset(memory, 0x55, 10 * PAGE);
		CHECK_EQUAL(child_wait(pid), 0);
	}
}

TEST(forks_at_once)
{
	shared = pages_shared(1);
	together(fork_often);
}

static void read_while_changing(int self)
{
	for (int i = 0; i < 60; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d-%d", self, i);
		file_write(name, "");
		DIR *directory = opendir(".");
		struct dirent *entry;
		bool is_found = false;

		REQUIRE(directory != NULL);
		while ((entry = readdir(directory)) != NULL)
			is_found |= strcmp(entry->d_name, "stays") == 0;
		closedir(directory);
		REQUIRE(is_found);
		REQUIRE_OK(unlink(name));
	}
}

TEST(reading_a_directory_that_changes)
{
	shared = pages_shared(1);
	file_write("stays", "");
	together(read_while_changing);
}

static void signal_each_other(int self)
{
	signal_counted(SIGUSR1, SA_RESTART);
	shared[100 + self] = getpid();
	for (int i = 0; i < WORKERS; i++)
		while (shared[100 + i] == 0)
			usleep(100);
	for (int i = 0; i < 300; i++)
		kill(shared[100 + i % WORKERS], SIGUSR1);
	CHECK(signal_count(SIGUSR1) > 0);
	__atomic_add_fetch(&shared[200], 1, __ATOMIC_SEQ_CST);
	while (shared[200] < WORKERS)
		usleep(100);
}

TEST(signals_from_all_sides)
{
	shared = pages_shared(1);
	together(signal_each_other);
}
