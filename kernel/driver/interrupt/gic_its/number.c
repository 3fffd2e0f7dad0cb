/* Numbers of LPIs: as many as the hardware says and one table of the smallest kind holds. */
#include "driver/interrupt/gic_its/number.h"

#include "base/errno.h"

uint32_t lpi_count_of(uint32_t distributor_type)
{
	unsigned bits = GICD_TYPER_LPI_BITS(distributor_type);

	if (!(distributor_type & GICD_TYPER_LPIS) ||
	    GICD_TYPER_NUMBER_BITS(distributor_type) < LPI_NUMBER_BITS)
		return 0;
	if (bits == 0 || bits + 1 >= LPI_NUMBER_BITS)
		return LPI_LIMIT;
	return min(1u << (bits + 1), LPI_LIMIT);
}

int lpi_number_reserve(struct lpi_numbers *numbers, uint32_t *number)
{
	size_t found = bitmap_find_clear(numbers->used, numbers->count, 0);

	if (found >= numbers->count)
		return -ENOSPC;
	bitmap_set(numbers->used, found);
	*number = (uint32_t)found;
	return 0;
}

void lpi_number_release(struct lpi_numbers *numbers, uint32_t number)
{
	bitmap_clear(numbers->used, number);
}
