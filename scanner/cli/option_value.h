#pragma once

#include "scanner/base/buf.h"
#include "scanner/cli/options.h"

/**
 * Values as they stand on a command line. Pure functions of text; false leaves `*out` unchanged.
 */

/** Decimal digits from `min` to `max`. */
bool value_read_number(struct span text, uint64_t min, uint64_t max, uint64_t *out);
/** Seconds with at most three decimals, "2", "0.5", "2s", as milliseconds from `min` to `max`. */
bool value_read_seconds(struct span text, uint64_t min_ms, uint64_t max_ms, uint32_t *out_ms);
/** "2", "2/s", "0.5/s", "30/m" or "10/h" as events per second; 0 is allowed. */
bool value_read_rate(struct span text, double max, double *out);
/** "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53"; `port` when none is given. */
bool value_read_endpoint(struct span text, uint16_t port, struct net_endpoint *out);
/** An address that connections can come from: none that bind() takes and the kernel then replaces. */
bool value_read_source(struct span text, struct net_addr *out);
/** The same, or "mail.example.org", "mail.example.org:25": a name as in value_is_fqdn(). @param host EHLO_DOMAIN_MAX
 * octets; the name or the address */
bool value_read_host(struct span text, uint16_t default_port, char *host, uint16_t *port);
/** "FROM=TO[:PORT]", two prefixes of the same length of host part or longer in TO; an IPv6 TO
 * with a port stands in brackets. */
bool value_read_address_map(struct span text, struct address_map *out);
/** "FROM=TO", two ports. */
bool value_read_port_map(struct span text, struct port_map *out);
/** "[NAME=]FILE"; without NAME, the file's own without ".pem" and the like. "system" is the bundle
 * of this machine. `out->path` points into `text`. */
bool value_read_root_cas(const char *text, struct root_cas *out);
/** RFC 3339 in UTC, a date (its first second), or "@" and Unix seconds; years 0 to 9999. */
bool value_read_time(struct span text, int64_t *out_unix_s);
/** A host name of at least two labels of letters, digits and hyphens (RFC 5321 section 4.1.2,
 * "Domain"), not numeric, not under localhost or localdomain. */
bool value_is_fqdn(struct span text);

/** Takes the next item off a list with commas. @return false when none is left. An empty item
 * is returned as such, also at the end of "a,". */
bool value_next_item(struct span *list, struct span *item);
