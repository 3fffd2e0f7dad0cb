/*
 * execve(2). A program is built completely in a new address space first; only then do the other
 * threads end and the old space go. What fails before that point leaves the caller untouched.
 */
#include "base/errno.h"
#include "base/format.h"
#include "base/string.h"
#include "file/descriptor.h"
#include "file/file.h"
#include "memory/heap.h"
#include "memory/space.h"
#include "memory/user.h"
#include "process/internal.h"
#include "task/authority.h"
#include "task/credentials.h"
#include "task/futex.h"
#include "task/process_timer.h"
#include "task/trace.h"
#include <abi/fcntl.h>

#define ARGUMENTS_MINIMUM (32 * PAGE_SIZE)
#define ARGUMENTS_MAXIMUM (6 * 1024 * 1024)

/* RLIMIT_STACK / 4, at least 128 KB and at most 6 MB, for arguments and environment together. */
static size_t arguments_limit(void)
{
	uint64_t quarter = limit_current(LIMIT_STACK) / 4;

	return clamp(quarter, ARGUMENTS_MINIMUM, (uint64_t)ARGUMENTS_MAXIMUM);
}

static void program_release(struct program *program)
{
	if (program->file)
		file_put_now(program->file);
	if (program->interpreter)
		file_put_now(program->interpreter);
	string_store_release(&program->arguments);
	string_store_release(&program->environment);
	if (program->space)
		space_user_put(program->space);
	program_close_elf(program);
	heap_free(program->name);
	heap_free(program->script_name);
}

static int add_script_words(struct program *program, const struct script_words *words, int depth)
{
	int result = 0;

	for (int i = depth - 1; i >= 0 && result == 0; i--) {
		result = string_store_add(&program->arguments, words[i].interpreter);
		if (result == 0 && words[i].option)
			result = string_store_add(&program->arguments, words[i].option);
		/* What this interpreter runs: the next script inward, or the script itself. */
		if (result == 0 && i > 0)
			continue;
		if (result == 0)
			result = string_store_add(&program->arguments, program->script_name ?
						  program->script_name : program->name);
	}
	return result;
}

/* Where arguments and environment come from: program memory, or the kernel for the first
 * program. */
struct string_source {
	user_address_t arguments, environment;
	const char *const *kernel_arguments, *const *kernel_environment;
};

static int add_strings(struct string_store *store, user_address_t array,
		       const char *const *strings, size_t skip)
{
	int result = 0;

	if (!strings)
		return string_store_add_array(store, array, skip);
	for (strings += skip; *strings && result == 0; strings++)
		result = string_store_add(store, *strings);
	return result;
}

static int program_collect(struct program *program, const struct string_source *source)
{
	struct script_words words[SCRIPT_DEPTH_MAXIMUM] = { 0 };
	int depth = script_resolve(&program->file, words);
	int result = 0;

	program->arguments.limit = program->environment.limit = arguments_limit();
	if (depth > 0)
		result = add_script_words(program, words, depth);
	if (result == 0)
		result = add_strings(&program->arguments, source->arguments,
				     source->kernel_arguments, depth > 0);
	/* A program never sees an empty argument list, which many would misread. */
	if (result == 0 && program->arguments.count == 0)
		result = string_store_add(&program->arguments, "");
	if (result == 0)
		result = add_strings(&program->environment, source->environment,
				     source->kernel_environment, 0);
	/* The pointers to the strings count too (execve(2)). */
	if (result == 0 && program->arguments.length + program->environment.length +
	    (program->arguments.count + program->environment.count) * sizeof(uint64_t) >
	    program->arguments.limit)
		result = -E2BIG;
	for (int i = 0; i < SCRIPT_DEPTH_MAXIMUM; i++) {
		heap_free(words[i].interpreter);
		heap_free(words[i].option);
	}
	/* Linux looks at the file last. */
	return result < 0 ? result : min(depth, 0);
}

/* A program that its user may only execute, not read, is not to be read from its memory either. */
static bool is_readable(struct file *file)
{
	return !file || inode_permission(file->inode, MAY_READ) == 0;
}

static void program_judge(struct program *program)
{
	const struct credentials *own = credentials_current();

	program->is_secure = own->uid != own->euid || own->gid != own->egid;
	program->is_hidden = program->is_secure || !is_readable(program->file) ||
		!is_readable(program->interpreter);
}

static int program_build(struct program *program)
{
	struct space *space = program->space;
	int result;

	result = program_map_stack(program);
	if (result == 0)
		result = program_map_elf(program);
	/* The program's own addresses come first. */
	if (result == 0)
		result = vdso_map(space);
	if (result == 0 && program->has_executable_stack)
		result = space_protect(space, program->stack_top - PAGE_SIZE, PAGE_SIZE,
				       REGION_READ | REGION_WRITE | REGION_EXECUTE);
	program_judge(program);
	if (result == 0)
		result = program_build_stack(program);
	return result;
}

