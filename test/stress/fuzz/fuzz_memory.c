/*
 * Addresses for the fuzzer: structures in scratch memory, at the last bytes before an unmapped
 * page, or where no program's memory is; and a pool of pages that calls may map over and cut up.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum {
	POOL_PAGES = 64,
	SCRATCH_BYTES = 4 * FUZZ_PAGE,
	SCRATCH_AREAS = FUZZ_THREADS + FUZZ_CHILDREN,
	ARRAY_LONG = 40,
	STRING_COUNT = 4,
};

/* Stacks are far below all that calls are aimed at: a child that empties or fills the pages of its
 * own stack would find its registers wrong. */
#define CHILD_STACKS_ADDRESS 0x2a5a5a5a5000

static uint8_t *scratch;

static uint8_t *pages_map_at(uint64_t wanted, size_t count, int protection)
{
	long address = fuzz_raw(SYS_mmap, wanted, count * FUZZ_PAGE, protection,
				MAP_PRIVATE | MAP_ANONYMOUS, -1);

	return (uint8_t *)address;
}

static uint8_t *pages_map(size_t count, int protection)
{
	return pages_map_at(0, count, protection);
}

void fuzz_memory_start(void)
{
	struct fuzz_resources *resources = &fuzz_resources;

	scratch = pages_map(SCRATCH_AREAS * SCRATCH_BYTES / FUZZ_PAGE, PROT_READ | PROT_WRITE);
	fuzz_child_stacks = pages_map_at(CHILD_STACKS_ADDRESS,
					 (FUZZ_CHILDREN + 1) * FUZZ_CHILD_STACK / FUZZ_PAGE,
					 PROT_READ | PROT_WRITE);
	resources->pool = pages_map(POOL_PAGES, PROT_READ | PROT_WRITE);
	resources->words = pages_map(1, PROT_READ | PROT_WRITE);
	resources->read_only = pages_map(1, PROT_READ);
	resources->edge = pages_map(2, PROT_READ | PROT_WRITE);
	fuzz_raw(SYS_mprotect, resources->edge + FUZZ_PAGE, FUZZ_PAGE, PROT_NONE);
	for (unsigned page = 0; page < POOL_PAGES; page += 7)
		fuzz_slot_add(&resources->memory, (uint64_t)resources->pool + page * FUZZ_PAGE);
}

void fuzz_thread_start(struct fuzz_thread *thread, unsigned index, uint64_t seed)
{
	thread->random = seed;
	thread->index = index;
	thread->scratch_start = scratch + (index % SCRATCH_AREAS) * SCRATCH_BYTES;
	thread->scratch_end = thread->scratch_start + SCRATCH_BYTES;
	thread->scratch = thread->scratch_start;
}

/* Room for something: mostly in scratch memory, sometimes ending where a page ends. */
static uint8_t *place(struct fuzz_thread *thread, size_t bytes)
{
	uint8_t *found;

	if (bytes > FUZZ_PAGE)
		bytes = FUZZ_PAGE;
	if (fuzz_percent(thread, 8))
		return fuzz_resources.edge + FUZZ_PAGE - bytes;
	if (thread->scratch + bytes + 16 > thread->scratch_end)
		thread->scratch = thread->scratch_start;
	found = thread->scratch;
	thread->scratch += (bytes + 15) & ~(size_t)15;
	return found + (fuzz_percent(thread, 4) ? 1 + fuzz_below(thread, 7) : 0);
}

static uint64_t bad_address(struct fuzz_thread *thread)
{
	const struct fuzz_resources *resources = &fuzz_resources;

	switch (fuzz_below(thread, 12)) {
	case 0:
		return 0;
	case 1:
		return 1 + fuzz_below(thread, FUZZ_PAGE);
	case 2: case 3:
		return (uint64_t)resources->edge + FUZZ_PAGE - fuzz_below(thread, 64);
	case 4:
		return (uint64_t)resources->read_only + fuzz_below(thread, 64);
	case 5:
		return 0xffff800000000000 + (fuzz_random(thread) >> 20);
	case 6:
		return 0xffffffff80000000 + fuzz_below(thread, 1u << 24);
	case 7:
		return (1ull << 47) - fuzz_below(thread, 3 * FUZZ_PAGE);
	case 8:
		return (1ull << 47) + fuzz_below(thread, 1u << 20);
	case 9:
		return UINT64_MAX - fuzz_below(thread, 2 * FUZZ_PAGE);
	case 10:
		return fuzz_random(thread);
	default:
		return fuzz_slot_any(thread, &fuzz_resources.memory);
	}
}

static uint64_t memory_address(struct fuzz_thread *thread)
{
	uint64_t address = fuzz_slot_any(thread, &fuzz_resources.memory);

	if (fuzz_percent(thread, 20))
		return 0;
	if (fuzz_percent(thread, 40))
		address += fuzz_below(thread, 16) * FUZZ_PAGE;
	if (fuzz_percent(thread, 5))
		address += fuzz_below(thread, FUZZ_PAGE);
	return address;
}

