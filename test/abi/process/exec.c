/*
 * execve and execveat: arguments, environment, scripts, what survives and what
 * does not, refusals, limits; the auxiliary vector.
 */
#include "support.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sched.h>

/* Print arguments and environment, a line each. */
HELPER(show)
{
	for (int i = 0; i < argc; i++)
		printf("%s\n", argv[i]);
	for (char **entry = environ; *entry; entry++)
		printf("env %s\n", *entry);
	return 0;
}

HELPER(state)
{
	struct sigaction ignored, handled;
	sigset_t mask, pending;
	char name[17] = "";

	(void)argc;
	(void)argv;
	sigaction(SIGUSR1, NULL, &handled);
	sigaction(SIGUSR2, NULL, &ignored);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigpending(&pending);
	prctl(PR_GET_NAME, name);
	printf("%d %d %d %d %d %s\n", handled.sa_handler == SIG_DFL, ignored.sa_handler == SIG_IGN,
	       sigismember(&mask, SIGHUP), sigismember(&pending, SIGHUP), alarm(0) > 0, name);
	return 0;
}

HELPER(exit_code)
{
	return argc > 0 ? atoi(argv[0]) : 0;
}

/* The output of a program run with these arguments; its wait status is returned. */
static int output_of(const char *program, char *const *arguments, char *const *environment,
		     char *text, size_t capacity)
{
	size_t length = 0;
	int ends[2];
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		syscall(SYS_execve, program, arguments, environment);
		printf("errno %d\n", errno);
		fflush(stdout);
		_exit(126);
	}
	close(ends[1]);
	for (ssize_t got; (got = read(ends[0], text + length, capacity - 1 - length)) > 0;)
		length += got;
	text[length] = 0;
	close(ends[0]);
	return child_wait(pid);
}

TEST(arguments_and_environment)
{
	char *arguments[] = { "zero", "--helper", "show", "", "a b", "\xff", NULL };
	char *environment[] = { "A=1", "B=", "odd", NULL };
	char text[256];

	CHECK_EQUAL(output_of(check_program, arguments, environment, text, sizeof(text)), 0);
	CHECK_TEXT(text, "\na b\n\xff\nenv A=1\nenv B=\nenv odd\n");
}

TEST(empty_argument_list_gets_one)
{
	char *none[] = { NULL };
	char text[256];

	file_write("s", "#!/bin/sh\necho $# \"$0\"\n");
	REQUIRE_OK(chmod("s", 0755));
	CHECK_EQUAL(output_of("s", none, none, text, sizeof(text)), 0);
	CHECK_TEXT(text, "0 s\n");
}

TEST(scripts)
{
	char *arguments[] = { "zero", "x", "y z", NULL };
	char text[4400];
	char script[4300];

	snprintf(script, sizeof(script), "#! %s   --helper show  \nrest\n", check_program);
	file_write("s", script);
	REQUIRE_OK(chmod("s", 0755));
	file_write("t", "#!./s\n");
	REQUIRE_OK(chmod("t", 0755));
	file_write("u", "#!/bin/sh -e\necho $- | grep -c e\necho $0 $*\n");
	REQUIRE_OK(chmod("u", 0755));
	CHECK_EQUAL(output_of("u", arguments, environ, text, sizeof(text)), 0);
	CHECK_TEXT(text, "1\nu x y z\n");
	file_write("v", "#!/none\n");
	REQUIRE_OK(chmod("v", 0755));
	CHECK_ERRNO(syscall(SYS_execve, "v", arguments, environ), ENOENT);
	file_write("v", "#!\n");
	CHECK_ERRNO(syscall(SYS_execve, "v", arguments, environ), ENOEXEC);
	file_write("v", "#!./v\n");
	CHECK_ERRNO(syscall(SYS_execve, "v", arguments, environ), ELOOP);
}

TEST(script_through_a_script)
{
	char *arguments[] = { "zero", "x", NULL };
	char text[300];

	file_write("a", "#!/bin/sh\necho $# $1 $2 $3\n");
	file_write("b", "#!./a one two\n");
	REQUIRE_OK(chmod("a", 0755));
	REQUIRE_OK(chmod("b", 0755));
	CHECK_EQUAL(output_of("b", arguments, environ, text, sizeof(text)), 0);
	CHECK_TEXT(text, "3 one two b x\n");
}