/* Switches the current thread to the new space; the old one goes when nobody else runs in it. */
static void space_switch(struct process *process, struct program *program)
{
	struct space *old = process->space;
	bool enabled;

	program->space->executable = program->file;
	program->space->executable_put = file_put;
	program->file = NULL;
	enabled = spin_lock_irq(&process->signals.lock);
	process->space = program->space;
	spin_unlock_irq(&process->signals.lock, enabled);
	preemption_disable();
	thread_current()->context.space = &program->space->mmu;
	mmu_space_load(&program->space->mmu);
	preemption_enable();
	program->space = NULL;
	if (old)
		space_user_put(old);
}

#define READ_IMPLIES_EXEC 0x0400000	/* personality(2): a program's own affair */

static void program_commit(struct program *program)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	user_address_t entry = program->entry, stack = program->stack_pointer;

	/* The robust list and clear_tid_address belong to the old memory. */
	futex_thread_execute(thread);
	thread->rseq_address = 0;
	/* Hidden before it is there, shown after what was there: see proc_space_inspect. */
	if (program->is_hidden)
		WRITE_ONCE(process->dumpable, 0);
	space_switch(process, program);
	vfork_done(thread);
	memcpy(thread->name, program->command, sizeof(thread->name));
	trace_thread_update(thread);
	signal_reset_for_exec(process);
	process_timers_drop(process, true);
	descriptor_table_close_on_exec(thread->descriptors);
	process->has_executed = true;
	process->personality &= ~(uint32_t)READ_IMPLIES_EXEC;
	if (!program->is_hidden)
		atomic_store_release(&process->dumpable, 1);
	if (program->is_secure)
		process->parent_death_signal = 0;
	process->exit_signal = SIGCHLD;
	context_start_program(entry, stack);
}

static void command_name(struct program *program)
{
	const char *base = strrchr(program->name, '/');

	strlcpy(program->command, base ? base + 1 : program->name, sizeof(program->command));
}

static int program_run(struct program *program)
{
	struct credentials *credentials = NULL;
	int result = program_open_elf(program);

	if (result < 0)
		return result;
	program->space = space_create();
	if (!program->space)
		return -ENOMEM;
	result = program_build(program);
	if (result < 0) {
		program->is_unfit = true;
		return result;
	}
	command_name(program);
	result = credentials_execute_prepare(&credentials);
	/* Who fails behind this is left without its other threads, as late as that is. */
	if (result == 0)
		result = signal_end_other_threads();
	if (result == 0)
		result = descriptor_table_unshare(UINT32_MAX);
	if (result < 0) {
		if (credentials)
			credentials_put(credentials);
		return result;
	}
	if (credentials)
		credentials_install(credentials);
	program_commit(program);
	return 0;
}

/* Takes over the open file, whatever happens. */
static int program_execute(struct file *file, const char *name, const char *script_name,
			   const struct string_source *source)
{
	struct program *program = heap_allocate(sizeof(*program), HEAP_PATIENT);
	int result = -ENOMEM;
	bool is_unfit;

	if (!program) {
		file_put_now(file);
		return -ENOMEM;
	}
	program->file = file;
	program->name = heap_copy_string(name, HEAP_PATIENT);
	if (script_name)
		program->script_name = heap_copy_string(script_name, HEAP_PATIENT);
	if (program->name && (program->script_name || !script_name))
		result = program_collect(program, source);
	if (result == 0)
		result = program_run(program);
	is_unfit = program->is_unfit;
	program_release(program);
	heap_free(program);
	/* Linux gives up the old program before it maps the new one: no way back for the caller. */
	if (is_unfit && !source->kernel_arguments)
		signal_force_fatal(SIGSEGV);
	return result;
}

long process_execute(struct file *file, const char *name, user_address_t arguments,
		     user_address_t environment, int descriptor_for_script)
{
	struct string_source source = { .arguments = arguments, .environment = environment };
	char script_name[32];

	/* Scripts of execveat() are read through the descriptor (execveat(2)). */
	format_print(script_name, sizeof(script_name), "/dev/fd/%d", descriptor_for_script);
	return program_execute(file, name, descriptor_for_script >= 0 ? script_name : NULL,
			       &source);
}

int process_execute_kernel(const char *path, const char *const *arguments,
			   const char *const *environment)
{
	struct open_request request = { .is_exec = true };
	struct string_source source = {
		.kernel_arguments = arguments,
		.kernel_environment = environment,
	};
	struct file *file;
	int result = vfs_open(AT_FDCWD, path, &request, &file);

	if (result < 0)
		return result;
	return program_execute(file, path, NULL, &source);
}
