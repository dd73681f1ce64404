#pragma once

#include "scanner/base/net_addr.h"

/**
 * Is the name made of the address, as access providers name what nobody named? Then it holds, in
 * either order:
 *
 *   IPv4  its octets in decimal with '-', '.' or '_' between them, or three digits each without;
 *         or in hexadecimal, two digits each, with or without
 *   IPv6  its nibbles, with or without separators; its groups of 16 bits with separators; or the
 *         address as RFC 5952 writes it, with '-' for ':'
 *
 * Words such as "dynamic" or "pool" say nothing about that.
 *
 * @param name as in the PTR record, case of no importance
 */
bool name_is_generic(struct span name, const struct net_addr *address);
