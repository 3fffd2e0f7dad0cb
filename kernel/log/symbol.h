/*
 * Names for addresses of kernel text, from the table that the build embeds.
 */
#ifndef LOG_SYMBOL_H
#define LOG_SYMBOL_H

#include "base/compiler.h"
#include "base/types.h"

/*
 * The table, made by tools/symbols.py from a first link and linked in the second time: functions
 * in ascending order of address, each by its offset from kernel_symbol_base and the offset of its
 * name in kernel_symbol_names (NUL-terminated). All are weak: without them every name is "?".
 */
extern const uint32_t kernel_symbol_count WEAK;
extern const uint64_t kernel_symbol_base WEAK;
extern const uint32_t kernel_symbol_offsets[] WEAK;
extern const uint32_t kernel_symbol_names_at[] WEAK;
extern const char kernel_symbol_names[] WEAK;

/* The function around an address and the offset in it; "?" when unknown. No locks. */
const char *symbol_find(virtual_t address, size_t *offset);

/* Prints the return addresses from a frame pointer on (cpu_frame_pointer() for the caller). */
void backtrace_print(virtual_t frame_pointer);

#endif
