/* Fuzzes the cpio walk: every byte it hands out must be readable, and it must end. */
#include "base/codec/cpio.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct cpio cpio;
	struct cpio_entry entry;
	volatile uint8_t sink = 0;

	cpio_init(&cpio, bytes, size);
	while (cpio_next(&cpio, &entry) > 0) {
		for (size_t i = 0; i <= entry.name_length; i++)
			sink = (uint8_t)(sink ^ entry.name[i]);
		for (size_t i = 0; i < entry.size; i++)
			sink = (uint8_t)(sink ^ entry.data[i]);
	}
	return 0;
}
