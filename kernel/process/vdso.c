/*
 * Maps the pages that every program has for reading clocks without a call: one page of data that
 * time/ writes, and the code behind it.
 */
#include "arch/program.h"
#include "arch/vdso.h"
#include "base/errno.h"
#include "base/format.h"
#include "memory/page.h"
#include "memory/space.h"
#include "process/internal.h"
#include "process/layout.h"
#include "time/clock_time.h"

static int data_physical_get(struct region *region, uint64_t index, physical_t *physical,
			     uint32_t *mmu_flags)
{
	(void)region;
	(void)mmu_flags;
	if (index != 0)
		return -EINVAL;
	*physical = virtual_to_physical(time_vdso_page());
	return 0;
}

static int code_physical_get(struct region *region, uint64_t index, physical_t *physical,
			     uint32_t *mmu_flags)
{
	size_t length;
	const uint8_t *image = vdso_image(&length);

	(void)region;
	(void)mmu_flags;
	if (index >= align_up(length, PAGE_SIZE) / PAGE_SIZE)
		return -EINVAL;
	*physical = virtual_to_physical(image + index * PAGE_SIZE);
	return 0;
}

static const struct region_operations data_operations = { .physical_get = data_physical_get };
static const struct region_operations code_operations = { .physical_get = code_physical_get };

int vdso_map(struct space *space)
{
	size_t length;
	int64_t address;
	struct map_request request = { .region_flags = REGION_SPECIAL };

	if (!vdso_image(&length))
		return 0;
	/* Reserve both in one piece, then put each at its place. */
	request.length = LAYOUT_VDSO_DATA_PAGES * PAGE_SIZE + align_up(length, PAGE_SIZE);
	request.address = layout_vdso(space->stack_start, request.length);
	address = space_map(space, &request);
	if (address < 0)
		return address;
	request.address = address;
	request.length = LAYOUT_VDSO_DATA_PAGES * PAGE_SIZE;
	request.map_flags = MAP_AT_EXACTLY;
	request.region_flags = REGION_SPECIAL | REGION_READ | REGION_MAY_READ;
	request.operations = &data_operations;
	request.name = "[vvar]";
	address = space_map(space, &request);
	if (address < 0)
		return address;
	request.address += LAYOUT_VDSO_DATA_PAGES * PAGE_SIZE;
	request.length = align_up(length, PAGE_SIZE);
	request.region_flags |= REGION_EXECUTE | REGION_MAY_EXECUTE;
	if (program_protection_guarded())
		request.region_flags |= REGION_GUARDED;
	request.operations = &code_operations;
	request.name = "[vdso]";
	address = space_map(space, &request);
	if (address < 0)
		return address;
	space->vdso = request.address;
	return 0;
}
