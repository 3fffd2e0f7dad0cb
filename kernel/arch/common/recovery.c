/* The table of instructions of the kernel that may fault. */
#include "arch/common/recovery.h"

virtual_t recovery_find(virtual_t address)
{
	const struct exception_entry *entry = __start___ex_table;

	for (; entry < __stop___ex_table; entry++) {
		if ((virtual_t)&entry->fault + (virtual_t)(intptr_t)entry->fault == address)
			return (virtual_t)&entry->resume + (virtual_t)(intptr_t)entry->resume;
	}
	return 0;
}
