/* arch_prctl(2). */
#include "arch/context.h"
#include "arch/user.h"
#include "arch/x86_64/context/fpu.h"
#include "arch/x86_64/context/program.h"
#include "base/errno.h"

enum arch_prctl_code {
	ARCH_SET_GS = 0x1001,
	ARCH_SET_FS = 0x1002,
	ARCH_GET_FS = 0x1003,
	ARCH_GET_GS = 0x1004,
	ARCH_GET_CPUID = 0x1011,
	ARCH_SET_CPUID = 0x1012,
	ARCH_GET_XCOMP_SUPP = 0x1021,
	ARCH_GET_XCOMP_PERM = 0x1022,
	ARCH_REQ_XCOMP_PERM = 0x1023,
};

/* The highest component that Linux knows a permission for: the tiles of AMX. */
#define COMPONENT_LAST 18

static long control_store(user_address_t to, uint64_t value)
{
	if (!user_range_is_valid(to, sizeof(value)) || user_raw_copy_out(to, &value, sizeof(value)))
		return -EFAULT;
	return 0;
}

/* There are no options of this kind on this CPU. */
long context_program_option(int option, uint64_t first, uint64_t second)
{
	(void)option;
	(void)first;
	(void)second;
	return -EINVAL;
}

long context_machine_control(int code, uint64_t argument)
{
	switch (code) {
	case ARCH_SET_GS:
		if (argument >= USER_ADDRESS_END)
			return -EPERM;
		program_gs_base_set(argument);
		return 0;
	case ARCH_SET_FS:
		return context_thread_pointer_set(context_current(), argument);
	case ARCH_GET_FS:
		return control_store(argument, context_thread_pointer(context_current()));
	case ARCH_GET_GS:
		return control_store(argument, program_gs_base());
	case ARCH_GET_CPUID:
		return 1;
	case ARCH_SET_CPUID:
		return -ENODEV;
	case ARCH_GET_XCOMP_SUPP:
	case ARCH_GET_XCOMP_PERM:
		return control_store(argument, fpu_features());
	case ARCH_REQ_XCOMP_PERM:
		return argument > COMPONENT_LAST ? -EINVAL : -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}
