/*
 * The device model: buses add devices with identities and resources, drivers match identities and
 * attach. A driver asks for registers, interrupts and DMA memory by index and never learns its bus.
 */
#ifndef DEVICE_DRIVER_H
#define DEVICE_DRIVER_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"

struct device;
struct interrupt_line;

enum device_identity_kind {
	IDENTITY_END,
	IDENTITY_FIRMWARE,	/* device-tree compatible or ACPI hardware id: name */
	IDENTITY_PCI_ID,	/* vendor << 16 | device */
	IDENTITY_PCI_CLASS,	/* class << 16 | subclass << 8 | interface */
	IDENTITY_VIRTIO,	/* virtio device number */
};

struct device_match {
	enum device_identity_kind kind;
	uint32_t number;
	const char *name;
};

#define MATCH_FIRMWARE(text) { IDENTITY_FIRMWARE, 0, (text) }
#define MATCH_PCI_ID(vendor, device) { IDENTITY_PCI_ID, (uint32_t)(vendor) << 16 | (device), NULL }
#define MATCH_PCI_CLASS(code) { IDENTITY_PCI_CLASS, (code), NULL }
#define MATCH_VIRTIO(number) { IDENTITY_VIRTIO, (number), NULL }
#define MATCH_END { IDENTITY_END, 0, NULL }

struct driver {
	const char *name;
	const struct device_match *matches;
	/* 0: the device is mine. Sets device->state. -ENODEV: not mine after all. May sleep. */
	int (*attach)(struct device *device);
	void (*detach)(struct device *device);	/* gives everything back; NULL: cannot */
	int (*quiesce)(struct device *device);	/* stop DMA and interrupts; before restart, sleep */
	int (*resume)(struct device *device);
};

enum resource_kind {
	RESOURCE_MEMORY,	/* registers in physical memory */
	RESOURCE_PORT,		/* x86 I/O ports */
	RESOURCE_INTERRUPT,	/* number in its controller's domain, plus trigger flags */
};

enum interrupt_trigger {
	TRIGGER_EDGE = 1 << 0,
	TRIGGER_LEVEL = 1 << 1,
	TRIGGER_ACTIVE_LOW = 1 << 2,
};

struct device_resource {
	struct list_node node;
	enum resource_kind kind;
	uint64_t start, length;
	uint32_t flags;
};

struct device_identity {
	struct list_node node;
	enum device_identity_kind kind;
	uint32_t number;
	const char *name;
};

struct device {
	struct list_node node;
	char name[32];
	struct device *parent;
	struct list_head identities, resources;
	const struct driver *driver;		/* NULL: nobody attached */
	void *state;				/* the driver's */
	void *bus_state;			/* of the bus that made it: what it knows more */
};

/* For buses: make, describe, publish. Publishing matches it against the drivers of this kernel. */
struct device *device_create(struct device *parent, const char *name);
int device_identity_add(struct device *device, enum device_identity_kind kind, uint32_t number,
			const char *name) MUST_CHECK;
int device_resource_add(struct device *device, enum resource_kind kind, uint64_t start,
			uint64_t length, uint32_t flags) MUST_CHECK;
int device_publish(struct device *device) MUST_CHECK;
/* The resource of a kind with that index; NULL: it has fewer. */
struct device_resource *device_resource_find(struct device *device, enum resource_kind kind,
					     unsigned index);
struct device *device_next(struct device *after);

/* Registers: memory or ports behind one handle; accessors pick by kind. */
struct registers {
	volatile uint8_t *memory;	/* NULL: ports */
	uint16_t port;
	uint64_t length;
};
int device_registers_map(struct device *device, unsigned index, struct registers *registers)
	MUST_CHECK;
/* Reads a register before anything is known to be there. -ENODEV: nothing answers, as the log then
 * says. */
int device_probe32(struct device *device, const struct registers *registers, uint64_t offset,
		   uint32_t *value) MUST_CHECK;
uint8_t register_read8(const struct registers *registers, uint64_t offset);
uint16_t register_read16(const struct registers *registers, uint64_t offset);
uint32_t register_read32(const struct registers *registers, uint64_t offset);
uint64_t register_read64(const struct registers *registers, uint64_t offset);
void register_write8(const struct registers *registers, uint64_t offset, uint8_t value);
void register_write16(const struct registers *registers, uint64_t offset, uint16_t value);
void register_write32(const struct registers *registers, uint64_t offset, uint32_t value);
void register_write64(const struct registers *registers, uint64_t offset, uint64_t value);

/* The handler runs with interrupts masked: acknowledge and queue. True: it was mine. */
typedef bool (*interrupt_handler)(void *argument);
int device_interrupt_connect(struct device *device, unsigned index, interrupt_handler handler,
			     void *argument) MUST_CHECK;
void device_interrupt_disconnect(struct device *device, unsigned index);

/* For drivers that look up more than their own node; NULL: the machine has no device tree. */
struct device_tree;
const struct device_tree *device_tree_of_machine(void);

/* The drivers of this kernel (generated from kernel.list), in order. */
extern const struct driver *const kernel_drivers[];

/* Finds the root buses (ACPI, device tree, the fixed devices of the platform). */
int device_start(void) MUST_CHECK;
int device_quiesce_all(void);

#endif
