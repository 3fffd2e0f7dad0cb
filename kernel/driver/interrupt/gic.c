/*
 * The distributor of a generic interrupt controller, versions 2 to 4: shared interrupts, 32 to
 * 1019. Each CPU's private interrupts and its way of taking all of them belong to the architecture.
 */
#include "arch/cpu.h"
#include "arch/interrupt.h"
#include "base/errno.h"
#include "base/string.h"
#include "device/driver.h"
#include "device/interrupt.h"
#include "driver/interrupt/gic_registers.h"
#include "log/log.h"
#include "memory/heap.h"

#define PATIENCE_READS 1000000
#define VERSION_3 "arm,gic-v3"

struct gic {
	struct interrupt_controller controller;
	struct registers registers;
	bool has_affinity_routing;
};

static struct gic *gic_of(struct interrupt_controller *controller)
{
	return container_of(controller, struct gic, controller);
}

/* Registers with several lines in them are changed by gic_route() only, one call at a time. */
static void bit_change(struct gic *gic, uint32_t offset, uint32_t bits, bool is_set)
{
	uint32_t value = register_read32(&gic->registers, offset);

	register_write32(&gic->registers, offset, is_set ? value | bits : value & ~bits);
}

static int gic_route(struct interrupt_controller *controller, uint32_t line, uint32_t trigger,
		     unsigned cpu, unsigned number)
{
	struct gic *gic = gic_of(controller);
	uint64_t identity = interrupt_cpu_identity(cpu);

	/* The hardware knows rising edges and high levels only. */
	if (number != line || (trigger & TRIGGER_ACTIVE_LOW))
		return -EINVAL;
	register_write32(&gic->registers, GICD_ICENABLER(line), LINE_BIT(line));
	bit_change(gic, GICD_ICFGR(line), CONFIGURATION_EDGE(line), trigger & TRIGGER_EDGE);
	register_write8(&gic->registers, GICD_IPRIORITYR(line), PRIORITY_ORDINARY);
	if (gic->has_affinity_routing) {
		bit_change(gic, GICD_IGROUPR(line), LINE_BIT(line), true);
		register_write64(&gic->registers, GICD_IROUTER(line), identity);
	} else {
		register_write8(&gic->registers, GICD_ITARGETSR(line), (uint8_t)identity);
	}
	return 0;
}

static void gic_mask(struct interrupt_controller *controller, uint32_t line)
{
	register_write32(&gic_of(controller)->registers, GICD_ICENABLER(line), LINE_BIT(line));
}

static void gic_unmask(struct interrupt_controller *controller, uint32_t line)
{
	register_write32(&gic_of(controller)->registers, GICD_ISENABLER(line), LINE_BIT(line));
}

static void control_write(struct gic *gic, uint32_t value)
{
	register_write32(&gic->registers, GICD_CTLR, value);
	for (unsigned i = 0; i < PATIENCE_READS; i++) {
		if (!(register_read32(&gic->registers, GICD_CTLR) & CTLR_WRITE_PENDING))
			return;
	}
}

/* All shared lines off; then the distributor on. */
static void distributor_start(struct gic *gic, uint32_t lines)
{
	for (uint32_t line = SHARED_FIRST; line < lines; line += 32)
		register_write32(&gic->registers, GICD_ICENABLER(line), UINT32_MAX);
	if (gic->has_affinity_routing)
		control_write(gic, CTLR_AFFINITY_ROUTING | CTLR_ENABLE_GROUP_1);
	else
		control_write(gic, CTLR_ENABLE_GROUP_0);
}

static bool is_version_3(struct device *device)
{
	struct device_identity *identity;

	list_for_each(identity, &device->identities, node) {
		if (identity->name && strcmp(identity->name, VERSION_3) == 0)
			return true;
	}
	return false;
}

static int gic_attach(struct device *device)
{
	struct gic *gic = heap_allocate(sizeof(*gic), HEAP_PATIENT);
	uint32_t lines, type;
	int result;

	if (!gic)
		return -ENOMEM;
	result = device_registers_map(device, 0, &gic->registers);
	gic->has_affinity_routing = is_version_3(device);
	if (result == 0 && gic->registers.length < (gic->has_affinity_routing ?
						    DISTRIBUTOR_3_BYTES : DISTRIBUTOR_2_BYTES))
		result = -ENODEV;
	if (result == 0)
		result = device_probe32(device, &gic->registers, GICD_TYPER, &type);
	if (result < 0) {
		heap_free(gic);
		return result;
	}
	lines = min((uint32_t)TYPER_LINES(type), (uint32_t)LINE_LIMIT);
	distributor_start(gic, lines);
	gic->controller = (struct interrupt_controller){
		.name = gic->has_affinity_routing ? "GICv3" : "GICv2",
		.first_line = SHARED_FIRST,
		.line_count = lines - SHARED_FIRST,
		.route = gic_route,
		.mask = gic_mask,
		.unmask = gic_unmask,
	};
	device->state = gic;
	log_print(LOG_INFO, "%s: %s with %u lines", device->name, gic->controller.name, lines);
	return interrupt_controller_add(&gic->controller);
}

static const struct device_match gic_matches[] = {
	MATCH_FIRMWARE("arm,cortex-a15-gic"), MATCH_FIRMWARE("arm,gic-400"),
	MATCH_FIRMWARE(VERSION_3), MATCH_END
};

const struct driver gic_driver = {
	.name = "gic",
	.matches = gic_matches,
	.attach = gic_attach,
};
