/* The loader of programs on the host reads images for x86_64, though nothing runs them. */
#ifndef MACHINE_PROGRAM_H
#define MACHINE_PROGRAM_H

#define LAYOUT_ELF_MACHINE 62	/* EM_X86_64 */

#endif
