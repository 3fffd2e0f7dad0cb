/*
 * Where things go in a fresh address space, with how much randomness: the only numbers here that
 * depend on the CPU come from machine/layout.h.
 */
#ifndef PROCESS_LAYOUT_H
#define PROCESS_LAYOUT_H

#include "base/compiler.h"
#include "base/types.h"
#include "arch/program.h"	/* LAYOUT_ELF_MACHINE */

/* A segment alignment beyond this is ignored. */
#define LAYOUT_ALIGNMENT_MAXIMUM (UINT64_C(1) << 30)

struct space;

/* Sets mmap_top and returns the top of the stack; both random unless the personality forbids. */
uint64_t layout_choose(struct space *space, uint64_t stack_limit);
/* Base of a position-independent program that has an interpreter. */
uint64_t layout_program_base(void);
/* Start of the heap above the end of the program; for one among the libraries, far from them. */
uint64_t layout_brk(uint64_t end_of_program);
uint64_t layout_brk_apart(uint64_t end_of_program);
/* Where the vDSO is wanted, as on Linux: on some CPUs above the stack, apart from all mappings of
 * the program, on others (0) as any mapping. A hint: there may be no room above the stack. */
uint64_t layout_vdso(uint64_t stack_top, uint64_t length);
/* Whether the current process may map something at exactly this address: 0 or -EPERM. */
int layout_check_address(uint64_t address) MUST_CHECK;

#endif
