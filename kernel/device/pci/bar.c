/*
 * Base address registers: how large they are, whether where they lead is believed, and places for
 * those that firmware left out. Without firmware (a kernel that QEMU loads on aarch64) these are
 * all; bridges then get one window of memory, in which everything behind them lies.
 */
#include "device/pci/internal.h"

#include "arch/boot.h"
#include "arch/mmu.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "log/log.h"
#include "memory/kernel_map.h"

#define BAR_PORT BIT(0)
#define BAR_KIND_MASK 0x6u
#define BAR_KIND_64 0x4u
#define BAR_KIND_32 0x0u
#define BAR_PORT_FLAGS 0x3u
#define BAR_MEMORY_FLAGS 0xfu
#define MEMORY_32_END BIT(32)

void pci_bar_decode(uint64_t value, uint64_t mask, struct pci_bar *bar)
{
	*bar = (struct pci_bar){ .kind = PCI_BAR_NONE };
	if (value & BAR_PORT) {
		/* The upper half of a port's address need not be there. */
		mask = (mask & ~(uint64_t)BAR_PORT_FLAGS & 0xffff) | ~(uint64_t)0xffff;
		bar->bus_address = value & 0xffff & ~(uint64_t)BAR_PORT_FLAGS;
		bar->kind = PCI_BAR_PORT;
	} else if ((value & BAR_KIND_MASK) == BAR_KIND_64) {
		mask &= ~(uint64_t)BAR_MEMORY_FLAGS;
		bar->bus_address = value & ~(uint64_t)BAR_MEMORY_FLAGS;
		bar->kind = PCI_BAR_MEMORY_64;
	} else if ((value & BAR_KIND_MASK) == BAR_KIND_32) {
		mask = (mask & ~(uint64_t)BAR_MEMORY_FLAGS & UINT32_MAX) | ~(uint64_t)UINT32_MAX;
		bar->bus_address = value & UINT32_MAX & ~(uint64_t)BAR_MEMORY_FLAGS;
		bar->kind = PCI_BAR_MEMORY_32;
	}
	bar->length = ~mask + 1;
	/* No bit that can be set: no register. Holes between them: no register of this world. */
	if (bar->kind == PCI_BAR_NONE || !is_power_of_two(bar->length) ||
	    (bar->kind == PCI_BAR_PORT && bar->length > 0x8000) ||
	    (bar->kind == PCI_BAR_MEMORY_32 && bar->length > BIT(31)))
		*bar = (struct pci_bar){ .kind = PCI_BAR_NONE };
}

static bool is_memory(const struct pci_bar *bar)
{
	return bar->kind == PCI_BAR_MEMORY_32 || bar->kind == PCI_BAR_MEMORY_64;
}

/* Whether memory of the machine is there, which a device could make us use as its registers. */
static bool is_ram(uint64_t address, uint64_t length)
{
	const struct boot_information *boot = boot_information();

	for (unsigned i = 0; i < boot->range_count; i++) {
		if (ranges_overlap(address, length, boot->ranges[i].start,
				   boot->ranges[i].length_bytes))
			return true;
	}
	return false;
}

/* Where firmware has placed it. With windows it has to lie in one, which is used up to there. */
static void place_take_over(struct pci_host *host, struct pci_bar *bar)
{
	struct list_head *windows = &host->description->windows;
	struct pci_window *window;

	if (!bar->bus_address || !is_memory(bar))
		return;
	if (list_is_empty(windows)) {
		bar->address = bar->bus_address;
		bar->is_placed = bar->address + bar->length > bar->address &&
				 !is_ram(bar->address, bar->length);
		return;
	}
	list_for_each(window, windows, node) {
		uint64_t offset = bar->bus_address - window->bus_address;

		if (bar->bus_address < window->bus_address ||
		    !range_is_within(offset, bar->length, window->length))
			continue;
		bar->address = window->address + offset;
		bar->is_placed = true;
		window->used = max(window->used, offset + bar->length);
		return;
	}
}

void pci_bars_read(struct pci_function *function)
{
	uint32_t command = pci_read32(function, PCI_COMMAND) & COMMAND_MASK;

	/* While the registers hold ones the function must not answer there. */
	pci_write32(function, PCI_COMMAND,
		    command & ~(uint32_t)(COMMAND_PORT | COMMAND_MEMORY));
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		struct pci_bar *bar = &function->bars[i];
		uint64_t value = pci_read32(function, PCI_BAR(i)), mask;
		bool is_wide = !(value & BAR_PORT) && (value & BAR_KIND_MASK) == BAR_KIND_64 &&
			       i + 1 < PCI_BAR_COUNT;

		pci_write32(function, PCI_BAR(i), UINT32_MAX);
		mask = pci_read32(function, PCI_BAR(i));
		pci_write32(function, PCI_BAR(i), (uint32_t)value);
		if (is_wide) {
			uint32_t high = pci_read32(function, PCI_BAR(i + 1));

			pci_write32(function, PCI_BAR(i + 1), UINT32_MAX);
			mask |= (uint64_t)pci_read32(function, PCI_BAR(i + 1)) << 32;
			pci_write32(function, PCI_BAR(i + 1), high);
			value |= (uint64_t)high << 32;
		}
		pci_bar_decode(value, mask, bar);
		place_take_over(function->host, bar);
		i += is_wide;
	}
	pci_write32(function, PCI_COMMAND, command);
}

