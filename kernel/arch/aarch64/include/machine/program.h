/*
 * What the loader of programs needs to know of this CPU.
 */
#ifndef MACHINE_PROGRAM_H
#define MACHINE_PROGRAM_H

#define LAYOUT_ELF_MACHINE 183	/* EM_AARCH64 */

#endif
