#pragma once

#include "scanner/base/vocabulary.h"
#include "scanner/cli/option_table.h"

/**
 * What the rows of the table name: how the value of an option is read. Those of flags, texts, numbers and times write
 * to the field that the row names; the others know theirs.
 */
option_reader option_read_flag;
option_reader option_read_text;
option_reader option_read_any_text;
option_reader option_read_config;
option_reader option_read_number_u64;
option_reader option_read_number;
option_reader option_read_seconds;
option_reader option_read_address_rate;
option_reader option_read_dns_rate;
option_reader option_read_format;
option_reader option_read_compress;
option_reader option_read_detail;
option_reader option_read_implicit_mx;
option_reader option_read_mta_sts;
option_reader option_read_aia;
option_reader option_read_trust_ad;
option_reader option_read_contact;
option_reader option_read_infer;
option_reader option_read_probes;
option_reader option_read_ports;
option_reader option_read_input;
option_reader option_read_name_servers;
option_reader option_read_local_addrs;
option_reader option_read_address_maps;
option_reader option_read_port_maps;
option_reader option_read_ehlo_domain;
option_reader option_read_self_test;
option_reader option_read_ipv4_only;
option_reader option_read_ipv6_only;
option_reader option_read_explain_format;
option_reader option_read_report_format;
option_reader option_read_schema_format;
option_reader option_read_diff_format;
option_reader option_read_diff_fail_on;
option_reader option_read_color;
option_reader option_read_fail_on;
option_reader option_read_root_cas;
option_reader option_read_intermediates;
option_reader option_read_at;

/** The words that the value of an option is one of, or a list of; NULL: it is something else, or words of two kinds. */
const struct vocabulary *option_words(const struct option_row *row);
/** What --fail-on of scan and check takes, from the worst on. */
void option_put_severities(struct buf *b, const char *between);
void option_put_effects(struct buf *b, const char *between);

/* For the readers alone. */
/** Puts "'item' " in front of the reason that follows. */
void option_put_item(struct buf *why, struct span item);
bool option_is_full(size_t count, size_t max, struct buf *why);