int pci_window_take(struct pci_window *window, struct pci_bar *bar)
{
	uint64_t at;

	/* Alignment counts on the device's side. Address 0 would say: not placed. */
	if (checked_align_up(window->bus_address + window->used, bar->length, &at) < 0)
		return -ENOSPC;
	if (at == 0)
		at = bar->length;
	if (!range_is_within(at - window->bus_address, bar->length, window->length))
		return -ENOSPC;
	if (bar->kind == PCI_BAR_MEMORY_32 && !range_is_within(at, bar->length, MEMORY_32_END))
		return -ENOSPC;
	window->used = at - window->bus_address + bar->length;
	bar->bus_address = at;
	bar->address = window->address + (at - window->bus_address);
	bar->is_placed = true;
	return 0;
}

/* Behind a bridge only the window below 4 GB is passed on. */
static void bar_place(struct pci_function *function, unsigned index)
{
	struct pci_bar *bar = &function->bars[index];
	bool wants_wide = bar->kind == PCI_BAR_MEMORY_64 && !function->bridge;
	struct pci_window *window;

	for (unsigned pass = 0; pass < 2 && !bar->is_placed; pass++) {
		list_for_each(window, &function->host->description->windows, node) {
			bool is_right = window->is_64_bit == (wants_wide && pass == 0);

			if (is_right && !bar->is_placed && pci_window_take(window, bar) == 0)
				break;
		}
	}
	if (!bar->is_placed) {
		log_print(LOG_WARNING, "%s: no place for register %u of %llu bytes",
			  function->device->name, index, (unsigned long long)bar->length);
		return;
	}
	pci_write32(function, PCI_BAR(index), (uint32_t)bar->bus_address);
	if (bar->kind == PCI_BAR_MEMORY_64)
		pci_write32(function, PCI_BAR(index + 1), (uint32_t)(bar->bus_address >> 32));
}

static struct pci_window *narrow_window(struct pci_host *host)
{
	struct pci_window *window;

	list_for_each(window, &host->description->windows, node) {
		if (!window->is_64_bit)
			return window;
	}
	return NULL;
}

/* The window moves on to where a bridge's can begin or end. */
static uint64_t window_align(struct pci_window *window)
{
	uint64_t at = window->bus_address + window->used;

	at = align_up(at, (uint64_t)BRIDGE_WINDOW_BYTES);
	window->used = min(at - window->bus_address, window->length);
	return at;
}

static void bus_place(struct pci_host *host, struct pci_function *bridge);

static void bridge_place(struct pci_host *host, struct pci_function *bridge)
{
	struct pci_window *window = narrow_window(host);
	uint64_t start, end;

	if (!bridge->is_numbered_here || !window) {
		bus_place(host, bridge);
		return;
	}
	start = window_align(window);
	bus_place(host, bridge);
	end = window_align(window);
	/* A base above the limit passes nothing on. */
	pci_write32(bridge, BRIDGE_PREFETCHABLE, 0x0000fff0);
	if (end > start && end <= MEMORY_32_END)
		pci_write32(bridge, BRIDGE_MEMORY, (uint32_t)(start >> 16 & 0xfff0) |
			    (uint32_t)((end - 1) & 0xfff00000));
	else
		pci_write32(bridge, BRIDGE_MEMORY, 0x0000fff0);
}

/* As deep as bridges stand, which pci_host_start() has limited. */
static void bus_place(struct pci_host *host, struct pci_function *bridge)
{
	struct pci_function *function;

	list_for_each(function, &host->functions, node) {
		if (function->bridge != bridge)
			continue;
		if (function->is_bridge)
			bridge_place(host, function);
		for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
			if (is_memory(&function->bars[i]) && !function->bars[i].is_placed)
				bar_place(function, i);
		}
	}
}

void pci_bars_place(struct pci_host *host)
{
	bus_place(host, NULL);
}

int pci_bar_map(struct pci_function *function, unsigned index, uint64_t offset, uint64_t length,
		struct registers *registers)
{
	struct pci_bar *bar = index < PCI_BAR_COUNT ? &function->bars[index] : NULL;

	*registers = (struct registers){ 0 };
	if (!bar || !is_memory(bar) || !bar->is_placed || length == 0 ||
	    !range_is_within(offset, length, bar->length))
		return -ENODEV;
	registers->memory = kernel_map_physical(bar->address + offset, length,
						MMU_READ | MMU_WRITE | MMU_DEVICE);
	registers->length = length;
	return registers->memory ? 0 : -ENOMEM;
}
