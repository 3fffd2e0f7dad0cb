/*
 * The harness: runs the checks one after another, each in a child, and counts.
 * Failures are counted in a page shared with every descendant, so that a
 * comparison in a grandchild counts too.
 */
#include "check.h"
#include <dirent.h>
#include <stdarg.h>

#define REPORT_LIMIT 6

/* Kept in shared memory. */
struct tally {
	int failures;
	int comparisons;
	bool is_skipped;
};

static struct check *first_check, **last_check = &first_check;
static struct check_helper *first_helper;
static struct tally private_tally, *tally = &private_tally;
static const char *running = "?";
static int failures_before;
static pid_t running_pid;
static volatile sig_atomic_t timed_out;
static char work_directory[64];
char check_program[4096];

void *const bad_addresses[] = {
	(void *)8,
	(void *)0x00007ffffffff000,
	(void *)0x0000800000000000,
	(void *)0x8000000000000000,
	(void *)0xffff888000000000,
	(void *)0xffffffff81000000,
	(void *)0xfffffffffffffff8,
};
const char *const bad_names[] = {
	"first page", "last page", "first non-canonical", "non-canonical",
	"direct map", "kernel text", "end of space",
};
const size_t bad_count = COUNT(bad_addresses);

void check_add(struct check *check)
{
	*last_check = check;
	last_check = &check->next;
}

void check_add_helper(struct check_helper *helper)
{
	helper->next = first_helper;
	first_helper = helper;
}

static void report(const char *text)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, text, length);

		if (written <= 0)
			return;
		text += written;
		length -= written;
	}
}

void check_fail(const struct check_place *place, const char *format, ...)
{
	char detail[400], line[700];
	const char *file = strrchr(place->file, '/');
	int count = __atomic_add_fetch(&tally->failures, 1, __ATOMIC_SEQ_CST);
	int saved = errno;
	va_list arguments;

	if (count > REPORT_LIMIT)
		return;
	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	snprintf(line, sizeof(line), "%s %s: %.120s: %s (%s:%d)\n", count == 1 ? "not ok" : "#",
		 running, place->text, detail, file ? file + 1 : place->file, place->line);
	report(line);
	errno = saved;
}

static bool compared(bool is_good)
{
	__atomic_add_fetch(&tally->comparisons, 1, __ATOMIC_SEQ_CST);
	return is_good;
}

bool check_true(const struct check_place *place, bool value)
{
	if (!compared(value))
		check_fail(place, "is false (errno %d)", errno);
	return value;
}

bool check_equal(const struct check_place *place, long long actual, long long expected)
{
	if (compared(actual == expected))
		return true;
	check_fail(place, "is %lld (%#llx), expected %lld (%#llx), errno %d", actual, actual,
		   expected, expected, errno);
	return false;
}

bool check_at_least(const struct check_place *place, long long actual, long long least)
{
	if (compared(actual >= least))
		return true;
	check_fail(place, "is %lld, expected at least %lld", actual, least);
	return false;
}

bool check_ok(const struct check_place *place, long result)
{
	if (compared(result != -1))
		return true;
	check_fail(place, "failed: %s", strerror(errno));
	return false;
}

bool check_errno(const struct check_place *place, long result, int expected)
{
	int actual = errno;

	if (compared(result == -1 && actual == expected))
		return true;
	if (result == -1)
		check_fail(place, "failed with %d (%s), expected %d", actual, strerror(actual),
			   expected);
	else
		check_fail(place, "gave %ld, expected errno %d", result, expected);
	return false;
}

bool check_fault(const struct check_place *place, long result, size_t bad_index)
{
	int actual = errno;

	if (compared(result == -1 && actual == EFAULT))
		return true;
	check_fail(place, "with address in %s: result %ld, errno %d, expected EFAULT",
		   bad_names[bad_index], result, actual);
	return false;
}

bool check_text(const struct check_place *place, const char *actual, const char *expected)
{
	if (compared(strcmp(actual, expected) == 0))
		return true;
	check_fail(place, "is \"%.100s\", expected \"%.100s\"", actual, expected);
	return false;
}

bool check_bytes(const struct check_place *place, const void *actual, const void *expected,
		 size_t length)
{
	const unsigned char *left = actual, *right = expected;
	size_t i = 0;

	while (i < length && left[i] == right[i])
		i++;
	if (compared(i == length))
		return true;
	check_fail(place, "byte %zu of %zu is %#x, expected %#x", i, length, left[i], right[i]);
	return false;
}

bool check_filled(const struct check_place *place, const void *start, int byte, size_t length)
{
	const unsigned char *bytes = start;
	size_t i = 0;

	while (i < length && bytes[i] == byte)
		i++;
	if (compared(i == length))
		return true;
	check_fail(place, "byte %zu of %zu is %#x, expected %#x", i, length, bytes[i], byte);
	return false;
}

