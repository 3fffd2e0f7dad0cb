/*
 * The system console and the nodes that lead to terminals by role: /dev/console is the line that
 * the last console= option names, else the first line that was registered; /dev/tty is the
 * controlling terminal of whoever opens it.
 */
#include "arch/boot.h"
#include "base/errno.h"
#include "base/format.h"
#include "base/parse.h"
#include "base/string.h"
#include "log/log.h"
#include "terminal/internal.h"

#define CONSOLE_OPTION "console="

/* Set once each while the machine starts. */
static struct terminal *console;
static bool console_is_named;

/* Walks the console= options: the name up to the comma, and the speed behind it. */
static const char *option_next(const char *cursor, const char **name, size_t *length)
{
	const size_t prefix = strlen(CONSOLE_OPTION);

	for (; *cursor; cursor++) {
		bool is_start = cursor == boot_information()->command_line || cursor[-1] == ' ';

		if (!is_start || strncmp(cursor, CONSOLE_OPTION, prefix) != 0)
			continue;
		*name = cursor + prefix;
		*length = 0;
		while ((*name)[*length] && (*name)[*length] != ',' && (*name)[*length] != ' ')
			++*length;
		return *name + *length;
	}
	return NULL;
}

static bool name_is(const char *name, size_t length, const char *text)
{
	return strlen(text) == length && memcmp(name, text, length) == 0;
}

bool console_is_wanted(const char *name, unsigned *baud)
{
	const char *cursor = boot_information()->command_line, *option;
	bool has_options = false, is_named = false;
	uint64_t value;
	size_t length;

	*baud = 0;
	while ((cursor = option_next(cursor, &option, &length)) != NULL) {
		const char *end;

		has_options = true;
		/* As on Linux: the last option chooses the line, the first of a line its speed. */
		if (is_named || !name_is(option, length, name))
			continue;
		is_named = true;
		if (*cursor == ',' && parse_unsigned_prefix(cursor + 1, 10, &value, &end) == 0 &&
		    value <= UINT32_MAX)
			*baud = (unsigned)value;
	}
	return has_options ? is_named : !console;
}

/* What the last console= names; NULL: there is none. */
static const char *last_named(size_t *last_length)
{
	const char *cursor = boot_information()->command_line, *option, *last = NULL;
	size_t length;

	*last_length = 0;
	while ((cursor = option_next(cursor, &option, &length)) != NULL) {
		last = option;
		*last_length = length;
	}
	return last;
}

static bool is_last_named(const char *name)
{
	size_t length;
	const char *last = last_named(&length);

	return last && name_is(last, length, name);
}

static int line_open(struct device_node *node, struct file *file)
{
	return terminal_open(node->object, file);
}

int console_register(struct terminal *terminal, const char *name)
{
	bool is_named = is_last_named(name);

	format_print(terminal->name, sizeof(terminal->name), "%s", name);
	if (!console || (is_named && !console_is_named)) {
		console = terminal;
		console_is_named = is_named;
	}
	terminal->device_node = (struct device_node){
		.name = terminal->name,
		.number = terminal->number,
		.permissions = 0600,
		.open = line_open,
		.object = terminal,
		.subsystem = "tty",
	};
	return device_node_add(&terminal->device_node);
}

void console_check(void)
{
	size_t length;
	const char *last = last_named(&length);

	if (!last || console_is_named)
		return;
	log_print(LOG_WARNING, "console=%.*s: no such line, %s is used\n", (int)length, last,
		  console ? console->name : "none");
}

void console_describe(struct format_sink *sink)
{
	if (console)
		format_to(sink, "%s\n", console->name);
}

static int console_open(struct device_node *node, struct file *file)
{
	(void)node;
	return console ? terminal_open_as(console, file, OPEN_CONSOLE) : -ENODEV;
}

static int controlling_open(struct device_node *node, struct file *file)
{
	(void)node;
	return terminal_open_controlling(file);
}

static struct device_node role_nodes[] = {
	{ .name = "tty", .number = DEVICE_NUMBER(5, 0), .permissions = 0666,
	  .open = controlling_open, .subsystem = "tty" },
	{ .name = "console", .number = DEVICE_NUMBER(5, 1), .permissions = 0600,
	  .open = console_open, .subsystem = "tty" },
};

int console_start(void)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(role_nodes) && result == 0; i++)
		result = device_node_add(&role_nodes[i]);
	return result;
}
