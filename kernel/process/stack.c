/*
 * The stack that a program starts with: strings, the auxiliary vector, and the arrays of pointers,
 * as the System V ABI and getauxval(3) describe it.
 */
#include "arch/cpu.h"
#include "arch/signal.h"
#include "base/errno.h"
#include "base/string.h"
#include "memory/heap.h"
#include "memory/space.h"
#include "process/internal.h"
#include "process/layout.h"
#include "random/random.h"
#include "task/credentials.h"
#include <abi/process.h>

/* How much of the stack region exists from the start; it grows by faults. */
#define STACK_INITIAL_BYTES (128 * 1024)

/* The new stack while it is filled: `words` will lie at the final stack pointer. */
struct stack_builder {
	struct program *program;
	user_address_t cursor;		/* everything above is written */
	uint64_t *words;
	size_t count, capacity;
};

int program_map_stack(struct program *program)
{
	struct space *space = program->space;
	uint64_t limit = limit_current(LIMIT_STACK), length;
	uint32_t flags = REGION_READ | REGION_WRITE | REGION_MAY_READ | REGION_MAY_WRITE |
		REGION_MAY_EXECUTE | REGION_GROWS_DOWN;
	struct map_request request;
	int64_t address;

	length = align_up(STACK_INITIAL_BYTES + program->arguments.length +
			  program->environment.length + (program->arguments.count +
			  program->environment.count) * sizeof(uint64_t), PAGE_SIZE);
	program->stack_top = layout_choose(space, limit);
	request = (struct map_request){
		.address = program->stack_top - length,
		.length = length,
		.region_flags = flags,
		.map_flags = MAP_AT_EXACTLY,
		.name = "[stack]",
	};
	address = space_map(space, &request);
	if (address < 0)
		return address;
	space->stack_start = program->stack_top;
	program->stack_pointer = program->stack_top;
	return 0;
}

static int push_bytes(struct stack_builder *builder, const void *data, size_t length,
		      user_address_t *address)
{
	builder->cursor -= length;
	*address = builder->cursor;
	return space_write(builder->program->space, builder->cursor, data, length);
}

static int push_string(struct stack_builder *builder, const char *text, user_address_t *address)
{
	return push_bytes(builder, text, strlen(text) + 1, address);
}

static void add_word(struct stack_builder *builder, uint64_t word)
{
	if (builder->count < builder->capacity)
		builder->words[builder->count++] = word;
}

/* Pointers to each string of a store that begins at `start`, then NULL. */
static void add_pointers(struct stack_builder *builder, const struct string_store *store,
			 user_address_t start)
{
	size_t offset = 0;

	for (size_t i = 0; i < store->count; i++) {
		add_word(builder, start + offset);
		while (store->pages[offset / PAGE_SIZE][offset % PAGE_SIZE] != '\0')
			offset++;
		offset++;
	}
	add_word(builder, 0);
}

static void add_auxiliary(struct stack_builder *builder, uint64_t type, uint64_t value)
{
	struct space *space = builder->program->space;

	add_word(builder, type);
	add_word(builder, value);
	if (space->auxiliary_count + 2 <= ARRAY_SIZE(space->auxiliary)) {
		space->auxiliary[space->auxiliary_count++] = type;
		space->auxiliary[space->auxiliary_count++] = value;
	}
}

struct stack_strings {
	user_address_t name, platform, random;
};

static void add_auxiliary_vector(struct stack_builder *builder, const struct stack_strings *strings)
{
	const struct program *program = builder->program;
	const struct credentials *credentials = credentials_current();

	if (program->space->vdso)
		add_auxiliary(builder, AT_SYSINFO_EHDR, program->space->vdso);
	add_auxiliary(builder, AT_MINSIGSTKSZ, signal_frame_minimum());
	add_auxiliary(builder, AT_HWCAP, cpu_hwcap());
	add_auxiliary(builder, AT_PAGESZ, PAGE_SIZE);
	add_auxiliary(builder, AT_CLKTCK, USER_HZ);
	add_auxiliary(builder, AT_PHDR, program->headers);
	add_auxiliary(builder, AT_PHENT, sizeof(struct elf64_program_header));
	add_auxiliary(builder, AT_PHNUM, program->header_count);
	add_auxiliary(builder, AT_BASE, program->interpreter_base);
	add_auxiliary(builder, AT_FLAGS, 0);
	add_auxiliary(builder, AT_ENTRY, program->program_entry);
	add_auxiliary(builder, AT_UID, credentials->uid);
	add_auxiliary(builder, AT_EUID, credentials->euid);
	add_auxiliary(builder, AT_GID, credentials->gid);
	add_auxiliary(builder, AT_EGID, credentials->egid);
	add_auxiliary(builder, AT_SECURE, program->is_secure);
	add_auxiliary(builder, AT_RANDOM, strings->random);
	add_auxiliary(builder, AT_HWCAP2, cpu_hwcap2());
	add_auxiliary(builder, AT_EXECFN, strings->name);
	add_auxiliary(builder, AT_PLATFORM, strings->platform);
	add_auxiliary(builder, AT_NULL, 0);
}

static int push_strings(struct stack_builder *builder, struct stack_strings *strings)
{
	struct program *program = builder->program;
	struct space *space = program->space;
	int result;

	/* The topmost word stays zero, as on Linux. */
	builder->cursor -= sizeof(uint64_t);
	result = push_string(builder, program->name, &strings->name);
	if (result < 0)
		return result;
	space->environment_end = builder->cursor;
	builder->cursor -= program->environment.length;
	space->environment_start = builder->cursor;
	space->arguments_end = builder->cursor;
	builder->cursor -= program->arguments.length;
	space->arguments_start = builder->cursor;
	result = string_store_copy_out(&program->environment, space, space->environment_start);
	if (result == 0)
		result = string_store_copy_out(&program->arguments, space, space->arguments_start);
	if (result == 0)
		result = push_string(builder, cpu_platform(), &strings->platform);
	random_bytes(program->random, sizeof(program->random));
	builder->cursor = align_down(builder->cursor, 16);
	if (result == 0)
		result = push_bytes(builder, program->random, sizeof(program->random),
				    &strings->random);
	return result;
}

int program_build_stack(struct program *program)
{
	struct stack_builder builder = { .program = program, .cursor = program->stack_top };
	struct stack_strings strings = { 0 };
	int result = push_strings(&builder, &strings);

	if (result < 0)
		return result;
	builder.capacity = 1 + program->arguments.count + 1 + program->environment.count + 1 + 64;
	builder.words = heap_allocate_array(builder.capacity, sizeof(uint64_t), HEAP_RAW);
	if (!builder.words)
		return -ENOMEM;
	add_word(&builder, program->arguments.count);
	add_pointers(&builder, &program->arguments, program->space->arguments_start);
	add_pointers(&builder, &program->environment, program->space->environment_start);
	add_auxiliary_vector(&builder, &strings);
	/* A random offset of up to 8 KB keeps stack addresses from being predicted by the line. */
	builder.cursor -= random_below(512) * 16;
	builder.cursor = align_down(builder.cursor - builder.count * sizeof(uint64_t), 16);
	result = space_write(program->space, builder.cursor, builder.words,
			     builder.count * sizeof(uint64_t));
	program->stack_pointer = builder.cursor;
	heap_free(builder.words);
	return result;
}
