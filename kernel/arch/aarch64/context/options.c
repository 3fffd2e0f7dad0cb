/* The options of prctl(2) that this CPU's programs have to themselves. */
#include "arch/aarch64/context/keys.h"
#include "arch/aarch64/context/scalable.h"
#include "arch/context.h"
#include "base/errno.h"

enum program_option {
	PR_SVE_SET_VL = 50,
	PR_SVE_GET_VL = 51,
	PR_PAC_RESET_KEYS = 54,
	PR_PAC_SET_ENABLED_KEYS = 60,
	PR_PAC_GET_ENABLED_KEYS = 61,
};

long context_program_option(int option, uint64_t first, uint64_t second)
{
	switch (option) {
	case PR_SVE_SET_VL:
		return program_vector_length_set(first);
	case PR_SVE_GET_VL:
		return program_vector_length();
	case PR_PAC_RESET_KEYS:
		return program_keys_renew(first);
	case PR_PAC_SET_ENABLED_KEYS:
		return program_keys_enable(first, second);
	case PR_PAC_GET_ENABLED_KEYS:
		return program_keys_enabled();
	default:
		return -EINVAL;
	}
}
