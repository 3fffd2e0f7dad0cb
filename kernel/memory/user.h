/*
 * The memory of the current program. Every access is range-checked here, recovers from faults, and
 * is fetched once. Below LOCK_SPACE these may not be used, except the _nofault forms.
 */
#ifndef MEMORY_USER_H
#define MEMORY_USER_H

#include "base/compiler.h"
#include "base/types.h"

/* 0 or -EFAULT. May sleep. A partial copy in leaves the rest of `to` zeroed. */
int user_copy_in(void *to, user_address_t from, size_t length) MUST_CHECK;
int user_copy_out(user_address_t to, const void *from, size_t length) MUST_CHECK;

/* Bytes that were copied before a fault; for transfers. */
size_t user_copy_in_some(void *to, user_address_t from, size_t length);
size_t user_copy_out_some(user_address_t to, const void *from, size_t length);
size_t user_zero_some(user_address_t to, size_t length);

/* With page faults off: short instead of sleeping. */
size_t user_copy_in_nofault(void *to, user_address_t from, size_t length);
int user_fault_in(user_address_t address, size_t length, bool is_write) MUST_CHECK;

/* A terminated string into `to`: its length without the NUL, -EFAULT, or -ENAMETOOLONG when it does
 * not end within `size` bytes. */
long user_copy_string(char *to, user_address_t from, size_t size) MUST_CHECK;

int user_load32(user_address_t address, uint32_t *value) MUST_CHECK;
int user_load64(user_address_t address, uint64_t *value) MUST_CHECK;
int user_store32(user_address_t address, uint32_t value) MUST_CHECK;
int user_store64(user_address_t address, uint64_t value) MUST_CHECK;
/* Without faulting pages in: -EFAULT means: drop locks, user_fault_in(), retry. */
int user_load32_nofault(user_address_t address, uint32_t *value) MUST_CHECK;
int user_compare_exchange32_nofault(user_address_t address, uint32_t expected, uint32_t desired,
				    uint32_t *found) MUST_CHECK;
int user_operate32_nofault(user_address_t address, unsigned operation, uint32_t operand,
			   uint32_t *old) MUST_CHECK;

/* Page faults from kernel mode fail at once while the count is not 0 (per context). */
void user_faults_disable(void);
void user_faults_enable(void);

#endif
