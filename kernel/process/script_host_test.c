/* First lines of scripts: what is taken for the interpreter, and that nothing beyond is read. */
#include "base/errno.h"
#include "base/string.h"
#include "base/test.h"
#include "memory/heap.h"
#include "process/internal.h"

#include <stdlib.h>

/* A line in memory of its own, so that the sanitizer sees a byte too far. */
static char *line_make(const char *text, size_t length)
{
	char *line = calloc(1, SCRIPT_LINE_BYTES);

	memcpy(line, text, min(length, (size_t)SCRIPT_LINE_BYTES));
	return line;
}

static void expect_parsed(const char *file, int at, const char *text, const char *path,
			  const char *option)
{
	char *line = line_make(text, strlen(text)), *found_path, *found_option;
	int result = script_parse(line, &found_path, &found_option);

	if (result != 0 || !path) {
		if (result != (path ? 0 : -ENOEXEC))
			test_fail(file, at, "%s: result %d", text, result);
	} else {
		test_expect_string(file, at, found_path, path);
		test_expect_string(file, at, found_option ? found_option : "(none)",
				   option ? option : "(none)");
	}
	free(line);
}

#define EXPECT_PARSED(...) expect_parsed(__FILE__, __LINE__, __VA_ARGS__)

TEST(script, path_and_option)
{
	EXPECT_PARSED("#!/bin/sh\n", "/bin/sh", NULL);
	EXPECT_PARSED("#!/bin/sh", "/bin/sh", NULL);
	EXPECT_PARSED("#! \t/bin/sh \t \nrest", "/bin/sh", NULL);
	EXPECT_PARSED("#!/bin/sh -e -x \n", "/bin/sh", "-e -x");
	EXPECT_PARSED("#!/bin/sh \t-e", "/bin/sh", "-e");
	EXPECT_PARSED("#!x\r\n", "x\r", NULL);
}

TEST(script, no_path)
{
	EXPECT_PARSED("#!\n/bin/sh\n", NULL, NULL);
	EXPECT_PARSED("#! \t \n", NULL, NULL);
	/* The zeros behind a short file end an empty name, as on Linux. */
	EXPECT_PARSED("#!", "", NULL);
	EXPECT_PARSED("#!  ", "", NULL);
}

TEST(script, long_lines)
{
	for (size_t length = 3; length < 300; length++) {
		char text[301] = "#!";
		char *line, *path, *option;

		memset(text + 2, 'a', length - 2);
		line = line_make(text, length);
		/* A name that fills the buffer may go on behind it. */
		EXPECT_EQUAL(script_parse(line, &path, &option),
			     length < SCRIPT_LINE_BYTES ? 0 : -ENOEXEC);
		free(line);
		text[4] = ' ';
		line = line_make(text, length);
		EXPECT_EQUAL(script_parse(line, &path, &option), 0);
		/* The option may be cut. */
		EXPECT_EQUAL(option ? strlen(option) : 0,
			     length < 5 ? 0 : min(length, (size_t)SCRIPT_LINE_BYTES - 1) - 5);
		free(line);
		memset(text + 2, ' ', length - 2);
		line = line_make(text, length);
		EXPECT_EQUAL(script_parse(line, &path, &option),
			     length < SCRIPT_LINE_BYTES - 1 ? 0 : -ENOEXEC);
		free(line);
	}
}

TEST(script, random_lines)
{
	static const char alphabet[] = "\0\0\n\t  ab/";
	uint64_t seed = 1;

	for (int round = 0; round < 100000; round++) {
		char *line = line_make("#!", 2), *path, *option;

		for (size_t i = 2; i < SCRIPT_LINE_BYTES; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			line[i] = round & 1 ? alphabet[(seed >> 33) % (sizeof(alphabet) - 1)] :
				(char)((seed >> 33) % 8 ? 'x' : ' ');
		}
		if (script_parse(line, &path, &option) == 0) {
			EXPECT(path >= line + 2 && path + strlen(path) < line + SCRIPT_LINE_BYTES);
			EXPECT(!strchr(path, ' ') && !strchr(path, '\t') && !strchr(path, '\n'));
			EXPECT(!option || option + strlen(option) < line + SCRIPT_LINE_BYTES);
		}
		free(line);
	}
}
