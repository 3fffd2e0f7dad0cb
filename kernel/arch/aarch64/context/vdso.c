/* Where the code for programs is in the kernel image, and where in it signal handlers return to. */
#include "arch/vdso.h"

#include "arch/aarch64/boot/linker.h"
#include "base/string.h"

const void *vdso_image(size_t *length_bytes)
{
	*length_bytes = (size_t)(vdso_image_end - vdso_image_start);
	return vdso_image_start;
}

/* The trampoline begins with these two instructions: mov x8, #139; svc #0. It is the only place in
 * the image that makes this call. */
static size_t offset_find(void)
{
	static const uint32_t instructions[] = { 0xd2801168, 0xd4000001 };
	size_t length;
	const uint8_t *image = vdso_image(&length);

	for (size_t at = 0; at + sizeof(instructions) <= length; at += 4) {
		if (memcmp(image + at, instructions, sizeof(instructions)) == 0)
			return at;
	}
	return 0;
}

size_t vdso_signal_return_offset(void)
{
	static size_t offset;

	if (!READ_ONCE(offset))
		WRITE_ONCE(offset, offset_find());
	return READ_ONCE(offset);
}