TEST(exec_refusals)
{
	char *arguments[] = { "x", NULL };

	REQUIRE_OK(mkdir("d", 0755));
	file_write("f", "nothing");
	CHECK_ERRNO(syscall(SYS_execve, "none", arguments, environ), ENOENT);
	CHECK_ERRNO(syscall(SYS_execve, "", arguments, environ), ENOENT);
	CHECK_ERRNO(syscall(SYS_execve, "d", arguments, environ), EACCES);
	CHECK_ERRNO(syscall(SYS_execve, "f", arguments, environ), EACCES);
	CHECK_ERRNO(syscall(SYS_execve, "f/x", arguments, environ), ENOTDIR);
	REQUIRE_OK(chmod("f", 0755));
	CHECK_ERRNO(syscall(SYS_execve, "f", arguments, environ), ENOEXEC);
	file_write("f", "");
	CHECK_ERRNO(syscall(SYS_execve, "f", arguments, environ), ENOEXEC);
	file_write("f", "\x7f" "ELF");
	CHECK_ERRNO(syscall(SYS_execve, "f", arguments, environ), ENOEXEC);
	CHECK_FAULTS(syscall(SYS_execve, bad, arguments, environ));
	CHECK_FAULTS(syscall(SYS_execve, check_program, bad, environ));
	CHECK_FAULTS(syscall(SYS_execve, check_program, arguments, bad));
	CHECK_FAULTS((arguments[0] = bad, syscall(SYS_execve, check_program, arguments, environ)));
	CHECK_ERRNO(syscall(SYS_execve, "/dev/null", (char *[]){ "x", NULL }, environ), EACCES);
}

TEST(file_open_for_writing_is_busy)
{
	char *arguments[] = { "x", NULL };
	int fd, source;

	source = file_open(check_program, O_RDONLY);
	fd = REQUIRE_OK(open("p", O_RDWR | O_CREAT, 0755));
	while (syscall(SYS_sendfile, fd, source, NULL, 1 << 20) > 0)
		continue;
	CHECK_ERRNO(syscall(SYS_execve, "p", arguments, environ), ETXTBSY);
	close(fd);
	pid_t pid = fork();

	if (pid == 0) {
		execl("p", "p", "--helper", "exit_code", "42", NULL);
		_exit(1);
	}
	CHECK_EQUAL(child_exit_code(pid), 42);
}

HELPER(pause)
{
	(void)argc;
	write(atoi(argv[0]), "r", 1);
	pause();
	return 0;
}

/* Closes the first descriptor, opens one more, and tells with the second whether that went well. */
HELPER(change_descriptors)
{
	char told = close(atoi(argv[0])) == 0 && dup2(0, 600) == 600 ? 'y' : 'n';

	(void)argc;
	return write(atoi(argv[1]), &told, 1) != 1;
}

/* Who executes has a descriptor table of its own from then on. */
TEST(shared_descriptors_are_left_at_exec)
{
	int kept = fcntl(0, F_DUPFD, 500), closed = fcntl(0, F_DUPFD_CLOEXEC, 500), ends[2];
	char first[12], second[12], told = 0;
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	snprintf(first, sizeof(first), "%d", kept);
	snprintf(second, sizeof(second), "%d", ends[1]);
	pid = REQUIRE_OK(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		/* Until it executes, what it does is seen. */
		dup2(0, 700);
		execl(check_program, "x", "--helper", "change_descriptors", first, second, NULL);
		_exit(1);
	}
	CHECK_EQUAL(read(ends[0], &told, 1), 1);
	CHECK_EQUAL(told, 'y');
	CHECK_EQUAL(child_wait(pid), 0);
	CHECK_OK(fcntl(kept, F_GETFD));
	CHECK_OK(fcntl(closed, F_GETFD));
	CHECK_OK(fcntl(700, F_GETFD));
	CHECK_ERRNO(fcntl(600, F_GETFD), EBADF);
}

TEST(running_program_cannot_be_written)
{
	char number[12], byte;
	int fd, source, ends[2];
	pid_t pid;

	source = file_open(check_program, O_RDONLY);
	fd = REQUIRE_OK(open("p", O_RDWR | O_CREAT, 0755));
	while (syscall(SYS_sendfile, fd, source, NULL, 1 << 20) > 0)
		continue;
	close(fd);
	REQUIRE_OK(pipe(ends));
	snprintf(number, sizeof(number), "%d", ends[1]);
	pid = fork();
	if (pid == 0) {
		execl("p", "p", "--helper", "pause", number, NULL);
		_exit(1);
	}
	REQUIRE(read(ends[0], &byte, 1) == 1);
	CHECK_ERRNO(open("p", O_RDWR), ETXTBSY);
	CHECK_ERRNO(truncate("p", 0), ETXTBSY);
	CHECK_OK(open("p", O_RDONLY));
	CHECK_OK(unlink("p"));
	REQUIRE_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), SIGKILL);
}

