/*
 * What programs see of this CPU and no header of the C library has.
 */
#ifndef TEST_ABI_MACHINE_H
#define TEST_ABI_MACHINE_H

/* uname(2) under PER_LINUX32. */
#define MACHINE_OF_32_BITS "armv8l"
/* Whether Linux refuses it on CPUs that run no programs of 32 bits. */
#define MAY_REFUSE_32_BITS true

#endif
