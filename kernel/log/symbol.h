/*
 * Names for addresses of kernel text, from the table that the build embeds.
 */
#ifndef LOG_SYMBOL_H
#define LOG_SYMBOL_H

#include "base/compiler.h"
#include "base/types.h"

/* The function around an address and the offset in it; "?" when unknown. No locks. */
const char *symbol_find(virtual_t address, size_t *offset);

/* Prints the backtrace of the caller, or of a frame pointer, through log_print. */
void backtrace_print(virtual_t frame_pointer);

#endif
