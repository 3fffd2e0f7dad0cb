/*
 * What the generated stubs in call_stubs.c are made of: lookups, copies, and the table's entry.
 */
#ifndef SYSCALL_STUB_H
#define SYSCALL_STUB_H

#include "arch/context.h"
#include "arch/user.h"
#include "base/compiler.h"
#include "base/errno.h"
#include "base/string.h"
#include "base/types.h"
#include "file/descriptor.h"
#include "file/file.h"
#include "memory/transfer.h"
#include "memory/user.h"
#include "task/authority.h"
#include <abi/fcntl.h>
#include <abi/process.h>
#include <abi/signal.h>
#include <abi/stat.h>
#include <abi/time.h>

typedef long (*call_stub)(const struct frame *frame);

/* formats: one letter an argument, for trace: d u signed and unsigned int, D U X 64-bit, o octal,
 * x flags, p address, f descriptor, s file name, b bytes to be shown, g signal, c command. */
struct call_command {
	unsigned number;
	const char *name;
};

struct call_entry {
	call_stub stub;			/* NULL: no such call */
	const char *name;
	const char *formats;
	const char *const *names;
	const struct call_command *commands;	/* names of a command argument, by number */
	unsigned command_count;
};

/* A call that Linux has and Aegis has not. */
struct call_name {
	long number;
	const char *name;
};

/* Aegis's own calls from 1024 up follow Linux's directly in the table. */
#define CALL_INDEX(number) \
	((number) < CALL_AEGIS_FIRST ? (number) : (number) - CALL_AEGIS_FIRST + CALL_LINUX_LIMIT)

#include "call_numbers.h"

extern const struct call_entry call_table[];
extern const unsigned call_table_size;
extern const struct call_name call_names_missing[];	/* NULL ends them */

/* A file name from the program in kernel memory: 0, -EFAULT, -ENAMETOOLONG, -ENOMEM. NULL gives
 * NULL where that is allowed. call_path_put() frees it. */
int call_path_get(char **path, user_address_t address, bool is_null_allowed) MUST_CHECK;
void call_path_put(char *path);

#endif
