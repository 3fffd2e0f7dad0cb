/*
 * What there is to know of this CPU's programs: for their loader, and for calls that name them or
 * their memory.
 */
#ifndef ARCH_PROGRAM_H
#define ARCH_PROGRAM_H

/*
 * LAYOUT_ELF_MACHINE: e_machine of its programs. LAYOUT_NAME_32: uname(2)'s machine for programs
 * that build for 32 bits, NULL: personality(2) refuses to be that. user_address_untag(): a
 * program's address without what the CPU ignores of it; calls that manage memory that there is
 * take it, mmap(2) and brk(2) do not.
 *
 * LAYOUT_VDSO_ABOVE_STACK: whether the vDSO lies above the stack, not among mappings.
 * LAYOUT_VDSO_DATA_PAGES: pages in front of its code, the first of which is struct vdso_data;
 * reading another is SIGBUS. Both as on Linux, where programs made by hand notice.
 *
 * program_protection_guarded(): the bit of mmap(2)'s protection that asks for landing pads at the
 * ends of indirect branches; 0: this CPU knows of none. LAYOUT_ELF_FEATURES: type of the property
 * in which ELF files tell features that all of their code has, 0: none; LAYOUT_ELF_GUARDED: its bit
 * of landing pads.
 */
#include "machine/program.h"

#endif
