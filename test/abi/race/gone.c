/*
 * Things looked at while they end: what is read of a process that others let
 * go is an error or the truth, and what holds it stays whole.
 */
#include "support.h"

#define ROUNDS 150
#define READERS 3

static volatile pid_t *current;

/* Opens the files of whoever is current and reads them until the end comes. */
static void read_the_current(void)
{
	static const char *const names[] = { "stat", "status", "maps", "limits", "statm" };
	char path[64], text[4096];

	for (unsigned i = 0; *current >= 0; i++) {
		int fd;
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/%d/%s", *current, names[i % COUNT(names)]);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		for (int again = 0; again < 4; again++) {
			length = pread(fd, text, sizeof(text) - 1, 0);
			if (length < 0)
				CHECK(errno == ESRCH || errno == EACCES);
		}
		close(fd);
	}
}

TEST(processes_that_end_while_they_are_read)
{
	pid_t readers[READERS];

	current = pages_shared(1);
	for (int i = 0; i < READERS; i++) {
		readers[i] = REQUIRE_OK(fork());
		if (readers[i] == 0) {
			read_the_current();
			check_child_end();
		}
	}
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = REQUIRE_OK(fork());

		if (pid == 0) {
			if (i % 3 == 0)
				setsid();
			if (i % 3 == 1)
				setpgid(0, 0);
			usleep(500);
			_exit(0);
		}
		*current = pid;
		child_wait(pid);
	}
	*current = -1;
	for (int i = 0; i < READERS; i++)
		CHECK_EQUAL(child_wait(readers[i]), 0);
}
