/*
 * Functions that return a pointer or an errno put the negative errno into the pointer:
 * the last 4095 addresses never hold an object.
 */
#ifndef BASE_ERROR_POINTER_H
#define BASE_ERROR_POINTER_H

#include "base/compiler.h"
#include "base/errno.h"
#include "base/types.h"

/* The pointer that carries `error`, a negative errno. */
static inline void *error_pointer(long error)
{
	return (void *)error;
}

/* True if `pointer` carries an error. NULL does not. */
static inline bool is_error(const void *pointer)
{
	return unlikely((uintptr_t)pointer >= (uintptr_t)-(long)ERRNO_MAX);
}

/* The negative errno in an error pointer, 0 in any other. */
static inline int pointer_error(const void *pointer)
{
	return is_error(pointer) ? (int)(long)pointer : 0;
}

#endif
