/*
 * Scripts: "#! /path option" in the first line names the program that runs the file.
 */
#include "base/errno.h"
#include "base/string.h"
#include "file/file.h"
#include "memory/heap.h"
#include "process/internal.h"
#include <abi/fcntl.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The first byte of [from, last] that is no blank; NULL: there is none. */
static char *skip_blanks(char *from, char *last)
{
	while (from <= last && is_blank(*from))
		from++;
	return from <= last ? from : NULL;
}

/* The first blank or zero of [from, last]; NULL: there is none. */
static char *find_separator(char *from, char *last)
{
	while (from <= last && !is_blank(*from) && *from != '\0')
		from++;
	return from <= last ? from : NULL;
}

int script_parse(char line[SCRIPT_LINE_BYTES], char **path, char **option)
{
	char *last = line + SCRIPT_LINE_BYTES - 1;
	char *end = memchr(line, '\n', SCRIPT_LINE_BYTES);
	char *separator;

	if (!end) {
		/* Without an end of line, the path at least must end within what was read. */
		*path = skip_blanks(line + 2, last);
		if (!*path || !find_separator(*path, last))
			return -ENOEXEC;
		end = last;
	}
	/* The mark stops it. */
	while (is_blank(end[-1]))
		end--;
	*path = skip_blanks(line + 2, end);
	if (!*path || *path == end)
		return -ENOEXEC;
	*option = NULL;
	separator = find_separator(*path, end);
	if (separator && *separator != '\0')
		*option = skip_blanks(separator, end);
	*end = '\0';
	if (separator)
		*separator = '\0';
	return 0;
}

/* Replaces *file by the interpreter that its first line names. 1: it was a script. */
static int open_interpreter(struct file **file, struct script_words *words)
{
	char line[SCRIPT_LINE_BYTES] = { 0 };
	struct open_request request = { .is_exec = true };
	struct file *interpreter;
	char *path, *option;
	long length = file_read_kernel(*file, line, sizeof(line), 0);
	int result;

	if (length < 0)
		return (int)length;
	if (line[0] != '#' || line[1] != '!')
		return 0;
	result = script_parse(line, &path, &option);
	if (result < 0)
		return result;
	result = vfs_open(AT_FDCWD, exec_name(path), &request, &interpreter);
	if (result < 0)
		return result;
	words->interpreter = heap_copy_string(path, HEAP_PATIENT);
	words->option = option ? heap_copy_string(option, HEAP_PATIENT) : NULL;
	file_put_now(*file);
	*file = interpreter;
	return words->interpreter && (words->option || !option) ? 1 : -ENOMEM;
}

int script_resolve(struct file **file, struct script_words words[SCRIPT_DEPTH_MAXIMUM])
{
	for (int depth = 0; depth < SCRIPT_DEPTH_MAXIMUM; depth++) {
		int result = open_interpreter(file, &words[depth]);

		if (result <= 0)
			return result < 0 ? result : depth;
	}
	return -ELOOP;
}