long check_require_ok(const struct check_place *place, long result)
{
	if (!check_ok(place, result))
		check_give_up();
	return result;
}

void check_give_up(void)
{
	_exit(1);
}

void check_skip(const char *reason)
{
	char line[200];

	snprintf(line, sizeof(line), "ok %s # skip %s\n", running, reason);
	report(line);
	tally->is_skipped = true;
	_exit(0);
}

void check_child_end(void)
{
	_exit(tally->failures > failures_before ? 1 : 0);
}

int child_enter(const struct check_place *place)
{
	int before = tally->failures, status;
	pid_t pid = fork();

	if (pid == 0) {
		failures_before = before;
		return 1;
	}
	if (pid < 0) {
		check_fail(place, "fork: %s", strerror(errno));
		return 0;
	}
	if (waitpid(pid, &status, 0) != pid)
		check_fail(place, "waitpid: %s", strerror(errno));
	else if (status != 0 && tally->failures == before)
		check_fail(place, "ended with status %#x", status);
	return 0;
}

void child_leave(void)
{
	check_child_end();
}

static void remove_tree(const char *name, int depth)
{
	struct dirent *entry;
	char path[512];
	DIR *directory;

	if (depth > 40 || unlink(name) == 0 || rmdir(name) == 0)
		return;
	chmod(name, 0700);
	directory = opendir(name);
	if (!directory)
		return;
	while ((entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", name, entry->d_name) < (int)sizeof(path))
			remove_tree(path, depth + 1);
	}
	closedir(directory);
	rmdir(name);
}

static void time_out(int number)
{
	(void)number;
	timed_out = 1;
	kill(-running_pid, SIGKILL);
	kill(running_pid, SIGKILL);
}

static void check_start(const struct check *check)
{
	setpgid(0, 0);
	signal(SIGALRM, SIG_DFL);
	umask(022);
	if (chdir(work_directory) != 0)
		report("# no directory to work in\n");
	check->run();
	_exit(0);
}

/* Run one check to its end; true when it passed. */
static bool check_run(const struct check *check)
{
	const char *limit = getenv("ABI_TIMEOUT");
	struct check_place place = { "check", 0, "check" };
	int status = 0;

	memset(tally, 0, offsetof(struct tally, comparisons));
	tally->is_skipped = false;
	timed_out = 0;
	running = check->name;
	mkdir(work_directory, 0755);
	running_pid = fork();
	if (running_pid == 0)
		check_start(check);
	setpgid(running_pid, running_pid);
	alarm(limit ? atoi(limit) : 20);
	while (waitpid(running_pid, &status, 0) < 0 && errno == EINTR)
		continue;
	alarm(0);
	kill(-running_pid, SIGKILL);
	if (timed_out)
		check_fail(&place, "took too long");
	else if (WIFSIGNALED(status))
		check_fail(&place, "killed by signal %d", WTERMSIG(status));
	else if (status != 0 && tally->failures == 0)
		check_fail(&place, "ended with status %#x", status);
	remove_tree(work_directory, 0);
	return tally->failures == 0;
}

static bool is_chosen(const struct check *check, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], check->name) == 0)
			return true;
	return argc < 2;
}

static int check_run_all(int argc, char **argv)
{
	int passed = 0, failed = 0;
	char line[200];

	for (const struct check *check = first_check; check; check = check->next) {
		if (!is_chosen(check, argc, argv))
			continue;
		if (!check_run(check)) {
			failed++;
			continue;
		}
		passed++;
		snprintf(line, sizeof(line), "ok %s\n", check->name);
		if (!tally->is_skipped)
			report(line);
	}
	snprintf(line, sizeof(line), "# %d comparisons\n%d passed, %d failed\n",
		 tally->comparisons, passed, failed);
	report(line);
	return failed || !passed ? 1 : 0;
}

static int helper_run(int argc, char **argv)
{
	for (struct check_helper *helper = first_helper; helper; helper = helper->next)
		if (strcmp(helper->name, argv[2]) == 0)
			return helper->run(argc - 3, argv + 3);
	return 127;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = time_out };
	const char *place = getenv("TMPDIR");
	void *shared;

	if (argc > 2 && strcmp(argv[1], "--helper") == 0)
		return helper_run(argc, argv);
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (const struct check *check = first_check; check; check = check->next)
			puts(check->name);
		return 0;
	}
	if (!realpath(argv[0], check_program))
		snprintf(check_program, sizeof(check_program), "%s", argv[0]);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared != MAP_FAILED)
		tally = shared;
	sigaction(SIGALRM, &action, NULL);
	snprintf(work_directory, sizeof(work_directory), "%.30s/abi-%d",
		 place ? place : "/tmp", (int)getpid());
	return check_run_all(argc, argv);
}
