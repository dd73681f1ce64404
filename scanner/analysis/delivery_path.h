#pragma once

#include "scanner/analysis/delivery_met.h"

/** A message on its way through the addresses of a domain, as one sender sends it. For deliveries.c; pure. */

/** @param at without an address. @return without its basis */
struct sender_delivery delivery_walk_message(struct delivery_place *at);
