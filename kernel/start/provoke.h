/* Defects on demand, for tests of diagnostics. */
#ifndef START_PROVOKE_H
#define START_PROVOKE_H

/* Reads the option provoke; may not return when that names a defect. */
void provoke_start(void);

#endif
