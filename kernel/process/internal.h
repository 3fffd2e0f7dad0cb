/*
 * Shared among the files of process/: programs being loaded, and steps of ending.
 */
#ifndef PROCESS_INTERNAL_H
#define PROCESS_INTERNAL_H

#include "base/compiler.h"
#include "base/types.h"
#include "process/elf.h"
#include "process/process.h"
#include "vfs/vfs.h"

struct space;

/* Strings of arguments or environment, copied from a program before its memory goes away. */
struct string_store {
	uint8_t **pages;
	size_t page_count, page_capacity;
	size_t length;			/* bytes used, terminators included */
	size_t count;			/* strings */
	size_t limit;			/* bytes allowed */
};

void string_store_release(struct string_store *store);
int string_store_add_user(struct string_store *store, user_address_t text) MUST_CHECK;
int string_store_add(struct string_store *store, const char *text) MUST_CHECK;
/* Reads a program's NULL-terminated array of pointers; `skip` leaves out the first ones. */
int string_store_add_array(struct string_store *store, user_address_t array, size_t skip)
	MUST_CHECK;
/* Copies the bytes [from, from + length) of the store into a space; -EFAULT. */
int string_store_copy_out(const struct string_store *store, struct space *space,
			  user_address_t to) MUST_CHECK;

/* Everything an execve works on, until it is committed or given up. */
struct program {
	struct file *file;		/* the program that runs: the interpreter of a script */
	struct file *interpreter;	/* of PT_INTERP, or NULL */
	char *name;			/* as given to execve: AT_EXECFN */
	char *script_name;		/* what a script's interpreter gets as its last word */
	struct string_store arguments, environment;
	struct space *space;		/* the new one */
	user_address_t stack_top, stack_pointer;
	user_address_t entry, program_entry, interpreter_base, headers;
	uint16_t header_count;
	bool has_executable_stack;
	bool is_unfit;			/* its headers are good, but it cannot be mapped */
	struct elf_image image, interpreter_image;
	bool is_secure;			/* runs as somebody else: AT_SECURE */
	bool is_hidden;			/* not to be looked into: not readable, or secure */
	uint8_t random[16];		/* AT_RANDOM */
	char command[16];		/* comm: base name */
};

/* elf.c: reads the headers of the program and opens its interpreter; close after either result. */
int program_open_elf(struct program *program) MUST_CHECK;
void program_close_elf(struct program *program);
/* Maps both into program->space; sets entry and the rest. */
int program_map_elf(struct program *program) MUST_CHECK;

/* A name inside a program file: as on Linux, an empty one means the working directory. */
static inline const char *exec_name(const char *name)
{
	return name[0] ? name : ".";
}

/* script.c: scripts of scripts are followed so far; the last of these is one too many. */
#define SCRIPT_DEPTH_MAXIMUM 6
#define SCRIPT_LINE_BYTES 256		/* BINPRM_BUF_SIZE: what is looked at of "#!" lines */
/* Words that a script puts before the arguments for its interpreter; copies, for heap_free(). */
struct script_words {
	char *interpreter, *option;
};
/*
 * Follows "#!" lines from *file; the interpreter that is no script takes its place, and `words` are
 * those of each script, the first one's first. How many there were, or a negative errno: -ENOEXEC,
 * -ELOOP and those of opening. `words` must be empty and may be filled also after an error.
 */
int script_resolve(struct file **file, struct script_words words[SCRIPT_DEPTH_MAXIMUM]) MUST_CHECK;
/* Splits a first line, which ends in zeros when the file does. -ENOEXEC: no or a cut path. */
int script_parse(char line[SCRIPT_LINE_BYTES], char **path, char **option) MUST_CHECK;

/* stack.c: builds argc, argv, envp and the auxiliary vector on the new stack. */
int program_build_stack(struct program *program) MUST_CHECK;
int program_map_stack(struct program *program) MUST_CHECK;

/* vdso.c: maps the code and data pages that every program has; sets space->vdso. */
int vdso_map(struct space *space) MUST_CHECK;

/* exit.c */
/* Gives up descriptors and directories; the last thread with a table closes all. May sleep. */
void thread_files_drop(struct thread *thread);
void vfork_done(struct thread *thread);
struct vfork_wait *vfork_wait_create(void);
int vfork_wait_sleep(struct vfork_wait *wait) MUST_CHECK;
void vfork_wait_get(struct vfork_wait *wait);
void vfork_wait_put(struct vfork_wait *wait);

#endif
