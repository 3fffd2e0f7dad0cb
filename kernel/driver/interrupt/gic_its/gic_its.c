/*
 * The interrupt translation service of a GICv3 (IHI 0069, chapter 5): writes of devices, told apart
 * by who does them and what they write, become interrupts that are messages by nature (LPIs). Each
 * CPU has a collection of them; tables in memory say which event is which LPI of which collection.
 *
 * A message is made in four steps: reserve() gives its sender a table and it an event, an LPI and a
 * place in the boot CPU's collection; route() moves it; unmask() enables its LPI; compose() tells
 * what the device is to write. What fails leaves the device with its wire.
 */
#include "arch/cpu.h"
#include "arch/interrupt.h"
#include "base/errno.h"
#include "driver/interrupt/gic_its/internal.h"
#include "log/errno_name.h"
#include "log/log.h"
#include "memory/heap.h"

/* LPIs begin where the other interrupts end, as arch/aarch64 counts them. */
#define LINE_FIRST 1024u

#define REVISION_3 3
#define REVISION_4 4
#define BOOT_CPU 0

struct its_message {
	struct list_node node;
	uint32_t number;		/* of its LPI, counted from the first */
	uint32_t device, event;
	unsigned cpu;
	bool is_routed;			/* its line was connected */
};

static struct its *its_of(struct interrupt_controller *controller)
{
	return container_of(controller, struct its, controller);
}

/* Whether a CPU has a collection, which bears its number. */
static bool has_collection(const struct its *its, unsigned cpu)
{
	return cpu < its->lpis.cpu_count && cpu < its->collection_limit &&
	       its->lpis.cpus[cpu].is_started;
}

static struct its_command synchronise(const struct its *its, unsigned cpu)
{
	return its_command_synchronise(its->lpis.cpus[cpu].target);
}

static struct its_message *message_find(struct its *its, uint32_t line) REQUIRES(its->lock)
{
	struct its_message *message;

	list_for_each(message, &its->messages, node) {
		if (message->number == line - LINE_FIRST)
			return message;
	}
	return NULL;
}

static int message_move(struct its *its, struct its_message *message, unsigned cpu)
	REQUIRES(its->lock)
{
	const struct its_command commands[] = {
		its_command_move(message->device, message->event, (uint16_t)cpu),
		synchronise(its, message->cpu), synchronise(its, cpu),
	};
	int result = its_queue_run_locked(its, commands, ARRAY_SIZE(commands));

	if (result == 0)
		message->cpu = cpu;
	return result;
}

static int its_route(struct interrupt_controller *controller, uint32_t line, uint32_t trigger,
		     unsigned cpu, unsigned number)
{
	struct its *its = its_of(controller);
	struct its_message *message;
	bool were_enabled;
	int result = 0;

	if (number != line || trigger != TRIGGER_EDGE || !has_collection(its, cpu))
		return -EINVAL;
	were_enabled = spin_lock_irq(&its->lock);
	message = message_find(its, line);
	if (!message)
		result = -EINVAL;
	else if (message->cpu != cpu)
		result = message_move(its, message, cpu);
	if (result == 0)
		message->is_routed = true;
	spin_unlock_irq(&its->lock, were_enabled);
	return result;
}

/* Nobody can be told that the ITS does not do this: the queue says it, once. */
static void configure(struct interrupt_controller *controller, uint32_t line, uint8_t flags)
{
	struct its *its = its_of(controller);
	bool were_enabled = spin_lock_irq(&its->lock);
	struct its_message *message = message_find(its, line);

	if (message) {
		const struct its_command commands[] = {
			its_command_invalidate(message->device, message->event),
			synchronise(its, message->cpu),
		};

		lpis_configure(&its->lpis, message->number, flags);
		(void)!its_queue_run_locked(its, commands, ARRAY_SIZE(commands));
	}
	spin_unlock_irq(&its->lock, were_enabled);
}

static void its_mask(struct interrupt_controller *controller, uint32_t line)
{
	configure(controller, line, 0);
}

static void its_unmask(struct interrupt_controller *controller, uint32_t line)
{
	configure(controller, line, LPI_ENABLED);
}

/* Gives a message its LPI, and the ITS both. */
static int message_add(struct its *its, struct its_message *message)
{
	bool were_enabled = spin_lock_irq(&its->lock);
	int result = lpi_number_reserve(&its->numbers, &message->number);

	if (result == 0) {
		const struct its_command commands[] = {
			its_command_map_event(message->device, message->event,
					      LPI_FIRST + message->number, BOOT_CPU),
			synchronise(its, BOOT_CPU),
		};

		result = its_queue_run_locked(its, commands, ARRAY_SIZE(commands));
		if (result == 0)
			list_add_tail(&its->messages, &message->node);
		else
			lpi_number_release(&its->numbers, message->number);
	}
	spin_unlock_irq(&its->lock, were_enabled);
	return result;
}

/* A message whose line could not be connected is given up by nobody: whoever wants the next one
 * finds it here. */
static void message_drop_left(struct its *its)
{
	bool were_enabled = spin_lock_irq(&its->lock);
	struct its_message *message, *left = NULL;

	list_for_each(message, &its->messages, node) {
		if (!message->is_routed)
			left = message;
	}
	if (left) {
		const struct its_command commands[] = {
			its_command_discard(left->device, left->event),
			synchronise(its, left->cpu),
		};

		list_remove(&left->node);
		if (its_queue_run_locked(its, commands, ARRAY_SIZE(commands)) == 0)
			lpi_number_release(&its->numbers, left->number);
	}
	spin_unlock_irq(&its->lock, were_enabled);
	heap_free(left);
}

