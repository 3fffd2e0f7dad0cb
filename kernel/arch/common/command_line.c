/* Options on the kernel's command line: words separated by blanks, double quotes keep blanks. */
#include "arch/boot.h"
#include "base/string.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Where the word at `text` ends. */
static const char *word_end(const char *text)
{
	bool is_quoted = false;

	for (; *text && (is_quoted || !is_blank(*text)); text++) {
		if (*text == '"')
			is_quoted = !is_quoted;
	}
	return text;
}

static void value_copy(char *value, size_t size, const char *from, const char *end)
{
	size_t used = 0;

	if (size == 0)
		return;
	for (; from < end && used + 1 < size; from++) {
		if (*from != '"')
			value[used++] = *from;
	}
	value[used] = 0;
}

bool boot_option(const struct boot_information *boot, const char *name, char *value, size_t size)
{
	const char *word = boot->command_line;
	size_t name_length = strlen(name);
	bool is_found = false;

	while (*word) {
		const char *end;

		while (is_blank(*word))
			word++;
		end = word_end(word);
		if ((size_t)(end - word) >= name_length && !memcmp(word, name, name_length)) {
			const char *after = word + name_length;

			/* The last one wins, so that a line can be overridden by appending. */
			if (after == end || *after == '=') {
				value_copy(value, size, after + (after < end), end);
				is_found = true;
			}
		}
		word = end;
	}
	return is_found;
}
