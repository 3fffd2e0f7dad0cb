/*
 * The first process: made from nothing with the system role, it executes the program that the
 * command line names, or the usual ones, and prints what it tried when none can run.
 */
#include "arch/boot.h"
#include "base/errno.h"
#include "base/format.h"
#include "base/string.h"
#include "capability/capability.h"
#include "file/descriptor.h"
#include "file/file.h"
#include "log/errno_name.h"
#include "log/log.h"
#include "memory/heap.h"
#include "process/internal.h"
#include "vfs/walk.h"
#include <abi/fcntl.h>

#define INIT_ARGUMENTS_MAXIMUM 32

struct init_line {
	char *text;					/* a copy that the pointers point into */
	const char *arguments[INIT_ARGUMENTS_MAXIMUM + 2];
	const char *environment[INIT_ARGUMENTS_MAXIMUM + 3];
	unsigned argument_count, environment_count;
	char program[256];				/* init= or rdinit= */
};

/* Options of the kernel; all other words go to init: name=value as environment, the rest as
 * arguments, as bootparam(7) has it. Words with a dot are module parameters on Linux. */
static bool is_kernel_option(const char *word, size_t name_length)
{
	static const char *const known[] = {
		"console", "init", "rdinit", "initrd", "root", "rootfstype", "rootflags", "quiet",
		"panic", "loglevel", "kpti", "trace", "selftest", "provoke", "ro", "rw", "boot",
		"debug",
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strlen(known[i]) == name_length && memcmp(known[i], word, name_length) == 0)
			return true;
	}
	return memchr(word, '.', name_length) != NULL;
}

static void word_take(struct init_line *line, char *word, bool *is_for_init)
{
	char *equals = strchr(word, '=');
	size_t name_length = equals ? (size_t)(equals - word) : strlen(word);

	if (*is_for_init || (!equals && !is_kernel_option(word, name_length))) {
		if (strcmp(word, "--") == 0)
			*is_for_init = true;
		else if (line->argument_count < INIT_ARGUMENTS_MAXIMUM)
			line->arguments[1 + line->argument_count++] = word;
		return;
	}
	if (!is_kernel_option(word, name_length) &&
	    line->environment_count < INIT_ARGUMENTS_MAXIMUM)
		line->environment[2 + line->environment_count++] = word;
}

static int line_parse(struct init_line *line, const char *command_line)
{
	bool is_for_init = false;
	char *cursor;

	line->environment[0] = "HOME=/";
	line->environment[1] = "TERM=linux";
	line->text = heap_copy_string(command_line, HEAP_PATIENT);
	if (!line->text)
		return -ENOMEM;
	cursor = line->text;
	while (*cursor) {
		char *word;

		while (*cursor == ' ' || *cursor == '\t' || *cursor == '\n')
			cursor++;
		word = cursor;
		while (*cursor && *cursor != ' ' && *cursor != '\t' && *cursor != '\n')
			cursor++;
		if (*cursor)
			*cursor++ = '\0';
		if (*word)
			word_take(line, word, &is_for_init);
	}
	return 0;
}

/* Descriptors 0, 1 and 2 are the console; without one, init runs blind, as on Linux. */
static void console_open(void)
{
	struct open_request request = { .flags = O_RDWR };
	struct file *file;

	if (vfs_open(AT_FDCWD, "/dev/console", &request, &file) < 0) {
		log_print(LOG_WARNING, "init: no /dev/console, starting without one\n");
		return;
	}
	for (int i = 0; i < 3; i++) {
		int fd;

		file_get(file);
		fd = descriptor_add(file, false);
		if (fd < 0)
			break;
	}
	file_put_now(file);
}

static int try_program(struct init_line *line, const char *path)
{
	line->arguments[0] = path;
	return process_execute_kernel(path, line->arguments, line->environment);
}

static void init_thread(void *argument)
{
	static const char *const usual[] = { "/init", "/sbin/init", "/etc/init", "/bin/init",
					     "/bin/sh" };
	struct init_line *line = argument;
	int result = -ENOENT;

	console_open();
	if (line->program[0]) {
		result = try_program(line, line->program);
		if (result < 0)
			panic("init: %s, which the command line names, cannot run (%s)",
			      line->program, errno_name(-result));
	}
	for (size_t i = 0; result < 0 && i < ARRAY_SIZE(usual); i++) {
		result = try_program(line, usual[i]);
		if (result < 0 && result != -ENOENT)
			log_print(LOG_ERROR, "init: %s cannot run (%s)\n", usual[i],
				  errno_name(-result));
	}
	if (result < 0)
		panic("init: no program to start: tried /init /sbin/init /etc/init /bin/init "
		      "/bin/sh; give an initramfs with one of them, or rdinit=PROGRAM");
	heap_free(line->text);
	heap_free(line);
	log_ok("INIT", "first program started");
	context_enter_user();
}

/* The first thread's root, and a table without descriptors. */
static int init_files(struct thread *thread)
{
	struct path root;
	int result = walk_root(&root);

	if (result < 0)
		return result;
	thread->directories = directory_state_create(&root);
	path_put(&root);
	thread->descriptors = descriptor_table_create();
	return thread->directories && thread->descriptors ? 0 : -ENOMEM;
}

int process_start_init(const char *command_line)
{
	struct init_line *line = heap_allocate(sizeof(*line), HEAP_PATIENT);
	struct process *process;
	struct thread *thread;
	int result;

	if (!line)
		return -ENOMEM;
	result = line_parse(line, command_line);
	if (result < 0)
		return result;
	if (!boot_option(boot_information(), "rdinit", line->program, sizeof(line->program)))
		boot_option(boot_information(), "init", line->program, sizeof(line->program));
	result = process_create(1, &process);
	if (result < 0)
		return result;
	limits_init(&process->limits);
	process->capabilities = capability_set_get(capability_set_system());
	result = signal_process_init(process, NULL);
	if (result == 0)
		result = thread_create(process, NULL, init_thread, line, &thread);
	if (result == 0)
		result = init_files(thread);
	if (result < 0)
		return result;
	strlcpy(thread->name, "init", sizeof(thread->name));
	process->exit_signal = SIGCHLD;
	result = process_publish(process, false);
	if (result < 0)
		return result;
	thread_run(thread);
	return 0;
}
