/* The virtual counter and timer: the ones that are there with and without a hypervisor. */
#include "arch/aarch64/clock/clock.h"

#include "arch/aarch64/boot/boot.h"
#include "arch/aarch64/cpu/gic.h"
#include "arch/clock.h"
#include "base/arithmetic.h"
#include "firmware/acpi_arm.h"

#define CONTROL_ENABLE UINT64_C(1)
#define NUMBER_DEFAULT 27		/* BSA: the virtual timer's private interrupt */
#define SPECIFIER_CELLS 3		/* type, number, flags */
#define VIRTUAL_TIMER_INDEX 2		/* secure, physical, virtual, hypervisor */
#define PRIVATE_FIRST 16
/* CNTKCTL_EL1 (D19.12.16): an event whenever the given bit of the virtual counter becomes 1. */
#define COUNTER_EL0_VIRTUAL (UINT64_C(1) << 1)
#define EVENT_ENABLE (UINT64_C(1) << 2)
#define EVENT_BIT_SHIFT 4
#define EVENT_BIT_LIMIT 15
#define EVENTS_PER_SECOND 10000
/* Further away than this the alarm fires early, and is armed again. */
#define CYCLES_LIMIT (UINT64_C(1) << 55)

static uint64_t frequency_hz;
static uint32_t alarm_number = NUMBER_DEFAULT;

static void read_tree(void)
{
	const struct device_tree *tree = boot_device_tree();
	struct device_tree_property property;
	struct device_tree_node node;

	device_tree_begin(&node);
	while (tree && device_tree_next(tree, &node)) {
		if (!device_tree_is_compatible(tree, &node, "arm,armv8-timer"))
			continue;
		if (device_tree_find(tree, &node, "clock-frequency", &property))
			frequency_hz = device_tree_cell(&property, 0, 0);
		if (device_tree_find(tree, &node, "interrupts", &property))
			alarm_number = PRIVATE_FIRST +
				device_tree_cell(&property,
						 VIRTUAL_TIMER_INDEX * SPECIFIER_CELLS + 1,
						 NUMBER_DEFAULT - PRIVATE_FIRST);
		return;
	}
}

static void read_tables(void)
{
	struct acpi_timer timer;
	struct acpi_table table;

	if (boot_table_find("GTDT", &table) && acpi_timer_parse(&table, &timer))
		alarm_number = timer.virtual_interrupt;
}

void clock_start(void)
{
	if (boot_device_tree())
		read_tree();
	else
		read_tables();
	if (alarm_number < PRIVATE_FIRST || alarm_number >= GIC_PRIVATE_LIMIT)
		alarm_number = NUMBER_DEFAULT;
	if (!frequency_hz)
		__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency_hz));
	if (!frequency_hz)
		boot_fail("firmware did not say how fast the counter runs");
}

/*
 * The counter wakes whoever waits for an event, at least every 100 us: so WFE may be used where a
 * wakeup could be lost (HWCAP_EVTSTRM). Programs read the virtual counter and nothing else.
 */
static void event_stream_start(void)
{
	uint64_t bit = 0;

	while (bit < EVENT_BIT_LIMIT && UINT64_C(4) << bit <= frequency_hz / EVENTS_PER_SECOND)
		bit++;
	__asm__ volatile("msr cntkctl_el1, %0\n\tisb"
			 : : "r"(COUNTER_EL0_VIRTUAL | EVENT_ENABLE | bit << EVENT_BIT_SHIFT));
}

void clock_alarm_start(void)
{
	event_stream_start();
	clock_alarm_cancel();
	gic_private_enable(alarm_number);
}

uint32_t clock_alarm_number(void)
{
	return alarm_number;
}

void clock_alarm_quiet(void)
{
	clock_alarm_cancel();
}

uint64_t clock_frequency_hz(void)
{
	return frequency_hz;
}

bool clock_is_reliable(void)
{
	return true;	/* the architecture has one system counter, which never stops */
}

const char *clock_describe(void)
{
	return "generic timer";
}

void clock_alarm_arm(uint64_t cycles)
{
	uint64_t deadline = clock_cycles() + min(cycles, CYCLES_LIMIT);

	__asm__ volatile("msr cntv_cval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb"
			 : : "r"(deadline), "r"(CONTROL_ENABLE));
}

void clock_alarm_cancel(void)
{
	__asm__ volatile("msr cntv_ctl_el0, xzr\n\tisb");
}
