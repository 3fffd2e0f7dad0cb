/* What the files of device/ share. */
#ifndef DEVICE_INTERNAL_H
#define DEVICE_INTERNAL_H

#include "device/driver.h"

struct format_sink;

/* Root buses: publish what they find. 0 also when the platform has none of it. */
int acpi_bus_start(void) MUST_CHECK;
int device_tree_bus_start(void) MUST_CHECK;

/* /proc/aegis/devices: every device, its identities, its driver. */
void device_describe_all(struct format_sink *sink);

#endif
