/* Which LPIs are taken, counted from the first. */
#ifndef DRIVER_INTERRUPT_GIC_ITS_NUMBER_H
#define DRIVER_INTERRUPT_GIC_ITS_NUMBER_H

#include "base/bitmap.h"
#include "base/compiler.h"
#include "driver/interrupt/gic_its/registers.h"

struct lpi_numbers {
	uint32_t count;			/* at most LPI_LIMIT */
	BITMAP(used, LPI_LIMIT);
};

/* How many there are, by the distributor's type register; 0: none, or too few for a table. */
uint32_t lpi_count_of(uint32_t distributor_type);

/* The lowest free one; -ENOSPC. The caller's lock guards the numbers. */
int lpi_number_reserve(struct lpi_numbers *numbers, uint32_t *number) MUST_CHECK;
void lpi_number_release(struct lpi_numbers *numbers, uint32_t number);

#endif
