#pragma once

#include <stddef.h>

/** The object that holds `member`, from a pointer to the member. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
