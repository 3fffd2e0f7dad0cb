/*
 * Signal constants that differ by CPU: sigaltstack(2).
 */
#ifndef ABI_MACHINE_SIGNAL_H
#define ABI_MACHINE_SIGNAL_H

#define MINSIGSTKSZ 2048

#endif
