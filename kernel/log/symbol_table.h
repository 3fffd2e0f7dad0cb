/*
 * The table of function names that the build embeds (tools/symbols.py): offsets are sorted and
 * count from kernel_symbol_base; the name of entry n begins at kernel_symbol_names_at[n]. Empty in
 * the first of the two links, so a count of 0 is to be expected.
 */
#ifndef LOG_SYMBOL_TABLE_H
#define LOG_SYMBOL_TABLE_H

#include "base/compiler.h"
#include "base/types.h"

/* Weak: a program of the host links no table. */
extern const uint64_t kernel_symbol_base WEAK;
extern const uint32_t kernel_symbol_count WEAK;
extern const uint32_t kernel_symbol_offsets[] WEAK;
extern const uint32_t kernel_symbol_names_at[] WEAK;
extern const char kernel_symbol_names[] WEAK;

#endif
