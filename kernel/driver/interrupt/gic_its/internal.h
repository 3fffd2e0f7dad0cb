/* What the files of the driver of the interrupt translation service share. */
#ifndef DRIVER_INTERRUPT_GIC_ITS_INTERNAL_H
#define DRIVER_INTERRUPT_GIC_ITS_INTERNAL_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"
#include "device/dma.h"
#include "device/driver.h"
#include "device/interrupt.h"
#include "driver/interrupt/gic_its/command.h"
#include "driver/interrupt/gic_its/number.h"
#include "driver/interrupt/gic_its/registers.h"
#include "firmware/acpi_arm.h"
#include "sync/spin_lock.h"

#define WAIT_LIMIT_MS 500

/* A CPU's redistributor; `registers` is empty as long as it was not found. */
struct lpi_cpu {
	struct registers registers;
	uint64_t target;		/* what the ITS calls it */
	struct dma_memory pending;
	bool is_started;		/* the hardware may write to `pending` */
};

/* What redistributors know of LPIs. One configuration for all of them. */
struct lpis {
	struct device *device;		/* whose memory it is */
	unsigned cpu_count;
	struct lpi_cpu *cpus;
	struct dma_memory configuration;
	bool is_coherent;		/* they see what CPUs have in their caches */
};

struct its {
	struct interrupt_message_source source;
	struct interrupt_controller controller;
	struct device *device;
	uint64_t address;
	struct registers registers;
	uint64_t type;
	bool is_running;
	struct lpis lpis;
	struct dma_memory tables[BASER_COUNT];
	uint64_t device_limit;		/* what the tables hold */
	uint32_t collection_limit;
	struct list_head devices;	/* one thread attaches devices */

	/* LOCK_LEAF: masking comes from any context. */
	struct spin_lock lock;
	struct dma_memory queue;
	bool queue_is_coherent;
	bool is_dead;			/* did not answer: is not asked again */
	uint32_t queue_next;		/* offset of the next command */
	struct lpi_numbers numbers;
	struct list_head messages;
};

/* Waits until bits of a register are as wanted. -ETIMEDOUT. Any context. */
int its_register_wait(const struct registers *registers, uint64_t offset, uint32_t mask,
		      uint32_t wanted) MUST_CHECK;

/* A register that names memory, and how to access it: `attributes` as the hardware takes them. */
struct its_base {
	const struct registers *registers;
	uint64_t offset, value;
	uint64_t cache_shift;		/* of its inner cacheability */
	uint64_t must_hold;		/* bits that have to read as written */
};

/* Writes it, as shareable if the hardware can, and tells whether that is so. -EIO: it does not keep
 * what it has to. */
int its_base_write(const struct its_base *base, bool *is_coherent) MUST_CHECK;

/* Tables of devices and collections; the ITS is off. Released, it is off again. */
int its_tables_init(struct its *its) MUST_CHECK;
void its_tables_release(struct its *its);

int its_queue_init(struct its *its) MUST_CHECK;
/* Has commands done. -EIO: the ITS does not do any (more). Takes the lock. */
int its_queue_run(struct its *its, const struct its_command *commands, unsigned count) MUST_CHECK;
int its_queue_run_locked(struct its *its, const struct its_command *commands, unsigned count)
	REQUIRES(its->lock) MUST_CHECK;

/* Makes the online CPUs' redistributors take LPIs; says how many there are. -ENODEV: they cannot.
 * `its_type` tells what the ITS calls them. */
int lpis_init(struct lpis *lpis, struct device *device, uint64_t its_type, uint32_t *count)
	MUST_CHECK;
/* Keeps memory that the hardware would not let go. */
void lpis_release(struct lpis *lpis);
/* LPI_ENABLED or 0 for an LPI, counted from the first; the ITS has to be told. */
void lpis_configure(struct lpis *lpis, uint32_t number, uint8_t flags);

/* ACPI's table with a signature; false: there is none. */
bool its_table_find(const char *signature, struct acpi_table *table) MUST_CHECK;

/* The number under which a device's messages reach the ITS. -ENODEV: they do not. */
int its_device_number_find(const struct its *its, struct device *device, uint32_t *number)
	MUST_CHECK;

/* An event of a device, of which nobody has had one before. -ENOSPC, -ENOMEM, -ENODEV, -EIO. */
int its_event_reserve(struct its *its, uint32_t device_number, uint32_t *event) MUST_CHECK;

#endif
