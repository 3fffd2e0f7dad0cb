/* There is no I/O port space. */
#ifndef MACHINE_PORT_H
#define MACHINE_PORT_H

#include "arch/common/no_port.h"

#endif
