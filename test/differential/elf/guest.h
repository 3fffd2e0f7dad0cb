/*
 * The program inside the made-up ELF files: position-independent code in a section of its own,
 * whose bytes are copied into each file. It looks at what the loader made of the file and tells
 * by a line on descriptor 1 and by its exit status.
 */
#ifndef TEST_ELF_GUEST_H
#define TEST_ELF_GUEST_H

/* Where parts of an image lie, as offsets in the file and from its base in memory. */
#define GUEST_CODE 0x400		/* code, in the first segment */
#define GUEST_DATA 0x3000		/* page of the data segment in the file */
#define GUEST_DATA_AT 0x5000		/* and in memory */
#define GUEST_DATA_START 0x120		/* of the segment in its page */
#define GUEST_DATA_BYTES 0x200		/* in the file */
#define GUEST_BSS_BYTES 0x2100		/* behind it, over several pages */
#define GUEST_MAGIC 0x5a17u

/* How it ends. */
enum guest_status {
	GUEST_GOOD = 42,		/* a program found everything as it should be */
	GUEST_DATA_WRONG = 43,
	GUEST_BSS_DIRTY = 44,
};

/* The bytes of the section, and where in it a program begins. */
extern const unsigned char __start_guest[], __stop_guest[], guest_entry[];

#endif
