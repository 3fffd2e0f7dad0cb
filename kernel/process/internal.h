/*
 * Shared among the files of process/: programs being loaded, and steps of ending.
 */
#ifndef PROCESS_INTERNAL_H
#define PROCESS_INTERNAL_H

#include "base/codec/elf.h"
#include "base/compiler.h"
#include "base/types.h"
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
	bool is_position_independent;
	bool has_executable_stack;
	uint8_t random[16];		/* AT_RANDOM */
	char command[16];		/* comm: base name */
};

/* elf.c: maps the program and its interpreter into program->space; sets entry and the rest. */
int program_load_elf(struct program *program) MUST_CHECK;
/* Whether the first bytes are an ELF header of this CPU; -ENOEXEC. */
int elf_header_check(const struct elf64_header *header) MUST_CHECK;

/* stack.c: builds argc, argv, envp and the auxiliary vector on the new stack. */
int program_build_stack(struct program *program) MUST_CHECK;
int program_map_stack(struct program *program) MUST_CHECK;

/* vdso.c: maps the code and data pages that every program has; sets space->vdso. */
int vdso_map(struct space *space) MUST_CHECK;
int vdso_start(void) MUST_CHECK;

/* exit.c */
void vfork_done(struct thread *thread);
struct vfork_wait *vfork_wait_create(void);
int vfork_wait_sleep(struct vfork_wait *wait) MUST_CHECK;
void vfork_wait_get(struct vfork_wait *wait);
void vfork_wait_put(struct vfork_wait *wait);

#endif