TEST(signals_alarm_and_name_over_exec)
{
	char *arguments[] = { "longer-than-fifteen", "--helper", "state", NULL };
	char text[64], want[64];
	sigset_t mask;

	signal_counted(SIGUSR1, 0);
	signal_ignore(SIGUSR2);
	sigemptyset(&mask);
	sigaddset(&mask, SIGHUP);
	IN_CHILD {
		int ends[2];
		pid_t pid;
		ssize_t got;

		REQUIRE_OK(pipe(ends));
		pid = fork();
		if (pid == 0) {
			sigprocmask(SIG_BLOCK, &mask, NULL);
			raise(SIGHUP);
			alarm(50);
			dup2(ends[1], 1);
			execv(check_program, arguments);
			_exit(1);
		}
		CHECK_EQUAL(child_wait(pid), 0);
		got = read(ends[0], text, sizeof(text) - 1);
		REQUIRE(got > 0);
		text[got] = 0;
		snprintf(want, sizeof(want), "1 1 1 1 1 %.15s\n", strrchr(check_program, '/') + 1);
		CHECK_TEXT(text, want);
	}
}

TEST(too_much_to_pass)
{
	size_t large = 140000;
	char *huge = malloc(large), *arguments[3] = { "x", huge, NULL };
	char **many = calloc(300000, sizeof(*many));

	memset(huge, 'h', large);
	huge[131072] = 0;
	CHECK_ERRNO(syscall(SYS_execve, check_program, arguments, environ), E2BIG);
	huge[131071] = 0;
	pid_t pid = fork();

	if (pid == 0) {
		char *with[] = { "x", "--helper", "exit_code", "5", huge, NULL };

		execve(check_program, with, environ);
		_exit(1);
	}
	CHECK_EQUAL(child_exit_code(pid), 5);
	huge[100] = 0;
	for (int i = 0; i < 299999; i++)
		many[i] = huge;
	CHECK_ERRNO(syscall(SYS_execve, check_program, many, environ), E2BIG);
}

TEST(execveat_forms)
{
	char *arguments[] = { "x", "--helper", "exit_code", "6", NULL };
	int fd = REQUIRE_OK(open(check_program, O_PATH | O_CLOEXEC)), directory;
	pid_t pid = fork();

	if (pid == 0) {
		syscall(SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH);
		_exit(1);
	}
	CHECK_EQUAL(child_exit_code(pid), 6);
	REQUIRE_OK(symlink(check_program, "link"));
	directory = file_open(".", O_RDONLY);
	pid = fork();
	if (pid == 0) {
		chdir("/");
		syscall(SYS_execveat, directory, "link", arguments, environ, 0);
		_exit(1);
	}
	CHECK_EQUAL(child_exit_code(pid), 6);
	CHECK_ERRNO(syscall(SYS_execveat, directory, "link", arguments, environ,
			    AT_SYMLINK_NOFOLLOW), ELOOP);
	CHECK_ERRNO(syscall(SYS_execveat, fd, "", arguments, environ, 0), ENOENT);
	CHECK_ERRNO(syscall(SYS_execveat, 999, "link", arguments, environ, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_execveat, fd, "x", arguments, environ, 0), ENOTDIR);
	CHECK_ERRNO(syscall(SYS_execveat, directory, "link", arguments, environ, 0x4000), EINVAL);
	CHECK_FAULTS(syscall(SYS_execveat, directory, bad, arguments, environ, 0));
}

