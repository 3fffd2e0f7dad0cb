/* Marks that every CPU's kernel.lds puts around the functions in WAITING_TEXT. */
#ifndef ARCH_COMMON_WAITING_TEXT_H
#define ARCH_COMMON_WAITING_TEXT_H

#include "base/types.h"

extern const uint8_t __waiting_text_start[], __waiting_text_end[];

#endif
