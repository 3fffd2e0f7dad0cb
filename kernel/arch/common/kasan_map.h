/* The address sanitizer's shadow; debug builds only. */
#ifndef ARCH_COMMON_KASAN_MAP_H
#define ARCH_COMMON_KASAN_MAP_H

#include "arch/common/kernel_map.h"
#include "base/types.h"

/* Maps the whole shadow to zeros, in the kernel's root. Before other roots are made. */
void kasan_shadow_start(table_allocator allocate);

/* Puts writable shadow behind a range; false without memory. */
bool kasan_shadow_prepare(virtual_t start, virtual_t end, table_allocator allocate);

#endif
