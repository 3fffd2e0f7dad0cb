/* The shared object that build.mk makes from vdso/, in whole pages. */
	.section .rodata
	.balign 4096
	.globl vdso_image_start, vdso_image_end
vdso_image_start:
	.incbin "vdso.so"
vdso_image_end:
	.balign 4096

	.section .note.GNU-stack, "", @progbits
