/* The first touch of a device that a table or the command line claims to be there. */
#include "arch/mmu.h"
#include "arch/probe.h"
#include "base/errno.h"
#include "device/driver.h"
#include "log/log.h"

int device_probe32(struct device *device, const struct registers *registers, uint64_t offset,
		   uint32_t *value)
{
	const volatile uint8_t *at = registers->memory + offset;
	physical_t physical = 0;

	if (!registers->memory) {
		*value = register_read32(registers, offset);
		return 0;
	}
	if (probe_read32(at, value))
		return 0;
	mmu_kernel_query((virtual_t)at, &physical);
	log_print(LOG_WARNING, "%s: not found, nothing answers at %#llx", device->name,
		  (unsigned long long)physical);
	return -ENODEV;
}
