/* SVE state to memory and back: context/scalable.h says in what order. */
	.text
	.arch armv8.2-a+sve

/* x0: state. Leaves x1 at the predicates, which count by an eighth of a vector. */
.macro PREDICATES
	addvl x1, x0, #16
	addvl x1, x1, #16
.endm

.macro EACH_PREDICATE instruction
	.irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\instruction p\number, [x1, #\number, mul vl]
	.endr
.endm

.macro EACH_VECTOR instruction
	.irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\instruction z\number, [x0, #\number, mul vl]
	.endr
.endm

/* void scalable_store(uint8_t *state) */
	.globl scalable_store
scalable_store:
	PREDICATES
	EACH_VECTOR str
	EACH_PREDICATE str
	rdffr p0.b
	str p0, [x1, #16, mul vl]
	ldr p0, [x1]
	ret

/* void scalable_load(const uint8_t *state) */
	.globl scalable_load
scalable_load:
	PREDICATES
	EACH_VECTOR ldr
	ldr p0, [x1, #16, mul vl]
	wrffr p0.b
	EACH_PREDICATE ldr
	ret

/* void scalable_clear(void): writing 128 bits clears the rest. */
	.globl scalable_clear
scalable_clear:
	.irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	mov v\number\().16b, v\number\().16b
	.endr
	.irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	pfalse p\number\().b
	.endr
	wrffr p0.b
	ret

	.section .note.GNU-stack, "", @progbits
