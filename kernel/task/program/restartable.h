/*
 * Restartable sequences (rseq(2)): a program's short critical section is abandoned when its thread
 * was moved or interrupted inside.
 */
#ifndef TASK_PROGRAM_RESTARTABLE_H
#define TASK_PROGRAM_RESTARTABLE_H

#include "base/compiler.h"
#include "base/types.h"

struct frame;
struct thread;

/* rseq(2): registers, or with the flag forgets, the area of the current thread. */
int restartable_register(user_address_t area, uint32_t length, int flags, uint32_t signature)
	MUST_CHECK;

/* Before return to the program, after a switch, and before a signal handler's frame: writes the
 * CPU's number into the area and moves the program counter to the abort handler if it was inside a
 * section. A hostile area is SIGSEGV, and forgotten, so that its handler does not meet it again. */
void restartable_fix_up(struct thread *thread, struct frame *frame);

#endif
