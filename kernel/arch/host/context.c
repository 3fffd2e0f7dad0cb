/*
 * Contexts on the host are coroutines with stacks of their own, because the sanitizers' frames are
 * larger than a kernel stack. The sanitizer is told of each switch.
 */
#include "arch/context.h"

#include <sanitizer/common_interface_defs.h>
#include <stdlib.h>
#include <ucontext.h>

#include "arch/cpu.h"
#include "arch/signal.h"
#include "arch/upcalls.h"
#include "arch/vdso.h"
#include "base/errno.h"
#include "base/panic.h"
#include "base/string.h"

#define COROUTINE_STACK_BYTES (256 * 1024)

struct coroutine {
	ucontext_t registers;
	void *stack;		/* NULL: the stack of the thread that runs the test */
	const void *bottom;	/* what the sanitizer knows of it */
	size_t size_bytes;
	void *fake_stack;
};

static _Thread_local struct context *switched_from;

static struct coroutine *coroutine_create(void)
{
	struct coroutine *coroutine = calloc(1, sizeof(*coroutine));

	if (!coroutine)
		panic("no memory for a coroutine");
	return coroutine;
}

struct frame *context_user_frame(struct context *context)
{
	return &context->machine.frame;
}

/* Runs first on a new stack, after a switch or a jump to it. */
static void coroutine_begin(void)
{
	struct context *self = host_context;
	struct coroutine *before = switched_from->machine.coroutine;

	__sanitizer_finish_switch_fiber(NULL, &before->bottom, &before->size_bytes);
	upcall_context_start(switched_from);
	self->machine.entry(self->machine.argument);
	panic("the entry of a context returned");
}

struct context *context_switch(struct context *from, struct context *to)
{
	struct coroutine *old = from->machine.coroutine;
	struct coroutine *new = to->machine.coroutine, *previous;

	if (!old)
		old = from->machine.coroutine = coroutine_create();
	if (!new)
		panic("a switch to a context that never ran");
	switched_from = from;
	host_context = to;
	to->cpu = host_cpu;
	__sanitizer_start_switch_fiber(&old->fake_stack, new->bottom, new->size_bytes);
	swapcontext(&old->registers, &new->registers);
	previous = switched_from->machine.coroutine;
	__sanitizer_finish_switch_fiber(old->fake_stack, &previous->bottom, &previous->size_bytes);
	return switched_from;
}

void context_adopt(struct context *context)
{
	struct context *old = host_context;

	context->stack_base = old->stack_base;
	context->cpu = old->cpu;
	context->preemption_count = 1;
	context->machine = old->machine;
	host_context = context;
}

void context_init_kernel(struct context *context, virtual_t stack_base,
			 void (*entry)(void *argument), void *argument)
{
	struct coroutine *coroutine = coroutine_create();

	coroutine->stack = malloc(COROUTINE_STACK_BYTES);
	if (!coroutine->stack || getcontext(&coroutine->registers) < 0)
		panic("no memory for a stack");
	coroutine->bottom = coroutine->stack;
	coroutine->size_bytes = COROUTINE_STACK_BYTES;
	coroutine->registers.uc_stack.ss_sp = coroutine->stack;
	coroutine->registers.uc_stack.ss_size = COROUTINE_STACK_BYTES;
	makecontext(&coroutine->registers, coroutine_begin, 0);
	context->stack_base = stack_base;
	context->machine = (struct context_machine){
		.coroutine = coroutine, .entry = entry, .argument = argument,
	};
}

void context_release(struct context *context)
{
	struct coroutine *coroutine = context->machine.coroutine;

	if (!coroutine)
		return;
	free(coroutine->stack);
	free(coroutine);
	context->machine.coroutine = NULL;
}

/* There is no user mode to return to, and none to enter. */
int context_init_user(struct context *context, virtual_t stack_base, const struct frame *frame)
{
	(void)context;
	(void)stack_base;
	(void)frame;
	return -ENOSYS;
}

void context_start_program(user_address_t entry, user_address_t stack)
{
	struct frame *frame = context_user_frame(host_context);

	*frame = (struct frame){
		.call_number = -1, .program_counter = entry, .stack_pointer = stack,
			.is_user = true,
	};
}

void context_enter_user(void)
{
	panic("the host has no user mode");
}

user_address_t context_thread_pointer(const struct context *context)
{
	return context->machine.thread_pointer;
}

int context_thread_pointer_set(struct context *context, user_address_t value)
{
	context->machine.thread_pointer = value;
	return 0;
}

long context_machine_control(int code, uint64_t argument)
{
	(void)code;
	(void)argument;
	return -ENOSYS;
}

long context_program_option(int option, uint64_t first, uint64_t second)
{
	(void)option;
	(void)first;
	(void)second;
	return -EINVAL;
}

void context_backtrace(virtual_t frame_pointer, bool (*visit)(virtual_t address, void *argument),
		       void *argument)
{
	(void)frame_pointer;
	(void)visit;
	(void)argument;
}

virtual_t context_sleep_address(const struct context *context)
{
	(void)context;
	return 0;
}

int signal_frame_push(struct frame *frame, const struct signal_delivery *delivery)
{
	frame->program_counter = delivery->handler;
	return 0;
}

int signal_frame_pop(struct frame *frame, struct signal_return *restored)
{
	(void)frame;
	(void)restored;
	return -EFAULT;
}

size_t signal_frame_minimum(void)
{
	return 2048;
}

const void *vdso_image(size_t *length_bytes)
{
	static const char empty[4096] __aligned(4096);

	*length_bytes = sizeof(empty);
	return empty;
}

size_t vdso_signal_return_offset(void)
{
	return 0;
}
