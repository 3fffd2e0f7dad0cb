/* ACPI tables of this machine; from the final page tables on. */
#ifndef ARCH_X86_64_BOOT_FIRMWARE_H
#define ARCH_X86_64_BOOT_FIRMWARE_H

#include "firmware/acpi.h"

bool firmware_table_find(const char *signature, struct acpi_table *table) MUST_CHECK;
bool firmware_fixed_find(struct acpi_fixed *fixed) MUST_CHECK;

#endif
