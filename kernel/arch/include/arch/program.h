/*
 * What the loader of programs needs to know of this CPU.
 */
#ifndef ARCH_PROGRAM_H
#define ARCH_PROGRAM_H

#include "machine/program.h"	/* LAYOUT_ELF_MACHINE: e_machine of its programs */

#endif
