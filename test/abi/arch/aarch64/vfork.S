/*
 * vfork(2) for programs built with musl, whose own is a fork() on this CPU. The child returns
 * before its parent does, so nothing may stand on the stack. A failure is -errno and no errno.
 */
#include <sys/syscall.h>

#define CLONE_VM 0x100
#define CLONE_VFORK 0x4000
#define SIGCHLD 17

	.text
	.globl vfork
	.type vfork, %function
vfork:
	mov x0, #(CLONE_VM | CLONE_VFORK | SIGCHLD)
	mov x1, #0
	mov x8, #SYS_clone
	svc #0
	ret
	.size vfork, . - vfork

	.section .note.GNU-stack, "", %progbits
