/* What the files of device/virtio/ share: bits of the device's status, virtio 1.2 section 2.1. */
#ifndef DEVICE_VIRTIO_INTERNAL_H
#define DEVICE_VIRTIO_INTERNAL_H

#include "base/compiler.h"

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define STATUS_FAILED 128u

#endif
