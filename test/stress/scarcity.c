/*
 * Memory and processes run out: the offender is refused or killed, nobody else, and the machine
 * goes on. What takes memory differs: pages, page tables, pipes, files, processes.
 */
#define _GNU_SOURCE
#include "storms.h"

#include "leaks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	CHUNK = 4 << 20,
	/* A machine with more memory than this is somebody's own, and is spared. */
	PRESSURE_LIMIT_KB = 4 << 20,
	/* Page tables: one per so many bytes of addresses; they take long to fill much memory. */
	TABLE_SPAN = 2 << 20,
	TABLES_LIMIT_KB = 128 << 10,
	PIPE_BYTES = 1 << 20,
	PIPES = 20000,
	/* What is killed must be the offender: the storm's parent and the shell have to live on. */
	OFFENDER_SCORE = 1000,
	BOMB_USER = 1234,
	BOMB_PROCESSES = 60,
};

/* What the offender before held may not be free yet, so that even this finds no memory at first. */
static void score_set(int score)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", score), fd;

	for (int tries = 0; tries < 10000; tries++) {
		fd = open("/proc/self/oom_score_adj", O_WRONLY);
		if (fd >= 0 && write(fd, text, (size_t)length) == length) {
			close(fd);
			return;
		}
		EXPECT(errno == ENOMEM);
		if (fd >= 0)
			close(fd);
		storm_sleep(1000);
	}
	storm_fail(__FILE__, __LINE__, "oom_score_adj", score);
}

/* Whether the machine is small enough to be filled. */
static int is_spared(const char *name, long limit_kb)
{
	long total_kb = level_memory("MemTotal");

	if (total_kb > 0 && total_kb <= limit_kb)
		return 0;
	dprintf(1, "# %s: left out, %ld KB of memory\n", name, total_kb);
	return 1;
}

