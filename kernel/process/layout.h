/*
 * Where things go in a fresh address space, with how much randomness: the only numbers here that
 * depend on the CPU come from machine/layout.h.
 */
#ifndef PROCESS_LAYOUT_H
#define PROCESS_LAYOUT_H

#include "base/types.h"
#include "arch/program.h"	/* LAYOUT_ELF_MACHINE */

/* vm.mmap_min_addr: nothing is mapped below, so that null pointers with offsets fault. */
#define LAYOUT_LOWEST_ADDRESS 65536u
/* A segment alignment beyond this is ignored. */
#define LAYOUT_ALIGNMENT_MAXIMUM (UINT64_C(1) << 30)

struct space;

/* Sets mmap_top and returns the top of the stack; both random unless the personality forbids. */
uint64_t layout_choose(struct space *space, uint64_t stack_limit);
/* Base of a position-independent program that has an interpreter. */
uint64_t layout_program_base(void);
/* Start of the heap above the end of the program. */
uint64_t layout_brk(uint64_t end_of_program);

#endif
