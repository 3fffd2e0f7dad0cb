/*
 * Helpers of the checks. They use the plainest calls that will do, because a
 * helper that fails hides what the check was about.
 */
#include "support.h"
#include <grp.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/utsname.h>

#define AWAIT_MILLISECONDS 20000

static volatile sig_atomic_t tick_count, tick_when, counts[65];
static void (*tick_action)(void);

void poison(void *start, size_t length)
{
	memset(start, POISON, length);
}

void *edge_bytes(size_t length)
{
	char *start = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	REQUIRE(start != MAP_FAILED);
	REQUIRE_OK(mprotect(start + PAGE, PAGE, PROT_NONE));
	return start + PAGE - length;
}

static void *pages_map(size_t count, int flags)
{
	void *start = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS,
			   -1, 0);

	REQUIRE(start != MAP_FAILED);
	return start;
}

void *pages_private(size_t count)
{
	return pages_map(count, MAP_PRIVATE);
}

void *pages_shared(size_t count)
{
	return pages_map(count, MAP_SHARED);
}

int file_open(const char *name, int flags)
{
	return REQUIRE_OK(open(name, flags, 0644));
}

void file_write(const char *name, const char *text)
{
	int fd = file_open(name, O_WRONLY | O_CREAT | O_TRUNC);
	size_t length = strlen(text);

	REQUIRE(write(fd, text, length) == (ssize_t)length);
	close(fd);
}

long file_read(const char *name, char *text, size_t capacity)
{
	size_t length = 0;
	int fd = open(name, O_RDONLY);

	text[0] = 0;
	if (fd < 0)
		return -1;
	while (length < capacity - 1) {
		ssize_t got = read(fd, text + length, capacity - 1 - length);

		if (got <= 0)
			break;
		length += got;
	}
	text[length] = 0;
	close(fd);
	return length;
}

unsigned char file_byte(size_t position)
{
	return (position * 7 + (position >> 8) * 31 + (position >> 16)) & 0xff;
}

void file_make(const char *name, size_t length)
{
	static unsigned char buffer[16384];
	int fd = file_open(name, O_WRONLY | O_CREAT | O_TRUNC);

	for (size_t done = 0; done < length; done += sizeof(buffer)) {
		size_t part = length - done < sizeof(buffer) ? length - done : sizeof(buffer);

		for (size_t i = 0; i < part; i++)
			buffer[i] = file_byte(done + i);
		REQUIRE(write(fd, buffer, part) == (ssize_t)part);
	}
	close(fd);
}

off_t file_size(const char *name)
{
	struct stat status;

	return lstat(name, &status) == 0 ? status.st_size : -1;
}

bool file_exists(const char *name)
{
	struct stat status;

	return lstat(name, &status) == 0;
}

bool field_text(const char *file, const char *name, char *text, size_t capacity)
{
	char *line = NULL;
	size_t size = 0, length = strlen(name);
	bool is_found = false;
	FILE *stream = fopen(file, "r");

	if (!stream)
		return false;
	while (!is_found && getline(&line, &size, stream) > 0) {
		if (strncmp(line, name, length) != 0 || line[length] != ':')
			continue;
		snprintf(text, capacity, "%s", line + length + 1 + strspn(line + length + 1,
			" \t"));
		text[strcspn(text, "\n")] = 0;
		is_found = true;
	}
	free(line);
	fclose(stream);
	return is_found;
}

long long field_number(const char *file, const char *name, int base)
{
	char text[100];

	if (!field_text(file, name, text, sizeof(text)))
		return -1;
	return (long long)strtoull(text, NULL, base);
}

char process_state(pid_t pid)
{
	char name[48], text[512], *end;

	snprintf(name, sizeof(name), "/proc/self/task/%d/stat", (int)pid);
	if (file_read(name, text, sizeof(text)) <= 0) {
		snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
		if (file_read(name, text, sizeof(text)) <= 0)
			return 0;
	}
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

bool process_await(pid_t pid, char state)
{
	for (int waited = 0; waited < AWAIT_MILLISECONDS; waited += 5) {
		if (process_state(pid) == state)
			return true;
		sleep_milliseconds(5);
	}
	return false;
}

int descriptor_count(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

bool runs_on_linux(void)
{
	struct utsname names;

	REQUIRE_OK(uname(&names));
	return strstr(names.release, "aegis") == NULL;
}

bool set_id_bits_act(void)
{
	return runs_on_linux();
}

void user_become(unsigned int id)
{
	REQUIRE_OK(syscall(SYS_setgroups, 0, NULL));
	REQUIRE_OK(syscall(SYS_setresgid, id, id, id));
	REQUIRE_OK(syscall(SYS_setresuid, id, id, id));
}

int child_wait(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

int child_exit_code(pid_t pid)
{
	int status = child_wait(pid);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void tick(int number)
{
	int saved = errno;

	(void)number;
	tick_count++;
	if (tick_count == tick_when && tick_action)
		tick_action();
	errno = saved;
}

void ticks_start(int milliseconds, int flags, int when, void (*action)(void))
{
	struct itimerval interval = { { 0, milliseconds * 1000 }, { 0, milliseconds * 1000 } };
	struct sigaction handler = { .sa_handler = tick, .sa_flags = flags };

	tick_count = 0;
	tick_when = when;
	tick_action = action;
	REQUIRE_OK(sigaction(SIGALRM, &handler, NULL));
	REQUIRE_OK(setitimer(ITIMER_REAL, &interval, NULL));
}

void ticks_stop(void)
{
	struct itimerval none = { { 0, 0 }, { 0, 0 } };

	setitimer(ITIMER_REAL, &none, NULL);
	signal_default(SIGALRM);
}

int ticks_seen(void)
{
	return tick_count;
}

static void count_signal(int number)
{
	counts[number]++;
}

void signal_counted(int number, int flags)
{
	struct sigaction handler = { .sa_handler = count_signal, .sa_flags = flags };

	counts[number] = 0;
	REQUIRE_OK(sigaction(number, &handler, NULL));
}

int signal_count(int number)
{
	return counts[number];
}

void signal_ignore(int number)
{
	signal(number, SIG_IGN);
}

void signal_default(int number)
{
	signal(number, SIG_DFL);
}

int64_t clock_now(clockid_t clock)
{
	struct timespec now = { 0, 0 };

	syscall(SYS_clock_gettime, clock, &now);
	return now.tv_sec * NANOSECONDS + now.tv_nsec;
}

struct timespec timespec_of(int64_t nanoseconds)
{
	return (struct timespec){ nanoseconds / NANOSECONDS, nanoseconds % NANOSECONDS };
}

void sleep_milliseconds(long milliseconds)
{
	struct timespec left = timespec_of(milliseconds * 1000000ll);

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		continue;
}
