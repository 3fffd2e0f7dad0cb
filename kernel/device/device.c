/*
 * Devices and their drivers: buses publish devices, every device is offered to the drivers of
 * kernel_drivers[]. What was found before device_start() waits, so that interrupt controllers and
 * clocks attach first whatever the order of finding.
 */
#include "device/driver.h"

#include "base/errno.h"
#include "base/format.h"
#include "base/string.h"
#include "device/internal.h"
#include "log/errno_name.h"
#include "log/log.h"
#include "log/status.h"
#include "memory/heap.h"
#include "sync/spin_lock.h"

/* Devices are added and never removed, so the list is read without the lock. */
static struct list_head devices = LIST_HEAD_INITIALIZER(devices);
static struct spin_lock devices_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);
static bool is_started;

#define device_each(device) \
	for (struct device *device = device_next(NULL); device; device = device_next(device))

static struct status_entry devices_status = { .name = "devices", .show = device_describe_all };

struct device *device_create(struct device *parent, const char *name)
{
	struct device *device = heap_allocate(sizeof(*device), HEAP_PATIENT);

	if (!device)
		return NULL;
	device->parent = parent;
	format_print(device->name, sizeof(device->name), "%s", name);
	list_init(&device->identities);
	list_init(&device->resources);
	return device;
}

int device_identity_add(struct device *device, enum device_identity_kind kind, uint32_t number,
			const char *name)
{
	struct device_identity *identity = heap_allocate(sizeof(*identity), HEAP_PATIENT);

	if (!identity)
		return -ENOMEM;
	identity->kind = kind;
	identity->number = number;
	identity->name = name;
	list_add_tail(&device->identities, &identity->node);
	return 0;
}

int device_resource_add(struct device *device, enum resource_kind kind, uint64_t start,
			uint64_t length, uint32_t flags)
{
	struct device_resource *resource = heap_allocate(sizeof(*resource), HEAP_PATIENT);

	if (!resource)
		return -ENOMEM;
	resource->kind = kind;
	resource->start = start;
	resource->length = length;
	resource->flags = flags;
	list_add_tail(&device->resources, &resource->node);
	return 0;
}

struct device_resource *device_resource_find(struct device *device, enum resource_kind kind,
					     unsigned index)
{
	struct device_resource *resource;

	list_for_each(resource, &device->resources, node) {
		if (resource->kind == kind && index-- == 0)
			return resource;
	}
	return NULL;
}

static bool identity_matches(const struct device_identity *identity,
			     const struct device_match *match)
{
	if (identity->kind != match->kind)
		return false;
	if (match->kind == IDENTITY_FIRMWARE)
		return strcmp(identity->name, match->name) == 0;
	return identity->number == match->number;
}

static bool driver_matches(const struct driver *driver, struct device *device)
{
	struct device_identity *identity;

	list_for_each(identity, &device->identities, node) {
		for (const struct device_match *match = driver->matches;
		     match->kind != IDENTITY_END; match++) {
			if (identity_matches(identity, match))
				return true;
		}
	}
	return false;
}

static void device_offer(struct device *device, const struct driver *driver)
{
	int result;

	if (device->driver || !driver_matches(driver, device))
		return;
	device->driver = driver;
	result = driver->attach(device);
	if (result == 0)
		return;
	device->driver = NULL;
	if (result != -ENODEV)
		log_print(LOG_WARNING, "device %s: %s cannot attach (%s)", device->name,
			  driver->name, errno_name(-result));
}

int device_publish(struct device *device)
{
	bool were_enabled = spin_lock_irq(&devices_lock);

	list_add_tail_rcu(&devices, &device->node);
	spin_unlock_irq(&devices_lock, were_enabled);
	for (unsigned i = 0; is_started && kernel_drivers[i]; i++)
		device_offer(device, kernel_drivers[i]);
	return 0;
}

struct device *device_next(struct device *after)
{
	return after ? list_next(after, &devices, node) :
		       list_first(&devices, struct device, node);
}

/* Drivers in the order of kernel.list, each offered every device. */
static void drivers_attach(void)
{
	for (unsigned i = 0; kernel_drivers[i]; i++) {
		device_each(device)
			device_offer(device, kernel_drivers[i]);
	}
}

int device_start(void)
{
	unsigned count = 0, attached = 0;
	int result = acpi_bus_start();

	if (result == 0)
		result = device_tree_bus_start();
	if (result < 0)
		return result;
	status_add(&devices_status);
	drivers_attach();
	is_started = true;
	device_each(device) {
		count++;
		attached += device->driver != NULL;
	}
	log_ok("DEVICE", "%u devices, %u with drivers", count, attached);
	return 0;
}

int device_quiesce_all(void)
{
	int result = 0;

	device_each(device) {
		int one = 0;

		if (device->driver && device->driver->quiesce)
			one = device->driver->quiesce(device);
		if (result == 0)
			result = one;
	}
	return result;
}

void device_describe_all(struct format_sink *sink)
{
	struct device_identity *identity;

	device_each(device) {
		format_to(sink, "%s\t%s\t", device->name,
			  device->driver ? device->driver->name : "-");
		list_for_each(identity, &device->identities, node) {
			if (identity->name)
				format_to(sink, " %s", identity->name);
			else
				format_to(sink, " %x", identity->number);
		}
		format_to(sink, "\n");
	}
}
