/*
 * What instrumented code calls; the compiler prescribes names and types. On the host the compiler's
 * own run-time library has them.
 */
#include "arch/context.h"
#include "base/string.h"
#include "memory/kasan.h"

#define CALLER ((uintptr_t)__builtin_return_address(0))

/* Before each access of a size that the compiler knows. */
#define DEFINE_CHECKS(size) \
	void __asan_load##size##_noabort(void *address); \
	void __asan_load##size##_noabort(void *address) \
	{ \
		kasan_check_from((uintptr_t)address, size, false, CALLER); \
	} \
	void __asan_store##size##_noabort(void *address); \
	void __asan_store##size##_noabort(void *address) \
	{ \
		kasan_check_from((uintptr_t)address, size, true, CALLER); \
	}

DEFINE_CHECKS(1)
DEFINE_CHECKS(2)
DEFINE_CHECKS(4)
DEFINE_CHECKS(8)
DEFINE_CHECKS(16)

void __asan_loadN_noabort(void *address, long length);
void __asan_storeN_noabort(void *address, long length);
void __asan_handle_no_return(void);
void __asan_alloca_poison(void *address, long length);
void __asan_allocas_unpoison(void *top, long bottom);
void __asan_register_globals(void *globals, long count);
void __asan_unregister_globals(void *globals, long count);

void __asan_loadN_noabort(void *address, long length)
{
	if (length > 0)
		kasan_check_from((uintptr_t)address, (size_t)length, false, CALLER);
}

void __asan_storeN_noabort(void *address, long length)
{
	if (length > 0)
		kasan_check_from((uintptr_t)address, (size_t)length, true, CALLER);
}

/* Frames are about to be left for good: nobody else takes their poison away. */
void __asan_handle_no_return(void)
{
	struct context *self = context_current();
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	if (self && here - self->stack_base < KERNEL_STACK_BYTES)
		kasan_unpoison((void *)self->stack_base, KERNEL_STACK_BYTES);
}

/* There are no variable-length arrays in the kernel. */
void __asan_alloca_poison(void *address, long length)
{
	(void)address;
	(void)length;
}

void __asan_allocas_unpoison(void *top, long bottom)
{
	(void)top;
	(void)bottom;
}

/* Called by constructors, which the kernel does not run: globals have no poisoned surroundings. */
void __asan_register_globals(void *globals, long count)
{
	(void)globals;
	(void)count;
}

void __asan_unregister_globals(void *globals, long count)
{
	(void)globals;
	(void)count;
}

#define DEFINE_SET_SHADOW(byte) \
	void __asan_set_shadow_##byte(void *shadow, size_t length); \
	void __asan_set_shadow_##byte(void *shadow, size_t length) \
	{ \
		memset(shadow, 0x##byte, length); \
	}

DEFINE_SET_SHADOW(00)
DEFINE_SET_SHADOW(f1)
DEFINE_SET_SHADOW(f2)
DEFINE_SET_SHADOW(f3)
DEFINE_SET_SHADOW(f5)
DEFINE_SET_SHADOW(f8)