static int its_reserve(struct interrupt_message_source *source, struct device *sender,
		       uint32_t *line)
{
	struct its *its = container_of(source, struct its, source);
	struct its_message *message;
	int result;

	if (!its->is_running)
		return -ENODEV;
	message_drop_left(its);
	message = heap_allocate(sizeof(*message), HEAP_PATIENT);
	if (!message)
		return -ENOMEM;
	message->cpu = BOOT_CPU;
	result = its_device_number_find(its, sender, &message->device);
	if (result == 0)
		result = its_event_reserve(its, message->device, &message->event);
	if (result == 0)
		result = message_add(its, message);
	if (result < 0) {
		heap_free(message);
		return result;
	}
	*line = LINE_FIRST + message->number;
	return 0;
}

static void its_compose(struct interrupt_message_source *source, uint32_t line,
			struct interrupt_message *result)
{
	struct its *its = container_of(source, struct its, source);
	bool were_enabled = spin_lock_irq(&its->lock);
	struct its_message *message = message_find(its, line);

	result->address = its->address + GITS_TRANSLATER;
	result->data = message ? message->event : 0;
	spin_unlock_irq(&its->lock, were_enabled);
}

/* Its registers may be written only when it has come to rest. */
static int its_disable(struct its *its)
{
	uint32_t control = register_read32(&its->registers, GITS_CTLR);

	register_write32(&its->registers, GITS_CTLR, control & ~(uint32_t)CTLR_ENABLED);
	return its_register_wait(&its->registers, GITS_CTLR, (uint32_t)CTLR_QUIESCENT,
				 (uint32_t)CTLR_QUIESCENT);
}

static int its_identify(struct its *its)
{
	uint32_t revision;
	int result = device_registers_map(its->device, 0, &its->registers);

	if (result < 0)
		return result;
	its->address = device_resource_find(its->device, RESOURCE_MEMORY, 0)->start;
	if (its->registers.length < FRAMES_BYTES || its->address % FRAME_ALIGNMENT)
		return -ENODEV;
	result = device_probe32(its->device, &its->registers, GITS_PIDR2, &revision);
	if (result < 0)
		return result;
	revision = PIDR2_REVISION(revision);
	its->type = register_read64(&its->registers, GITS_TYPER);
	if ((revision != REVISION_3 && revision != REVISION_4) || !(its->type & TYPER_PHYSICAL))
		return -ENODEV;
	return its_disable(its);
}

static int collections_map(struct its *its)
{
	int result = has_collection(its, BOOT_CPU) ? 0 : -ENODEV;

	for (unsigned cpu = 0; cpu < its->lpis.cpu_count && result == 0; cpu++) {
		if (has_collection(its, cpu)) {
			const struct its_command commands[] = {
				its_command_map_collection((uint16_t)cpu,
							   its->lpis.cpus[cpu].target),
				synchronise(its, cpu),
				its_command_invalidate_all((uint16_t)cpu),
				synchronise(its, cpu),
			};

			result = its_queue_run(its, commands, ARRAY_SIZE(commands));
		}
	}
	return result;
}

static int its_enable(struct its *its)
{
	register_write32(&its->registers, GITS_CTLR,
			 register_read32(&its->registers, GITS_CTLR) | (uint32_t)CTLR_ENABLED);
	return collections_map(its);
}

static int its_start(struct its *its)
{
	int result = its_identify(its);

	if (result < 0)
		return result;
	result = lpis_init(&its->lpis, its->device, its->type, &its->numbers.count);
	if (result < 0)
		return result;
	result = its_tables_init(its);
	if (result < 0)
		goto fail_lpis;
	result = its_queue_init(its);
	if (result < 0)
		goto fail_tables;
	result = its_enable(its);
	if (result == 0)
		return 0;
	/* As long as it does not rest, memory that it was given is its own. */
	if (its_disable(its) < 0)
		return result;
	device_dma_free(its->device, &its->queue);
fail_tables:
	its_tables_release(its);
fail_lpis:
	lpis_release(&its->lpis);
	return result;
}

static int gic_its_attach(struct device *device)
{
	struct its *its = heap_allocate(sizeof(*its), HEAP_PATIENT);
	int result;

	if (!its)
		return -ENOMEM;
	its->device = device;
	spin_lock_init(&its->lock, LOCK_LEAF);
	list_init(&its->devices);
	list_init(&its->messages);
	its->source.reserve = its_reserve;
	its->source.compose = its_compose;
	/* First, as it cannot be undone: a source that does not run has no messages to give. */
	result = interrupt_message_source_add(&its->source);
	if (result < 0) {
		heap_free(its);
		log_print(LOG_INFO, "%s: others take messages already", device->name);
		return -ENODEV;
	}
	result = its_start(its);
	if (result < 0) {
		log_print(LOG_WARNING, "%s: does not work (%s), devices use wires",
			  device->name, errno_name(-result));
		return -ENODEV;
	}
	device->state = its;
	its->controller = (struct interrupt_controller){
		.name = "ITS",
		.first_line = LINE_FIRST,
		.line_count = its->numbers.count,
		.route = its_route,
		.mask = its_mask,
		.unmask = its_unmask,
	};
	its->is_running = true;
	log_print(LOG_INFO, "%s: ITS with %u messages of %llu devices", device->name,
		  its->numbers.count, (unsigned long long)its->device_limit);
	return interrupt_controller_add(&its->controller);
}

static const struct device_match gic_its_matches[] = {
	MATCH_FIRMWARE("arm,gic-v3-its"), MATCH_END
};

const struct driver gic_its_driver = {
	.name = "gic_its",
	.matches = gic_its_matches,
	.attach = gic_its_attach,
};
