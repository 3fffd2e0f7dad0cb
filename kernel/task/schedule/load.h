/* Load averages, as uptime(1) shows them. */
#ifndef TASK_SCHEDULE_LOAD_H
#define TASK_SCHEDULE_LOAD_H

#include "base/types.h"

/* Called by any tick; does something once in five seconds. */
void load_update(void);
void load_read(uint64_t average[3]);

#endif
