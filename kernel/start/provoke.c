/*
 * Defects on demand, so that tests see what the kernel says of them: the option provoke on the
 * command line makes /proc/aegis/provoke, which takes the name of a defect. provoke=NAME commits it
 * before the first program starts.
 */
#include "start/provoke.h"

#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/errno.h"
#include "base/panic.h"
#include "base/string.h"
#include "log/log.h"
#include "log/status.h"
#include "memory/heap.h"
#include "sync/lock_check.h"
#include "sync/spin_lock.h"
#include "task/authority.h"
#include "task/thread.h"

/* Longer than the watchdog is patient. */
#define LOOP_S 30

static void loop(void)
{
	uint64_t start = clock_cycles();

	while (clock_cycles() - start < clock_frequency_hz() * LOOP_S)
		cpu_relax();
}

static void provoke_panic(void)
{
	panic("provoked");
}

static void provoke_warning(void)
{
	warn("provoked");
}

/* Through a variable, so that the compiler does not see what comes. */
static volatile uintptr_t bad_address;

static void provoke_null_pointer(void)
{
	bad_address = 8;
	*(volatile uint32_t *)bad_address = 1;
}

static void provoke_wild_pointer(void)
{
	bad_address = UINT64_C(0x8000000000000000);
	*(volatile uint32_t *)bad_address = 1;
}

static void provoke_wild_jump(void)
{
	bad_address = 16;
	((void (*)(void))bad_address)();
}

static volatile unsigned depth;

static NOINLINE void overflow(volatile char *above)
{
	volatile char room[256];

	room[0] = above[0];
	if (++depth)
		overflow(room);
	room[1] = room[0];
}

static void provoke_overflow(void)
{
	char first = 0;

	overflow(&first);
}

static void overflow_here(void *unused)
{
	(void)unused;
	provoke_overflow();
}

/* On the interrupt stack of another CPU, or of no one when there is only this. */
static void provoke_interrupt_overflow(void)
{
	struct cpu_mask mask;

	cpu_online_mask(&mask);
	preemption_disable();
	cpu_mask_clear(&mask, cpu_current());
	cpu_call(&mask, overflow_here, NULL);
	preemption_enable();
}

static void panic_here(void *unused)
{
	(void)unused;
	panic("provoked on every CPU");
}

static void provoke_panic_everywhere(void)
{
	struct cpu_mask mask;

	cpu_online_mask(&mask);
	cpu_call(&mask, panic_here, NULL);
}

/* The text is fetched with the log's ring locked. */
static void provoke_panic_in_log(void)
{
	bad_address = 24;
	log_print(LOG_INFO, "%s", (const char *)bad_address);
}

static void console_panics(struct log_console *console, const char *text, size_t length)
{
	(void)console;
	(void)text;
	(void)length;
	panic("provoked in a console");
}

/* Reporting the panic panics again. */
static void provoke_panic_in_panic(void)
{
	static struct log_console console = { .name = "provoke", .write = console_panics };

	log_console_add(&console);
	panic("provoked first");
}

static void provoke_loop(void)
{
	preemption_disable();
	loop();
	preemption_enable();
}

static void provoke_masked_loop(void)
{
	bool were_enabled = interrupts_disable();

	loop();
	interrupts_restore(were_enabled);
}

static void provoke_lock_order(void)
{
	static struct spin_lock outer = SPIN_LOCK_INITIALIZER(LOCK_TASK_TREE);
	static struct spin_lock inner = SPIN_LOCK_INITIALIZER(LOCK_FUTEX);

	spin_lock(&inner);
	spin_lock(&outer);
	spin_unlock(&outer);
	spin_unlock(&inner);
}

static void provoke_sleep_in_atomic(void)
{
	preemption_disable();
	assert_may_sleep();
	preemption_enable();
}

static void provoke_use_after_free(void)
{
	volatile char *memory = heap_allocate(64, HEAP_PATIENT);

	if (!memory)
		return;
	heap_free((void *)memory);
	memory[1] = 1;
}

static void provoke_undefined(void)
{
	static volatile int shift = 40;

	bad_address = (uintptr_t)(1 << shift);
}

static const struct {
	const char *name;
	void (*commit)(void);
} defects[] = {
	{ "panic", provoke_panic }, { "warning", provoke_warning },
	{ "null-pointer", provoke_null_pointer }, { "wild-pointer", provoke_wild_pointer },
	{ "wild-jump", provoke_wild_jump }, { "overflow", provoke_overflow },
	{ "interrupt-overflow", provoke_interrupt_overflow },
	{ "panic-everywhere", provoke_panic_everywhere },
	{ "panic-in-log", provoke_panic_in_log }, { "panic-in-panic", provoke_panic_in_panic },
	{ "loop", provoke_loop }, { "masked-loop", provoke_masked_loop },
	{ "lock-order", provoke_lock_order }, { "sleep-in-atomic", provoke_sleep_in_atomic },
	{ "use-after-free", provoke_use_after_free }, { "undefined", provoke_undefined },
};

static int provoke(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(defects); i++) {
		if (strlen(defects[i].name) != length || memcmp(defects[i].name, name, length) != 0)
			continue;
		defects[i].commit();
		return 0;
	}
	return -EINVAL;
}

static void provoke_show(struct format_sink *sink)
{
	for (size_t i = 0; i < ARRAY_SIZE(defects); i++)
		format_to(sink, "%s\n", defects[i].name);
}

static int provoke_store(const char *text, size_t length)
{
	int result = capability_require(CAPABILITY_POWER_CONTROL);

	while (length > 0 && text[length - 1] == '\n')
		length--;
	return result < 0 ? result : provoke(text, length);
}

void provoke_start(void)
{
	static struct status_entry entry = {
		.name = "provoke", .show = provoke_show, .store = provoke_store,
	};
	char wanted[32];

	if (!boot_option(boot_information(), "provoke", wanted, sizeof(wanted)))
		return;
	status_add(&entry);
	if (wanted[0] && provoke(wanted, strlen(wanted)) < 0)
		log_print(LOG_ERROR, "provoke=%s: there is no such defect\n", wanted);
}
