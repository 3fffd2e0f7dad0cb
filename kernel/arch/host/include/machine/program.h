/* The loader of programs on the host reads images for x86_64, though nothing runs them. */
#ifndef HOST_PROGRAM_H
#define HOST_PROGRAM_H

#include "arch/x86_64/include/machine/program.h"

#endif
