/*
 * capget(2) and capset(2): Linux's picture of privileges, kept for programs that ask. It grants
 * nothing here: Aegis's own capabilities decide.
 */
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/thread.h"

/* The number of 32-bit parts in a version's data; 0 and the preferred version for an unknown
 * one. */
static int header_fetch(user_address_t address, struct cap_user_header *header, unsigned *parts)
{
	if (user_copy_in(header, address, sizeof(*header)) < 0)
		return -EFAULT;
	switch (header->version) {
	case _LINUX_CAPABILITY_VERSION_1:
		*parts = 1;
		return 0;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		*parts = 2;
		return 0;
	default:
		if (user_store32(address, _LINUX_CAPABILITY_VERSION_3) < 0)
			return -EFAULT;
		return -EINVAL;
	}
}

long sys_capget(user_address_t header_address, user_address_t data_address)
{
	struct cap_user_header header;
	struct cap_user_data data[2];
	const struct credentials *of;
	struct thread *thread;
	unsigned parts;
	int result = header_fetch(header_address, &header, &parts);

	if (result < 0)
		return result == -EINVAL && data_address == 0 ? 0 : result;
	if (header.pid < 0)
		return -EINVAL;
	thread = thread_find(header.pid ? header.pid : thread_current()->id);
	if (!thread)
		return -ESRCH;
	rcu_read_lock();
	of = rcu_dereference(thread->credentials);
	for (unsigned i = 0; i < 2; i++) {
		data[i].effective = of->linux_effective >> (32 * i);
		data[i].permitted = of->linux_permitted >> (32 * i);
		data[i].inheritable = of->linux_inheritable >> (32 * i);
	}
	rcu_read_unlock();
	thread_put(thread);
	if (data_address == 0)
		return 0;
	return user_copy_out(data_address, data, parts * sizeof(data[0]));
}

long sys_capset(user_address_t header_address, user_address_t data_address)
{
	struct cap_user_header header;
	struct cap_user_data data[2] = { 0 };
	const struct credentials *own = credentials_current();
	struct credentials *new;
	uint64_t effective, permitted, inheritable;
	unsigned parts;
	int result = header_fetch(header_address, &header, &parts);

	if (result < 0)
		return result;
	if (header.pid != 0 && header.pid != thread_current()->id)
		return -EPERM;
	if (user_copy_in(data, data_address, parts * sizeof(data[0])) < 0)
		return -EFAULT;
	effective = data[0].effective | (uint64_t)data[1].effective << 32;
	permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	/* capset(2): permitted only shrinks, effective lies within it, inheritable within what is
	 * permitted or bounded already. */
	if ((permitted & ~own->linux_permitted) || (effective & ~permitted) ||
	    (inheritable & ~(own->linux_inheritable | own->linux_permitted)))
		return -EPERM;
	new = credentials_copy(own);
	if (!new)
		return -ENOMEM;
	new->linux_effective = effective;
	new->linux_permitted = permitted;
	new->linux_inheritable = inheritable;
	new->linux_ambient &= permitted & inheritable;
	credentials_install(new);
	return 0;
}
