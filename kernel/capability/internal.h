/*
 * Shared between capability/ and its generated table of names.
 */
#ifndef CAPABILITY_INTERNAL_H
#define CAPABILITY_INTERNAL_H

#include "capability/capability.h"

extern const char *const capability_right_names[CAPABILITY_RIGHT_COUNT];

#endif
