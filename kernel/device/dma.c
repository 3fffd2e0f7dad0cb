/* Memory for devices without an IOMMU: what they address is physical memory, and coherent. */
#include "device/dma.h"

#include "arch/mmu.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "memory/page.h"

int device_dma_allocate(struct device *device, size_t bytes, struct dma_memory *dma)
{
	unsigned order = log2_ceiling(divide_up_u64(bytes, PAGE_SIZE));

	(void)device;
	*dma = (struct dma_memory){ .order = order };
	if (order >= PAGE_ORDER_COUNT)
		return -ENOMEM;
	dma->memory = pages_allocate(order, ALLOCATE_PATIENT | ALLOCATE_ZERO);
	if (!dma->memory)
		return -ENOMEM;
	dma->address = virtual_to_physical(dma->memory);
	return 0;
}

void device_dma_free(struct device *device, struct dma_memory *dma)
{
	(void)device;
	if (dma->memory)
		pages_free(dma->memory, dma->order);
	*dma = (struct dma_memory){ 0 };
}
