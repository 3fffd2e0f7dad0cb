/* Registers of the MC146818A real-time clock, by index behind two ports. Motorola datasheet. */
#ifndef DRIVER_CLOCK_CMOS_REGISTERS_H
#define DRIVER_CLOCK_CMOS_REGISTERS_H

#include "base/compiler.h"

/* Offsets of the ports. */
#define CMOS_INDEX 0
#define CMOS_DATA 1

#define CMOS_SECONDS 0x00
#define CMOS_MINUTES 0x02
#define CMOS_HOURS 0x04
#define CMOS_DAY_OF_MONTH 0x07
#define CMOS_MONTH 0x08
#define CMOS_YEAR 0x09
#define CMOS_REGISTER_A 0x0a
#define CMOS_REGISTER_B 0x0b
#define CMOS_REGISTER_D 0x0d
#define CMOS_CENTURY 0x32

#define REGISTER_A_UIP BIT(7)		/* update in progress */
#define REGISTER_B_24_HOURS BIT(1)
#define REGISTER_B_DM BIT(2)		/* binary, else BCD */
#define HOURS_PM BIT(7)

#endif
