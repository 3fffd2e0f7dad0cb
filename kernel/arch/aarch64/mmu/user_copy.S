/*
 * Copies between programs and the kernel, by the unprivileged loads and stores: they have the
 * program's rights whatever the kernel's are. A fault in a group of words is tried again by bytes,
 * so that the result is exact.
 */
#include "arch/common/recovery.h"

	.text

/* size_t user_raw_copy_in(void *to, user_address_t from, size_t length): bytes not copied */
	.globl user_raw_copy_in
user_raw_copy_in:
	subs x2, x2, #32
	b.lo 2f
1:	ldtr x3, [x1]
11:	ldtr x4, [x1, #8]
12:	ldtr x5, [x1, #16]
13:	ldtr x6, [x1, #24]
	stp x3, x4, [x0]
	stp x5, x6, [x0, #16]
	add x0, x0, #32
	add x1, x1, #32
	subs x2, x2, #32
	b.hs 1b
2:	add x2, x2, #32
3:	cmp x2, #8
	b.lo copy_in_bytes
4:	ldtr x3, [x1]
	str x3, [x0], #8
	add x1, x1, #8
	sub x2, x2, #8
	b 3b
copy_in_group_fault:
	add x2, x2, #32
copy_in_bytes:
	cbz x2, copy_end
5:	ldtrb w3, [x1]
	strb w3, [x0], #1
	add x1, x1, #1
	sub x2, x2, #1
	b copy_in_bytes
copy_end:
	mov x0, x2
	ret
	EXCEPTION_RECOVER 1b, copy_in_group_fault
	EXCEPTION_RECOVER 11b, copy_in_group_fault
	EXCEPTION_RECOVER 12b, copy_in_group_fault
	EXCEPTION_RECOVER 13b, copy_in_group_fault
	EXCEPTION_RECOVER 4b, copy_in_bytes
	EXCEPTION_RECOVER 5b, copy_end

/* size_t user_raw_copy_out(user_address_t to, const void *from, size_t length) */
	.globl user_raw_copy_out
user_raw_copy_out:
	subs x2, x2, #32
	b.lo 2f
1:	ldp x3, x4, [x1]
	ldp x5, x6, [x1, #16]
10:	sttr x3, [x0]
11:	sttr x4, [x0, #8]
12:	sttr x5, [x0, #16]
13:	sttr x6, [x0, #24]
	add x0, x0, #32
	add x1, x1, #32
	subs x2, x2, #32
	b.hs 1b
2:	add x2, x2, #32
3:	cmp x2, #8
	b.lo copy_out_bytes
	ldr x3, [x1]
4:	sttr x3, [x0]
	add x0, x0, #8
	add x1, x1, #8
	sub x2, x2, #8
	b 3b
copy_out_group_fault:
	add x2, x2, #32
copy_out_bytes:
	cbz x2, copy_end
	ldrb w3, [x1]
5:	sttrb w3, [x0]
	add x0, x0, #1
	add x1, x1, #1
	sub x2, x2, #1
	b copy_out_bytes
	EXCEPTION_RECOVER 10b, copy_out_group_fault
	EXCEPTION_RECOVER 11b, copy_out_group_fault
	EXCEPTION_RECOVER 12b, copy_out_group_fault
	EXCEPTION_RECOVER 13b, copy_out_group_fault
	EXCEPTION_RECOVER 4b, copy_out_bytes
	EXCEPTION_RECOVER 5b, copy_end

/* size_t user_raw_zero(user_address_t to, size_t length) */
	.globl user_raw_zero
user_raw_zero:
	mov x2, x1
1:	cmp x2, #8
	b.lo zero_bytes
2:	sttr xzr, [x0]
	add x0, x0, #8
	sub x2, x2, #8
	b 1b
zero_bytes:
	cbz x2, copy_end
3:	sttrb wzr, [x0]
	add x0, x0, #1
	sub x2, x2, #1
	b zero_bytes
	EXCEPTION_RECOVER 2b, zero_bytes
	EXCEPTION_RECOVER 3b, copy_end

/* long user_raw_copy_string(char *to, user_address_t from, size_t limit) */
	.globl user_raw_copy_string
user_raw_copy_string:
	mov x4, x2
1:	cbz x2, 3f
2:	ldtrb w3, [x1]
	strb w3, [x0], #1
	cbz w3, 3f
	add x1, x1, #1
	sub x2, x2, #1
	b 1b
3:	sub x0, x4, x2
	ret
copy_string_fault:
	mov x0, #-14			/* -EFAULT */
	ret
	EXCEPTION_RECOVER 2b, copy_string_fault

	.section .note.GNU-stack, "", @progbits
