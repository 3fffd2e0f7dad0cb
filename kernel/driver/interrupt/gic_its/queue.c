/*
 * The queue of commands to an ITS. Each call waits until its own commands are done, so that the
 * queue is empty between calls and nothing of it is ever overtaken.
 */
#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "base/string.h"
#include "driver/interrupt/gic_its/internal.h"
#include "log/log.h"

/* The address has to be a multiple of 64 KB, and that is as much as there is then anyway. */
#define QUEUE_BYTES 0x10000u
#define QUEUE_PAGE_BYTES 0x1000u

int its_queue_init(struct its *its)
{
	struct its_base base = {
		.registers = &its->registers,
		.offset = GITS_CBASER,
		.cache_shift = log2_floor(BASE_INNER_CACHE(1)),
		.must_hold = BASE_VALID | BASE_ADDRESS_MASK | BASE_PAGES_MASK,
	};
	int result = device_dma_allocate(its->device, QUEUE_BYTES, &its->queue);

	if (result < 0)
		return result;
	base.value = BASE_VALID | its->queue.address | BASE_PAGES(QUEUE_BYTES / QUEUE_PAGE_BYTES);
	cpu_write_back(its->queue.memory, QUEUE_BYTES);
	result = its->queue.address & (~BASE_ADDRESS_MASK | (QUEUE_BYTES - 1)) ? -EIO :
		its_base_write(&base, &its->queue_is_coherent);
	if (result < 0) {
		register_write64(&its->registers, GITS_CBASER, 0);
		device_dma_free(its->device, &its->queue);
		return result;
	}
	register_write64(&its->registers, GITS_CWRITER, 0);
	its->queue_next = 0;
	return 0;
}

static void command_put(struct its *its, const struct its_command *command)
{
	uint8_t *at = (uint8_t *)its->queue.memory + its->queue_next;

	memcpy(at, command, sizeof(*command));
	if (!its->queue_is_coherent)
		cpu_write_back(at, sizeof(*command));
	its->queue_next = (its->queue_next + COMMAND_BYTES) % QUEUE_BYTES;
}

/* What the register says is only compared with where everything is done. */
static int queue_wait(struct its *its)
{
	uint64_t start = clock_cycles(), limit = clock_frequency_hz() / 1000 * WAIT_LIMIT_MS;

	for (;;) {
		bool is_late = clock_cycles() - start > limit;
		uint64_t done = register_read64(&its->registers, GITS_CREADR);

		if ((done & CREADR_OFFSET_MASK) == its->queue_next)
			return 0;
		if (is_late || done & CREADR_STALLED) {
			its->is_dead = true;
			log_print(LOG_ERROR, "%s: commands up to 0x%x %s at 0x%llx, given up",
				  its->device->name, its->queue_next,
				  is_late ? "wait" : "are refused", (unsigned long long)done);
			return -EIO;
		}
		cpu_relax();
	}
}

int its_queue_run_locked(struct its *its, const struct its_command *commands, unsigned count)
{
	if (its->is_dead)
		return -EIO;
	for (unsigned i = 0; i < count; i++)
		command_put(its, &commands[i]);
	/* The commands, and the tables that they are about, before the ITS is told. */
	cpu_barrier_device();
	register_write64(&its->registers, GITS_CWRITER, its->queue_next);
	return queue_wait(its);
}

int its_queue_run(struct its *its, const struct its_command *commands, unsigned count)
{
	bool were_enabled = spin_lock_irq(&its->lock);
	int result = its_queue_run_locked(its, commands, count);

	spin_unlock_irq(&its->lock, were_enabled);
	return result;
}
