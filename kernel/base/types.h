/* The scalar types every file may use. Addresses of different kinds have types of their own. */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t physical_t;     /* an address as the memory bus sees it */
typedef uintptr_t virtual_t;     /* an address in the kernel's own map */
typedef uint64_t user_address_t; /* an address a program gave: never dereferenced directly */
typedef int64_t file_offset_t;   /* bytes from the start of a file; negative is an error */
typedef long ssize_t;            /* a byte count or a negative errno */

#endif
