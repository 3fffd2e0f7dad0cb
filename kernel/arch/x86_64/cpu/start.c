/* The order in which the first CPU comes up. */
#include "arch/upcalls.h"
#include "arch/x86_64/boot/boot.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"

void cpu_start_first(void)
{
	cpu_features_enable();
	cpu_area_create(0, cpuid_read(1, 0).ebx >> 24);
	interrupt_gates_create();
	cpu_area_load(0);
}
