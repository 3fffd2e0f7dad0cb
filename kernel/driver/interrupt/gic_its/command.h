/* Commands to an interrupt translation service (IHI 0069, section 5.3): how they are written. */
#ifndef DRIVER_INTERRUPT_GIC_ITS_COMMAND_H
#define DRIVER_INTERRUPT_GIC_ITS_COMMAND_H

#include "base/compiler.h"
#include "base/types.h"

#define COMMAND_BYTES 32

struct its_command {
	uint64_t words[COMMAND_BYTES / 8];
};

/* A device's events, 2^event_bits of them, are looked up in the table at an address (a multiple of
 * 256); or none any more. */
struct its_command its_command_map_device(uint32_t device, unsigned event_bits, uint64_t table);
struct its_command its_command_unmap_device(uint32_t device);

/* A collection's interrupts go to a redistributor, whose name is a multiple of 64 K. */
struct its_command its_command_map_collection(uint16_t collection, uint64_t redistributor);

/* An event becomes an interrupt of a collection; none any more; moves to another collection. */
struct its_command its_command_map_event(uint32_t device, uint32_t event, uint32_t number,
					 uint16_t collection);
struct its_command its_command_discard(uint32_t device, uint32_t event);
struct its_command its_command_move(uint32_t device, uint32_t event, uint16_t collection);

/* The configuration of an event's interrupt, or of a collection's, is read again. */
struct its_command its_command_invalidate(uint32_t device, uint32_t event);
struct its_command its_command_invalidate_all(uint16_t collection);

/* What came before it has been seen by a redistributor when it is done. */
struct its_command its_command_synchronise(uint64_t redistributor);

#endif
