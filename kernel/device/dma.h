/*
 * Memory that a device reads and writes by itself. Every such range comes from here, so that an
 * IOMMU is one layer below its drivers. What a device has written is never trusted.
 */
#ifndef DEVICE_DMA_H
#define DEVICE_DMA_H

#include "base/compiler.h"
#include "base/types.h"

struct device;

struct dma_memory {
	void *memory;		/* zeroed, contiguous; NULL: none */
	uint64_t address;	/* as the device says it */
	unsigned order;		/* 2^order pages */
};

/* Whole pages for at least `bytes`. May sleep; -ENOMEM, also for what is too large. */
int device_dma_allocate(struct device *device, size_t bytes, struct dma_memory *dma) MUST_CHECK;
/* Only when the device cannot write there any more. */
void device_dma_free(struct device *device, struct dma_memory *dma);

#endif
