/* Where the code for programs is in the kernel image. */
#include "arch/vdso.h"
#include "arch/x86_64/boot/linker.h"

const void *vdso_image(size_t *length_bytes)
{
	*length_bytes = (size_t)(vdso_image_end - vdso_image_start);
	return vdso_image_start;
}

/* Programs give a restorer with every handler on this architecture. */
size_t vdso_signal_return_offset(void)
{
	return 0;
}
