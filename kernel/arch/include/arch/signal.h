/*
 * Signal frames: how a program's registers are put on its stack and taken back. The layout is
 * Linux's for the CPU. Called by task/ only, on the current context, interrupts enabled.
 */
#ifndef ARCH_SIGNAL_H
#define ARCH_SIGNAL_H

#include "base/types.h"
#include "base/compiler.h"

struct frame;

/* What task/ wants delivered; everything in it was read and checked by task/. */
struct signal_delivery {
	int number;
	const void *information;	/* siginfo_t in Linux's layout, 128 bytes */
	uint64_t blocked;		/* the mask to restore on return */
	user_address_t handler;
	user_address_t restorer;	/* 0: the program gave none */
	bool has_restorer;
	bool wants_information;		/* SA_SIGINFO */
	bool is_on_alternate;		/* switch to the alternate stack given below */
	user_address_t stack_base;	/* stack_t as it is to be saved in the frame */
	uint64_t stack_size;
	uint32_t stack_flags;
	uint32_t trap_number;		/* of the last fault, for the machine context */
	uint64_t error_code;
	user_address_t fault_address;
};

/* Pushes the frame and points the registers to the handler; -EFAULT if the stack can't take it. */
int signal_frame_push(struct frame *frame, const struct signal_delivery *delivery) MUST_CHECK;

/* What rt_sigreturn found; every register was sanitised so that a hostile frame is harmless. */
struct signal_return {
	uint64_t blocked;
	user_address_t stack_base;
	uint64_t stack_size;
	uint32_t stack_flags;
};
int signal_frame_pop(struct frame *frame, struct signal_return *restored) MUST_CHECK;

/* The smallest stack that surely takes a frame (AT_MINSIGSTKSZ). */
size_t signal_frame_minimum(void);

#endif
