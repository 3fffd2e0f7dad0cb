/*
 * capability_drop, a call of Aegis's own: a process gives up rights for good.
 */
#include "syscall/support.h"
#include "task/authority.h"

long sys_capability_drop(user_address_t keep, size_t size)
{
	struct capability_rights rights;
	int result = structure_fetch(&rights, sizeof(rights), keep, size, 1);

	return result < 0 ? result : capability_drop(&rights);
}
