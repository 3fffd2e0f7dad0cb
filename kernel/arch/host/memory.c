/* The window that stands for physical memory, and the boot information that describes it. */
#include "machine/host_memory.h"

#include <sys/mman.h>

#include "arch/mmu.h"
#include "base/panic.h"

char *host_memory;

static struct boot_information host_boot = { .command_line = "" };

const struct boot_information *boot_information(void)
{
	return &host_boot;
}

/* A machine without firmware. */
const void *boot_firmware_table(const char *signature, size_t *length_bytes)
{
	(void)signature;
	*length_bytes = 0;
	return NULL;
}

void host_memory_set(const struct boot_memory_range *ranges, unsigned count)
{
	const struct boot_memory_range *last = &ranges[count - 1];
	size_t size = last->start + last->length_bytes;

	host_memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (host_memory == MAP_FAILED)
		panic("no window of %zu bytes", size);
	host_boot.ranges = ranges;
	host_boot.range_count = count;
}