TEST(auxiliary_vector)
{
	static const int wanted[] = {
		AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_UID,
			AT_EUID,
		AT_GID, AT_EGID, AT_SECURE, AT_RANDOM, AT_HWCAP, AT_PLATFORM, AT_EXECFN, AT_CLKTCK,
		AT_SYSINFO_EHDR,
	};
	unsigned long entries[128] = { 0 };
	bool found[64] = { 0 };
	long length;

	length = file_read("/proc/self/auxv", (char *)entries, sizeof(entries));
	REQUIRE(length > 0 && length % 16 == 0);
	for (long i = 0; i < length / 8; i += 2)
		if (entries[i] < 64)
			found[entries[i]] = true;
	for (size_t i = 0; i < COUNT(wanted); i++)
		if (!found[wanted[i]])
			check_fail(PLACE("auxv"), "entry %d is missing", wanted[i]);
	CHECK_EQUAL(entries[length / 8 - 2], AT_NULL);
	CHECK_EQUAL(getauxval(AT_PAGESZ), 4096);
	CHECK_EQUAL(getauxval(AT_CLKTCK), 100);
	CHECK_EQUAL(getauxval(AT_UID), getuid());
	CHECK_EQUAL(getauxval(AT_SECURE), 0);
	CHECK_EQUAL(getauxval(AT_FLAGS), 0);
	CHECK_EQUAL(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	CHECK_AT_LEAST(getauxval(AT_PHNUM), 2);
	CHECK(getauxval(AT_RANDOM) != 0);
	CHECK(strstr((char *)getauxval(AT_EXECFN), "exec") != NULL);
	CHECK_BYTES((char *)getauxval(AT_SYSINFO_EHDR), "\x7f" "ELF", 4);
	CHECK_EQUAL(((Elf64_Phdr *)getauxval(AT_PHDR))->p_type <= PT_GNU_PROPERTY, 1);
}

HELPER(random)
{
	(void)argc;
	(void)argv;
	fwrite((void *)getauxval(AT_RANDOM), 1, 16, stdout);
	return 0;
}

TEST(random_bytes_differ_each_time)
{
	char *arguments[] = { "x", "--helper", "random", NULL };
	char one[32], two[32];

	CHECK_EQUAL(output_of(check_program, arguments, environ, one, sizeof(one)), 0);
	CHECK_EQUAL(output_of(check_program, arguments, environ, two, sizeof(two)), 0);
	CHECK(memcmp(one, two, 16) != 0);
}

TEST(set_user_id_programs)
{
	char *arguments[] = { "x", "--helper", "ids", NULL };
	struct stat status;
	char text[64];
	int fd, source;

	source = file_open(check_program, O_RDONLY);
	fd = REQUIRE_OK(open("p", O_RDWR | O_CREAT, 0755));
	while (syscall(SYS_sendfile, fd, source, NULL, 1 << 20) > 0)
		continue;
	close(fd);
	REQUIRE_OK(chown("p", 1234, 5678));
	REQUIRE_OK(chmod("p", 06755));
	REQUIRE_OK(stat("p", &status));
	CHECK_EQUAL(status.st_mode, S_IFREG | 06755);
	CHECK_EQUAL(output_of("./p", arguments, environ, text, sizeof(text)), 0);
	/* On Aegis set-id bits are kept and shown, but never act: it runs as its caller. */
	CHECK_TEXT(text, set_id_bits_act() ? "0 1234 1234 0 5678 5678 1\n" : "0 0 0 0 0 0 0\n");
	IN_CHILD {
		user_become(NOBODY);
		CHECK_EQUAL(output_of("./p", arguments, environ, text, sizeof(text)), 0);
		CHECK_TEXT(text, set_id_bits_act() ? "65534 1234 1234 65534 5678 5678 1\n"
						   : "65534 65534 65534 65534 65534 65534 0\n");
	}
	IN_CHILD {
		REQUIRE_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		CHECK_EQUAL(output_of("./p", arguments, environ, text, sizeof(text)), 0);
		CHECK_TEXT(text, "0 0 0 0 0 0 0\n");
	}
}

HELPER(ids)
{
	unsigned int ids[6];

	(void)argc;
	(void)argv;
	getresuid(&ids[0], &ids[1], &ids[2]);
	getresgid(&ids[3], &ids[4], &ids[5]);
	printf("%d %d %d %d %d %d %d\n", ids[0], ids[1], ids[2], ids[3], ids[4], ids[5],
	       (int)getauxval(AT_SECURE));
	return 0;
}

TEST(mapped_memory_is_gone)
{
	char *arguments[] = { "x", "--helper", "mapped", NULL, NULL }, text[20], out[16];
	char *at = pages_private(1);

	snprintf(text, sizeof(text), "%lx", (unsigned long)at);
	arguments[3] = text;
	CHECK_EQUAL(output_of(check_program, arguments, environ, out, sizeof(out)), 0);
}

HELPER(mapped)
{
	unsigned char byte;

	return argc == 1 && mincore((void *)strtoul(argv[0], NULL, 16), PAGE, &byte) == -1 &&
	       errno == ENOMEM ? 0 : 1;
}
