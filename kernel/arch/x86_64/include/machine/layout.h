/*
 * What process/layout.h needs to know of this CPU.
 */
#ifndef MACHINE_LAYOUT_H
#define MACHINE_LAYOUT_H

#define LAYOUT_ELF_MACHINE 62	/* EM_X86_64 */

#endif
