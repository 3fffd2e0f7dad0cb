/*
 * prctl(2): small switches of a process or thread.
 */
#include "base/string.h"
#include "memory/space.h"
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/thread.h"

#define COMMAND_BYTES 16
#define SECURE_BITS_KNOWN 0xff
#define SLACK_DEFAULT_NS 50000

static long name_set(user_address_t address)
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

static long dumpable_set(unsigned long value)
{
	if (value > 1)
		return -EINVAL;
	process_current()->dumpable = value;
	return 0;
}

static long no_new_privileges_set(unsigned long a, unsigned long b, unsigned long c,
				  unsigned long d)
{
	if (a != 1 || b || c || d)
		return -EINVAL;
	thread_current()->no_new_privileges = 1;
	return 0;
}

static long bounding_drop(unsigned long capability)
{
	struct credentials *new;

	if (capability > CAP_LAST_CAP)
		return -EINVAL;
	if (credentials_current()->euid != 0)
		return -EPERM;
	new = credentials_copy(credentials_current());
	if (!new)
		return -ENOMEM;
	new->linux_bounding &= ~BIT(capability);
	credentials_install(new);
	return 0;
}

static long secure_bits_set(unsigned long bits)
{
	struct credentials *new;

	if (bits & ~(unsigned long)SECURE_BITS_KNOWN)
		return -EPERM;
	if (credentials_current()->euid != 0)
		return -EPERM;
	new = credentials_copy(credentials_current());
	if (!new)
		return -ENOMEM;
	new->secure_bits = bits;
	credentials_install(new);
	return 0;
}

/* SECBIT_KEEP_CAPS by its older name. */
static long keep_capabilities_set(unsigned long value)
{
	struct credentials *new;

	if (value > 1)
		return -EINVAL;
	new = credentials_copy(credentials_current());
	if (!new)
		return -ENOMEM;
	new->secure_bits = (new->secure_bits & ~(uint32_t)BIT(4)) | (uint32_t)value << 4;
	credentials_install(new);
	return 0;
}

enum { PR_CAP_AMBIENT_IS_SET = 1, PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_LOWER,
	PR_CAP_AMBIENT_CLEAR_ALL };

static long ambient(unsigned long action, unsigned long capability)
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
	    !(own->linux_permitted & own->linux_inheritable & BIT(capability)))
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

static long slack_set(unsigned long ns)
{
	thread_current()->timer_slack_ns = ns ? ns : SLACK_DEFAULT_NS;
	return 0;
}

static long get(int option, unsigned long argument)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;

	switch (option) {
	case PR_GET_PDEATHSIG:
		return user_store32(argument, process->parent_death_signal);
	case PR_GET_DUMPABLE:
		return process->dumpable;
	case PR_GET_KEEPCAPS:
		return credentials_current()->secure_bits >> 4 & 1;
	case PR_GET_TIMING:
		return 0;			/* PR_TIMING_STATISTICAL */
	case PR_GET_NAME:
		return user_copy_out(argument, thread->name, COMMAND_BYTES);
	case PR_GET_SECCOMP:
		return 0;
	case PR_CAPBSET_READ:
		return argument > CAP_LAST_CAP ? -EINVAL :
			(long)(credentials_current()->linux_bounding >> argument & 1);
	case PR_GET_SECUREBITS:
		return credentials_current()->secure_bits;
	case PR_GET_TIMERSLACK:
		return thread->timer_slack_ns ? thread->timer_slack_ns : SLACK_DEFAULT_NS;
	case PR_GET_CHILD_SUBREAPER:
		return user_store32(argument, process->is_child_subreaper);
	case PR_GET_TID_ADDRESS:
		return user_store64(argument, thread->clear_tid_address);
	default:
		return -EINVAL;
	}
}

static long death_signal_set(unsigned long number)
{
	if (number > SIGNAL_COUNT)
		return -EINVAL;
	process_current()->parent_death_signal = number;
	return 0;
}

long sys_prctl(int option, unsigned long argument2, unsigned long argument3,
	       unsigned long argument4, unsigned long argument5)
{
	switch (option) {
	case PR_SET_PDEATHSIG:
		return death_signal_set(argument2);
	case PR_SET_DUMPABLE:
		return dumpable_set(argument2);
	case PR_SET_KEEPCAPS:
		return keep_capabilities_set(argument2);
	case PR_SET_TIMING:
		return argument2 == 0 ? 0 : -EINVAL;
	case PR_SET_NAME:
		return name_set(argument2);
	case PR_CAPBSET_DROP:
		return bounding_drop(argument2);
	case PR_SET_SECUREBITS:
		return secure_bits_set(argument2);
	case PR_SET_TIMERSLACK:
		return slack_set(argument2);
	case PR_SET_CHILD_SUBREAPER:
		process_current()->is_child_subreaper = argument2 != 0;
		return 0;
	case PR_SET_NO_NEW_PRIVS:
		return no_new_privileges_set(argument2, argument3, argument4, argument5);
	case PR_GET_NO_NEW_PRIVS:
		return argument2 || argument3 || argument4 || argument5 ? -EINVAL :
			(long)thread_current()->no_new_privileges;
	case PR_CAP_AMBIENT:
		return argument4 || argument5 ? -EINVAL : ambient(argument2, argument3);
	case PR_SET_THP_DISABLE:
	case PR_GET_THP_DISABLE:
	case PR_MCE_KILL:
	case PR_MCE_KILL_GET:
	case PR_SET_MM:
		return -EINVAL;
	default:
		return get(option, argument2);
	}
}
