/*
 * Names for kernel addresses by binary search in the embedded table, and backtraces.
 */
#include "log/symbol.h"

#include "arch/context.h"
#include "log/log.h"

#define BACKTRACE_LINES 32	/* more are a broken chain */
#define BACKTRACE_DEPTH 4096

struct backtrace {
	unsigned lines, depth, repeated;
	virtual_t last;
};

const char *symbol_find(virtual_t address, size_t *offset)
{
	uint32_t low = 0, high;
	uint64_t wanted;

	*offset = 0;
	if (!&kernel_symbol_count || address < kernel_symbol_base)
		return "?";
	wanted = address - kernel_symbol_base;
	high = kernel_symbol_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (kernel_symbol_offsets[middle] <= wanted)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return "?";
	*offset = (size_t)(wanted - kernel_symbol_offsets[low - 1]);
	return &kernel_symbol_names[kernel_symbol_names_at[low - 1]];
}

static void print_repeated(struct backtrace *trace)
{
	if (trace->repeated)
		log_print_always(LOG_EMERGENCY, "      the same %u times more", trace->repeated);
	trace->repeated = 0;
}

/* Recursion is one line, so that its beginning shows as well. */
static bool print_address(virtual_t address, void *argument)
{
	struct backtrace *trace = argument;
	size_t offset;
	/* A return address may be the first byte of the next function: look one byte before. */
	const char *name = symbol_find(address - 1, &offset);

	if (address == trace->last) {
		trace->repeated++;
		return ++trace->depth < BACKTRACE_DEPTH;
	}
	print_repeated(trace);
	log_print_always(LOG_EMERGENCY, "  %2u  %016lx  %s+0x%zx", trace->depth,
			 (unsigned long)address, name, offset + 1);
	trace->last = address;
	trace->depth++;
	return ++trace->lines < BACKTRACE_LINES && trace->depth < BACKTRACE_DEPTH;
}

void backtrace_print(virtual_t frame_pointer)
{
	struct backtrace trace = { 0 };

	context_backtrace(frame_pointer, print_address, &trace);
	print_repeated(&trace);
}
