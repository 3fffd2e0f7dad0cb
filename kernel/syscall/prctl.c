/*
 * prctl(2): small switches of a process or thread; abi/prctls.tbl lists them.
 */
#include "base/string.h"
#include "memory/space.h"
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/thread.h"
#include "vfs/permission.h"

#define COMMAND_BYTES 16
#define SECURE_BITS_KNOWN 0xff
#define SECURE_LOCKS 0xaa	/* each bit's lock stands above it */
#define SLACK_DEFAULT_NS 50000
#define TIMING_STATISTICAL 0	/* PR_TIMING_STATISTICAL */
#define SECCOMP_MODE_DISABLED 0

long prctl_name_set(user_address_t address)
{
	char name[COMMAND_BYTES];
	long length = user_copy_string(name, address, sizeof(name));

	/* A longer name is cut (prctl(2)). */
	if (length == -EFAULT)
		return length;
	name[COMMAND_BYTES - 1] = '\0';
	strlcpy(thread_current()->name, name, sizeof(thread_current()->name));
	return 0;
}

long prctl_dumpable_set(unsigned long value)
{
	if (value > 1)
		return -EINVAL;
	process_current()->dumpable = value;
	return 0;
}

long prctl_no_new_privileges_set(unsigned long value)
{
	if (value != 1)
		return -EINVAL;
	thread_current()->no_new_privileges = 1;
	return 0;
}

long prctl_no_new_privileges_get(void)
{
	return thread_current()->no_new_privileges;
}

long prctl_bounding_drop(unsigned long capability)
{
	struct credentials *new;

	if (capability > CAP_LAST_CAP)
		return -EINVAL;
	if (!privilege_is_held(PRIVILEGE_SETPCAP))
		return -EPERM;
	new = credentials_copy(credentials_current());
	if (!new)
		return -ENOMEM;
	new->linux_bounding &= ~BIT(capability);
	credentials_install(new);
	return 0;
}

/* What is locked stays, and so does the lock (capabilities(7)). */
long prctl_secure_bits_set(unsigned long bits)
{
	unsigned long old = credentials_current()->secure_bits;
	struct credentials *new;

	if (((old & SECURE_LOCKS) >> 1 & (old ^ bits)) || (old & SECURE_LOCKS & ~bits) ||
	    (bits & ~(unsigned long)SECURE_BITS_KNOWN) || !privilege_is_held(PRIVILEGE_SETPCAP))
		return -EPERM;
	new = credentials_copy(credentials_current());
	if (!new)
		return -ENOMEM;
	new->secure_bits = bits;
	credentials_install(new);
	return 0;
}

/* SECBIT_KEEP_CAPS by its older name. */
long prctl_keep_capabilities_set(unsigned long value)
{
	struct credentials *new;

	if (value > 1)
		return -EINVAL;
	if (credentials_current()->secure_bits & SECURE_KEEP_CAPS << 1)
		return -EPERM;
	new = credentials_copy(credentials_current());
	if (!new)
		return -ENOMEM;
	new->secure_bits &= ~SECURE_KEEP_CAPS;
	if (value)
		new->secure_bits |= SECURE_KEEP_CAPS;
	credentials_install(new);
	return 0;
}

enum { PR_CAP_AMBIENT_IS_SET = 1, PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_LOWER,
	PR_CAP_AMBIENT_CLEAR_ALL };

long prctl_ambient(unsigned long action, unsigned long capability)
{
	const struct credentials *own = credentials_current();
	struct credentials *new;

	if (action == PR_CAP_AMBIENT_CLEAR_ALL ? capability != 0 : capability > CAP_LAST_CAP)
		return -EINVAL;
	if (action == PR_CAP_AMBIENT_IS_SET)
		return own->linux_ambient >> capability & 1;
	if (action < PR_CAP_AMBIENT_RAISE || action > PR_CAP_AMBIENT_CLEAR_ALL)
		return -EINVAL;
	if (action == PR_CAP_AMBIENT_RAISE &&
	    (!(own->linux_permitted & own->linux_inheritable & BIT(capability)) ||
	     own->secure_bits & SECURE_NO_AMBIENT_RAISE))
		return -EPERM;
	new = credentials_copy(own);
	if (!new)
		return -ENOMEM;
	if (action == PR_CAP_AMBIENT_RAISE)
		new->linux_ambient |= BIT(capability);
	else if (action == PR_CAP_AMBIENT_LOWER)
		new->linux_ambient &= ~BIT(capability);
	else
		new->linux_ambient = 0;
	credentials_install(new);
	return 0;
}

long prctl_slack_set(unsigned long ns)
{
	thread_current()->timer_slack_ns = ns ? ns : SLACK_DEFAULT_NS;
	return 0;
}

long prctl_death_signal_set(unsigned long number)
{
	if (number > SIGNAL_COUNT)
		return -EINVAL;
	process_current()->parent_death_signal = number;
	return 0;
}

long prctl_death_signal_get(int *number)
{
	*number = process_current()->parent_death_signal;
	return 0;
}

long prctl_dumpable_get(void)
{
	return process_current()->dumpable;
}

long prctl_keep_capabilities_get(void)
{
	return credentials_current()->secure_bits >> 4 & 1;
}

long prctl_timing_get(void)
{
	return TIMING_STATISTICAL;
}

long prctl_timing_set(unsigned long value)
{
	return value == TIMING_STATISTICAL ? 0 : -EINVAL;
}

long prctl_name_get(user_address_t address)
{
	return user_copy_out(address, thread_current()->name, COMMAND_BYTES);
}

long prctl_seccomp_get(void)
{
	return SECCOMP_MODE_DISABLED;
}

long prctl_bounding_get(unsigned long capability)
{
	if (capability > CAP_LAST_CAP)
		return -EINVAL;
	return credentials_current()->linux_bounding >> capability & 1;
}

long prctl_secure_bits_get(void)
{
	return credentials_current()->secure_bits;
}

long prctl_slack_get(void)
{
	uint64_t slack_ns = thread_current()->timer_slack_ns;

	return slack_ns ? slack_ns : SLACK_DEFAULT_NS;
}

long prctl_subreaper_set(unsigned long value)
{
	process_current()->is_child_subreaper = value != 0;
	return 0;
}

long prctl_subreaper_get(int *value)
{
	*value = process_current()->is_child_subreaper;
	return 0;
}

long prctl_tid_address_get(uint64_t *address)
{
	*address = thread_current()->clear_tid_address;
	return 0;
}

long prctl_keys_reset(int option, unsigned long keys)
{
	return context_program_option(option, keys, 0);
}

long prctl_keys_enabled_set(int option, unsigned long keys, unsigned long enabled)
{
	return context_program_option(option, keys, enabled);
}

long prctl_keys_enabled_get(int option)
{
	return context_program_option(option, 0, 0);
}

long prctl_vector_length(int option, unsigned long value)
{
	return context_program_option(option, value, 0);
}