static uint64_t buffer_make(struct fuzz_thread *thread)
{
	size_t bytes = fuzz_below(thread, fuzz_percent(thread, 80) ? 64 : FUZZ_PAGE + 1);
	uint8_t *start = place(thread, bytes);
	uint64_t word = fuzz_random(thread);

	for (size_t i = 0; i < bytes && i < 64; i++)
		start[i] = (uint8_t)(word >> i % 8 * 8);
	return (uint64_t)start;
}

static uint8_t *fields_fill(struct fuzz_thread *thread, const struct fuzz_layout *layout,
			    uint8_t *at)
{
	for (unsigned i = 0; i < layout->count; i++) {
		uint64_t word = fuzz_value_make(thread, &layout->fields[i]);

		memcpy(at, &word, layout->fields[i].width);
		at += layout->fields[i].width;
	}
	return at;
}

static uint64_t structures_make(struct fuzz_thread *thread, unsigned index, size_t count)
{
	const struct fuzz_layout *layout = &fuzz_layouts[index];
	uint8_t *start, *at;

	if (count * layout->bytes > FUZZ_PAGE)
		count = FUZZ_PAGE / layout->bytes;
	at = start = place(thread, count * layout->bytes);
	for (size_t i = 0; i < count; i++)
		at = fields_fill(thread, layout, at);
	return (uint64_t)start;
}

static uint64_t text_make(struct fuzz_thread *thread, const char *text, size_t length)
{
	uint8_t *start = place(thread, length + 1);

	if (length >= FUZZ_PAGE)
		length = FUZZ_PAGE - 1;
	memcpy(start, text, length);
	start[length] = '\0';
	return (uint64_t)start;
}

static uint64_t strings_make(struct fuzz_thread *thread)
{
	uint64_t pointers[STRING_COUNT + 1] = { 0 };
	size_t count = fuzz_below(thread, STRING_COUNT + 1);
	uint8_t *start;

	for (size_t i = 0; i < count; i++) {
		const char *word = fuzz_word(thread);

		pointers[i] = fuzz_percent(thread, fuzz_program->hostility) ? bad_address(thread) :
			text_make(thread, word, strlen(word));
	}
	start = place(thread, sizeof(pointers));
	memcpy(start, pointers, sizeof(pointers));
	return (uint64_t)start;
}

static uint64_t options_make(struct fuzz_thread *thread)
{
	char text[256];
	size_t length = fuzz_options(thread, text, sizeof(text));

	return text_make(thread, text, length);
}

static uint64_t attribute_name_make(struct fuzz_thread *thread)
{
	static const char *const names[] = {
		"user.a", "user.b", "trusted.a", "security.a", "security.capability", "user.",
		"system.posix_acl_access", "", "user", "none.a",
	};
	const char *name = names[fuzz_below(thread, sizeof(names) / sizeof(names[0]))];

	if (fuzz_percent(thread, 5))
		name = fuzz_name(thread);
	return text_make(thread, name, strlen(name));
}

static uint64_t good_address(struct fuzz_thread *thread, const struct fuzz_value *value)
{
	const char *text;
	size_t count;

	switch (value->kind) {
	case FUZZ_STACK:
		return fuzz_percent(thread, 60) ? 0 : (uint64_t)place(thread, 512);
	case FUZZ_MEMORY:
		return memory_address(thread);
	case FUZZ_STRUCTURE:
		return fuzz_percent(thread, 5) ? 0 : structures_make(thread, value->index, 1);
	case FUZZ_ARRAY:
		count = fuzz_below(thread, fuzz_percent(thread, 90) ? 9 : ARRAY_LONG);
		return structures_make(thread, value->index, count);
	case FUZZ_NAME:
		text = fuzz_name(thread);
		return text_make(thread, text, strlen(text));
	case FUZZ_STRING:
		text = fuzz_word(thread);
		return text_make(thread, text, strlen(text));
	case FUZZ_STRINGS:
		return strings_make(thread);
	case FUZZ_ATTRIBUTE_NAME:
		return attribute_name_make(thread);
	case FUZZ_MOUNT_OPTIONS:
		return options_make(thread);
	case FUZZ_FUTEX_ADDRESS: case FUZZ_ROBUST_ENTRY:
		return (uint64_t)fuzz_resources.words + fuzz_below(thread, 8) * 8 +
			(fuzz_percent(thread, 3) ? 1 : 0);
	case FUZZ_BUFFER:
		return buffer_make(thread);
	default:
		return fuzz_percent(thread, 50) ? buffer_make(thread) : memory_address(thread);
	}
}

uint64_t fuzz_address_make(struct fuzz_thread *thread, const struct fuzz_value *value)
{
	if (fuzz_percent(thread, fuzz_program->hostility))
		return bad_address(thread);
	return good_address(thread, value);
}

void fuzz_poke(struct fuzz_thread *thread)
{
	uint64_t area = fuzz_below(thread, FUZZ_THREADS);
	uint64_t word = fuzz_below(thread, SCRATCH_BYTES / sizeof(uint64_t));
	volatile uint64_t *at = (uint64_t *)(scratch + area * SCRATCH_BYTES) + word;

	if (fuzz_percent(thread, 10))
		at = (uint64_t *)fuzz_resources.words + fuzz_below(thread, 8);
	*at = fuzz_number(thread, 8);
}
