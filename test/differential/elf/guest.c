/*
 * Code of the made-up programs and of their interpreter. Everything is relative to its own place;
 * no other section may be touched.
 */
#include <elf.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "guest.h"
#include "machine.h"

#define IN_GUEST __attribute__((section("guest"), used, noinline))

__asm__(".pushsection guest, \"ax\", %progbits\n"
	".globl guest_entry\n"
	"guest_entry:\n\t"
	GUEST_ENTRY_CODE
	".popsection");

void guest_main(const uint64_t *stack, const unsigned char *self);

static IN_GUEST void guest_number(char **cursor, char name, uint64_t number)
{
	*(*cursor)++ = ' ';
	*(*cursor)++ = name;
	for (int shift = 60; shift >= 0; shift -= 4) {
		unsigned digit = number >> shift & 15;

		if (number >> shift || shift == 0)
			*(*cursor)++ = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
	}
}

/* The value of one entry of the auxiliary vector, behind arguments and environment. */
static IN_GUEST uint64_t guest_auxiliary(const uint64_t *stack, uint64_t wanted)
{
	const uint64_t *cursor = stack + 1 + stack[0] + 1;

	while (*cursor)
		cursor++;
	for (cursor++; cursor[0] != AT_NULL; cursor += 2)
		if (cursor[0] == wanted)
			return cursor[1];
	return 0;
}

/* Data from the file must be there, and zeros between it and the segment's end. */
static IN_GUEST int guest_check_data(const unsigned char *base)
{
	const unsigned char *data = base + GUEST_DATA_AT + GUEST_DATA_START;
	unsigned sum = 0;

	if ((data[0] | data[1] << 8) != GUEST_MAGIC)
		return GUEST_DATA_WRONG;
	for (unsigned i = 0; i < GUEST_BSS_BYTES; i++)
		sum |= data[GUEST_DATA_BYTES + i];
	return sum ? GUEST_BSS_DIRTY : GUEST_GOOD;
}

void IN_GUEST guest_main(const uint64_t *stack, const unsigned char *self)
{
	const unsigned char *base = self - GUEST_CODE;
	uint64_t entry = guest_auxiliary(stack, AT_ENTRY);
	uint64_t loaded = guest_auxiliary(stack, AT_BASE);
	char line[100], *cursor = line;
	int status = guest_check_data(base);

	/* What does not depend on where things were put. */
	guest_number(&cursor, 'h', entry - guest_auxiliary(stack, AT_PHDR));
	guest_number(&cursor, 'n', guest_auxiliary(stack, AT_PHNUM));
	guest_number(&cursor, 'z', guest_auxiliary(stack, AT_PHENT));
	guest_number(&cursor, 'b', !loaded ? 0 : entry == (uint64_t)guest_entry ? 1 :
		     (uint64_t)self - loaded);
	guest_number(&cursor, 'd', (uint64_t)(unsigned)status);
	call3(SYS_write, 1, line, cursor - line);
	if (entry == (uint64_t)guest_entry || status != GUEST_GOOD)
		call3(SYS_exit, status, 0, 0);
	/* The interpreter hands over, with the stack as it was. */
	guest_jump(stack, entry);
}
