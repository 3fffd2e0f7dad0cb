/*
 * open(2) flags whose values differ by CPU.
 */
#ifndef ABI_MACHINE_FCNTL_H
#define ABI_MACHINE_FCNTL_H

enum {
	O_DIRECTORY = 040000, O_NOFOLLOW = 0100000, O_DIRECT = 0200000, O_LARGEFILE = 0400000,
};

#endif
