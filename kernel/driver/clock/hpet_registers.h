/* Registers of the high precision event timer. IA-PC HPET specification 1.0a, 2.3. */
#ifndef DRIVER_CLOCK_HPET_REGISTERS_H
#define DRIVER_CLOCK_HPET_REGISTERS_H

#include "base/compiler.h"

#define GENERAL_CAPABILITIES_ID 0x000		/* 2.3.4 */
#define GENERAL_CONFIGURATION 0x010		/* 2.3.5 */
#define MAIN_COUNTER_VALUE 0x0f0		/* 2.3.7 */

#define COUNTER_CLK_PERIOD(capabilities) ((uint32_t)((capabilities) >> 32))
#define COUNTER_CLK_PERIOD_MAXIMUM 0x05f5e100u	/* femtoseconds */
#define ENABLE_CNF BIT(0)

#endif
