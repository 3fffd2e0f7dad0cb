/* Fuzzing of the readers of UEFI's memory map, text and time: a stride, then all at once. */
#include "firmware/efi.h"

#include "base/compiler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char text[256];
static uint64_t accepted;	/* keeps the results in use */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct efi_memory_range range;
	struct efi_memory_map map;
	uint64_t offset = 0;
	int64_t time_ns;

	if (size < 2)
		return 0;
	map = (struct efi_memory_map){ data + 2, size - 2, data[0] };
	while (efi_memory_next(&map, &offset, &range))
		accepted += range.length;
	accepted += efi_text_convert(data + 2, size - 2, text, 1 + data[1] % sizeof(text));
	if (size - 2 >= EFI_TIME_BYTES && efi_time_parse(data + 2, &time_ns))
		accepted += (uint64_t)time_ns;
	return 0;
}
