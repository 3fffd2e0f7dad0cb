/* The command line's way to name a memory-mapped virtio device: SIZE@ADDRESS:LINE. */
#ifndef DEVICE_VIRTIO_OPTION_H
#define DEVICE_VIRTIO_OPTION_H

#include "base/compiler.h"
#include "base/types.h"

#define VIRTIO_MMIO_OPTION "virtio_mmio.device="

struct virtio_mmio_option {
	uint64_t address, length;
	uint32_t line;
};

/* What stands behind the option's "=". False: not of this form, or a place that cannot be. */
bool virtio_mmio_option_parse(const char *text, struct virtio_mmio_option *option) MUST_CHECK;

#endif