/* Runs an offender again and again. It may be killed, or end with 7: there was no more. */
static void offenders_run(void (*offend)(void))
{
	do {
		int status;
		pid_t pid = fork();

		EXPECT(pid >= 0);
		if (pid == 0) {
			score_set(OFFENDER_SCORE);
			offend();
			_exit(8);
		}
		EXPECT_EQUAL(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			EXPECT_EQUAL(status, 7 << 8);
		storm_count(1);
	} while (storm_goes_on());
}

static void pages_take(void)
{
	long total_kb = level_memory("MemTotal");

	for (long taken = 0; taken < 2 * total_kb; taken += CHUNK / 1024) {
		char *start = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (start == MAP_FAILED)
			_exit(7);
		for (size_t i = 0; i < CHUNK; i += PAGE)
			start[i] = 1;
	}
}

static void pressure_storm(int index)
{
	(void)index;
	if (!is_spared("pressure", PRESSURE_LIMIT_KB))
		offenders_run(pages_take);
}

/* Reads zeros far apart: no page of its own, but a page table for each. */
static void tables_take(void)
{
	long total_kb = level_memory("MemTotal");
	size_t length = (size_t)total_kb / 4 * TABLE_SPAN * 2;
	volatile char *start = mmap(NULL, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
				    MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		_exit(7);
	for (size_t i = 0; i < length; i += TABLE_SPAN)
		EXPECT_EQUAL(start[i], 0);
}

static void tables_storm(int index)
{
	(void)index;
	if (!is_spared("tables", TABLES_LIMIT_KB))
		offenders_run(tables_take);
}

static void pipes_take(void)
{
	static char block[65536];
	struct rlimit limit = { 2 * PIPES + 100, 2 * PIPES + 100 };

	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < PIPES; i++) {
		int ends[2];

		if (pipe2(ends, O_NONBLOCK) < 0)
			_exit(7);
		fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
		while (write(ends[1], block, sizeof(block)) > 0)
			;
		if (errno == ENOMEM)
			_exit(7);
	}
}

static void pipes_storm(int index)
{
	(void)index;
	if (!is_spared("pipes", PRESSURE_LIMIT_KB))
		offenders_run(pipes_take);
}

/* Files of a file system without a limit. They stay when who wrote them is killed. */
static void files_take(void)
{
	static char block[65536];
	int fd = open("storm-flood/file", O_CREAT | O_TRUNC | O_WRONLY, 0600);

	EXPECT(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	_exit(7);
}

static void flood_storm(int index)
{
	(void)index;
	if (is_spared("flood", PRESSURE_LIMIT_KB) || getuid())
		return;
	EXPECT_EQUAL(mkdir("storm-flood", 0700), 0);
	do {
		int status;
		pid_t pid;

		EXPECT_EQUAL(mount("flood", "storm-flood", "tmpfs", 0, "size=0"), 0);
		pid = fork();
		EXPECT(pid >= 0);
		if (pid == 0) {
			score_set(OFFENDER_SCORE);
			files_take();
		}
		EXPECT_EQUAL(waitpid(pid, &status, 0), pid);
		EXPECT(status == SIGKILL || status == 7 << 8);
		EXPECT_EQUAL(umount("storm-flood"), 0);
		storm_count(1);
	} while (storm_goes_on());
	EXPECT_EQUAL(rmdir("storm-flood"), 0);
}

/* The same with a file on the file system at hand, which has to say that it is full. */
static void full_storm(int index)
{
	static char block[65536];
	long free_kb = level_memory("MemFree");

	(void)index;
	if (is_spared("full", PRESSURE_LIMIT_KB))
		return;
	do {
		int fd = open("storm-full", O_CREAT | O_TRUNC | O_WRONLY, 0600);
		long written = 0;
		ssize_t result;

		EXPECT(fd >= 0);
		/* Half of what is free: caches have to make room, nobody has to die. */
		while (written < free_kb / 2 * 1024) {
			result = write(fd, block, sizeof(block));
			if (result < 0)
				EXPECT(errno == ENOSPC || errno == EFBIG || errno == ENOMEM);
			if (result < 0)
				break;
			written += result;
		}
		EXPECT_EQUAL(ftruncate(fd, PAGE), 0);
		close(fd);
		EXPECT_EQUAL(unlink("storm-full"), 0);
		storm_count(1);
	} while (storm_goes_on());
}

/* Each process of a limited user makes as many as it can; others are not kept from it. */
static void bomb_storm(int index)
{
	(void)index;
	if (getuid())
		return;
	while (storm_goes_on()) {
		struct rlimit limit = { BOMB_PROCESSES, BOMB_PROCESSES };
		pid_t bomb = fork(), other;

		EXPECT(bomb >= 0);
		if (bomb == 0) {
			setpgid(0, 0);
			EXPECT_EQUAL(setrlimit(RLIMIT_NPROC, &limit), 0);
			EXPECT_EQUAL(setuid(BOMB_USER), 0);
			for (;;) {
				if (fork() >= 0)
					continue;
				EXPECT(errno == EAGAIN || errno == ENOMEM);
				storm_sleep(1000);
			}
		}
		setpgid(bomb, bomb);
		for (int i = 0; i < 10; i++) {
			other = fork();
			EXPECT(other >= 0);
			if (other == 0)
				_exit(3);
			storm_reap(other, 3 << 8);
			storm_sleep(10000);
		}
		/* Until none is left: who forks meanwhile is in the group. */
		EXPECT_EQUAL(kill(-bomb, SIGKILL), 0);
		storm_reap(bomb, SIGKILL);
		while (kill(-bomb, SIGKILL) == 0)
			storm_sleep(1000);
		storm_count(10);
	}
}

static const struct storm storms[] = {
	{ "bomb", bomb_storm, 1 },	   { "full", full_storm, 1 },
	{ "flood", flood_storm, 1 },	   { "pipes", pipes_storm, 1 },
	{ "pressure", pressure_storm, 1 }, { "tables", tables_storm, 1 },
};

const struct storm_table scarcity_storms = { storms, STORM_COUNT(storms) };
