#include "output/dictionary.h"

#include <string.h>

#include "output/row_shape.h"
#include "output/tables.h"
#include "scanner/base/check.h"

/* A cell of a Markdown table: '|' would end it. */
static void put_cell(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            buf_put_char(out, '\\');
        }
        buf_put_char(out, *text);
    }
}

static const char head[] =
    "# Data dictionary\n"
    "\n"
    "<!-- Made from output/tables/ by output/dictionary.c; a unit test holds it to them. -->\n"
    "\n"
    "The tables of the results of a scan. Rows are written as NDJSON (one JSON object per line,\n"
    "RFC 8259), as CSV (RFC 4180), or as both; the columns and their order are the same.\n"
    "\n"
    "## What a reader may rely on\n"
    "\n"
    "- Every row has `schema`, the version of its layout, `scan_id` and `observed_at`. Keys are "
    "those of "
    "one scan,\n"
    "  in which no two rows of a table have the same; together with `scan_id` they are keys of "
    "rows "
    "of many scans.\n"
    "- Keys come in the order given here. With `--detail normal` a key without a value is absent;\n"
    "  with `--detail full`, the default, it is there, as `null`. Both mean unknown or not "
    "applicable; an empty list means that\n"
    "  there is none. Columns marked *key* or *always* are never null; those marked *always in "
    "full* "
    "are never null in full rows.\n";

static const char detail_head[] =
    "- Rows of `--detail normal` say each thing once: see [What normal rows leave "
    "out](#what-normal-rows-leave-out).\n"
    "- `--detail summary` also leaves out dialogues, attempts, handshakes of endpoints, verdicts "
    "by trust store, and the\n"
    "  octets of certificates and policies: it cannot be analyzed, nor gone on with. `detail` in "
    "manifest.json says which detail it\n"
    "  is, whether columns are left out that summary lacks as well (`less`: they are read like a "
    "summary), and whether other columns\n"
    "  or tables are (`partial`): such results are for other programs, and not read back.\n";

static const char lean_rules[] =
    "\n"
    "## What normal rows leave out\n"
    "\n"
    "Nothing is lost: `mxcensus analyze --detail full` makes the rows of full detail of those of "
    "normal, and `report`, `show` and `diff`\n"
    "read both alike. Who reads normal rows with a program of their own takes a key that is absent "
    "by the first of these rules that fits:\n"
    "\n"
    "1. **It stands elsewhere.** A line of the table below has the column, and its condition "
    "holds: the value is what stands there. If\n"
    "   that is absent too, these rules tell what it is. This comes before the next rule: an "
    "absent `cname_count` of `domains.mx` is not 0.\n"
    "2. **It is false, empty or 0.** This is so of a boolean, a list or a number of things that is "
    "marked *always in full*, and of:\n"
    "   - in `domains`, where `mx_dns` is there: `null_mx_beside`, `endpoints_truncated`, `mx`, "
    "`mx_total`, `cnames`, `ns`, `mta_sts_txt`,\n"
    "     `mta_sts_cnames`, `tls_rpt_txt`, `mx_operators`;\n"
    "   - in `certificates`, where `version` is there: `self_issued`, `precertificate`, "
    "`must_staple`, `name_constraints`,\n"
    "     `unknown_critical_extensions`, `duplicate_extension`, `lists_truncated`;\n"
    "   - in `chains`, where `status` is there: `capped`;\n"
    "   - in objects `dns`, where `rcode` is there: `ad`, `rrsig_present`, `tcp`, `truncated`, "
    "`cname_count`;\n"
    "   - in objects `transcript`: `early_talker`, `line_too_long`, `injected_len`; where "
    "`banner.code` is there `greeting_multiline` and\n"
    "     `greeting_without_esmtp`; where `ehlo_tls.code` is there `starttls_again`;\n"
    "   - in objects `handshake`, where `cert_count` is there: `client_cert_requested`, "
    "`short`, `unknown_name_warning`, `ocsp_stapled`, `sct_in_tls`,\n"
    "     `list_truncated`, `list_malformed`;\n"
    "   - in objects `tls_rpt`: `rua`.\n"
    "3. **It is not known, or does not apply**: null in full rows.\n"
    "\n";

static const struct {
    const char *column;
    const char *where;
    const char *condition;
} left_out[] = {
    {"`domains.input`", "`domain`", "`domain` is there"},
    {"`domains.mx_operators`, `hosts.mx_operators`", "a list of `mx_operator` alone",
     "`mx_operator` is there"},
    {"`domains.rollup_primary`", "`rollup`", "`rollup` is there"},
    {"`rollup`, `rollup_primary`: a property", "the property before it in [rollup](#object-rollup)",
     "always; `reachable` is always there. Its `value`, `n_total` and `n_tested` are the same"},
    {"`rollup`, `rollup_primary`: `n_total` of a property", "`n_total` of `reachable`",
     "the property is there"},
    {"`rollup`, `rollup_primary`: `n_tested` of a property", "`n_total` of that property",
     "the property is there"},
    {"`domains.outcomes`", "`outcome_sets.groups`, by `outcome_set`",
     "`outcome_set` is there. `place` of a group counts in `outcome_places` from 0; `decided_by` "
     "in full is the place, `: ` and the `decided_by` of the group"},
    {"`domains.sts_readiness.items`: an item", "nowhere",
     "`sts_readiness` is there: the item does not apply. Its `result` and `endpoint` are null; "
     "`advisory` is true of `default_certificate` alone"},
    {"`domains.mx.exchange`", "`host` beside it", "`host` is there"},
    {"`domains.mx.name_kind`", "nowhere", "always: it is `host`"},
    {"`domains.mx.registrable_domain`", "`hosts.mx_registrable_domain`",
     "of this line and the next five: `host` is there, and neither `unusable` nor `blocklisted`"},
    {"`domains.mx.a`", "`hosts.a_dns.state`", "the same"},
    {"`domains.mx.aaaa`", "`hosts.aaaa_dns.state`", "the same"},
    {"`domains.mx.cname_count`", "the number of `hosts.cnames`", "the same"},
    {"`domains.mx.dane_host`", "`hosts.dane`", "the same"},
    {"`domains.mx.tlsa_at`", "in the row of the host: see below the table", "the same"},
    {"`domains.mx.endpoints`: an endpoint", "the rows of `endpoints` with that `host`",
     "`endpoints_truncated` is not true. What is in the list has no row there, or says more "
     "(`mapped`): it comes first, and counts once"},
    {"`hosts.endpoints`: an endpoint", "the rows of `endpoints` with that `host`",
     "always; likewise"},
    {"`endpoints.address`, `endpoints.port`", "in `service`: address, bar, port", "always"},
    {"`endpoints.mx_registrable_domain`", "`hosts.mx_registrable_domain`", "always"},
    {"`endpoints.tlsa_base`", "`hosts.tlsa_base`", "always"},
    {"`endpoints.dane.host`", "`hosts.dane`", "`dane` is there"},
    {"`endpoints.name.matched`", "`host`", "`name.match` is `match`"},
    {"`endpoints.no_sni_leaf_sha256`", "`leaf_sha256`", "`sni.class` is `same`"},
    {"`endpoints.certificate_domain`", "`services.certificate_domain`",
     "`sni.class` is `same`, and `no_sni_leaf_sha256` is absent"},
    {"`endpoints.sni.default_chain_status`", "`chain_status`", "the same"},
    {"`endpoints.sni.default_name_match`", "`name.match`", "the same"},
    {"`endpoints.transcript`: `code`, `text`, `truncated` of a reply",
     "the reply of the same name in `services.transcript`",
     "the reply is there and has none of the three"},
    {"`endpoints.handshake`: all but `sni`, `ms`, `chain_id` and `leaf_sha256`",
     "`services.handshake`", "`as_service` is true"},
    {"`handshake.chain_id`, `handshake.leaf_sha256`", "`chain_id`, `leaf_sha256` of the row",
     "`handshake` is there"},
    {"`attempts`: `outcome` of the attempt that counts (number `attempt`, from 1)",
     "`outcome` of the row",
     "of this line and the next three, of `services` and `endpoints`: `handshake` is there"},
    {"`attempts`: its `code`, `text`",
     "in `transcript`, `code` of the reply that decides the outcome, such as that to STARTTLS; "
     "else of the last reply. `text` likewise, but null where the outcome is `established`",
     "the same"},
    {"`attempts`: its `quirks`", "`transcript.quirks`", "the same"},
    {"`attempts`: its `tls_version`, `alert_received`, `leaf_sha256`",
     "`handshake.version`, `handshake.alert_received`, `leaf_sha256` of the row", "the same"},
    {"`status` of `services`, `endpoints`, `attempts`", "a function of `outcome`: see below",
     "always"},
    {"`problems.places.host`", "`host` of the place before it", "always; the first place has it"},
    {"`problems.causes`", "a list of `cause` alone", "always"},
    {"`problems.fix`, `causes.fix`", "of `code`, in [findings.md](findings.md)", "always"},
    {"`certificates.fingerprint_sha1`", "made of `raw`", "`raw` is there"},
    {"`certificates.tbs_fingerprint`, `key_algorithm_oid`", "made of `raw`",
     "`raw` is there, and `version` is there"},
    {"`certificates.serial_number_hex`",
     "`serial_number` in hexadecimal, an even number of digits; where that is absent made of `raw`",
     "`version` is there"},
};

static const char lean_notes[] =
    "\n"
    "An endpoint in `hosts.endpoints` and `domains.mx.endpoints` is made of its row in "
    "`endpoints`, completed as above, and that of its service:\n"
    "\n"
    "| in the list | in the rows |\n"
    "|---|---|\n"
    "| `address`, `port`, `outcome`, `not_tested`, `starttls`, `tls_version`, `leaf_sha256`, "
    "`basis`, `chain_status`, `acceptable` | the same names in `endpoints` |\n"
    "| `name_match`, `sni`, `dane` | `endpoints.name.match`, `endpoints.sni.class`, "
    "`endpoints.dane.status` |\n"
    "| `mapped` | false |\n"
    "| `inherited` | whether `endpoints.session_from` is there and `basis` is not `inferred` |\n"
    "| `group` | `endpoints.group` where `basis` is `inferred`, else null |\n"
    "| `no_sni_outcome` | `services.outcome`; null where that or the outcome of the endpoint is "
    "`not_tested` |\n"
    "| `ptr_is_host` | whether a `name` of `services.ptr.names` is the host; null where "
    "`services.ptr.dns.state` is not `data`, `nodata` or `nxdomain` |\n"
    "| `covers_domain`, `mx_operator`, `mx_operator_source` | only `mxcensus analyze --detail "
    "full` makes them, of certificates, names and the lists of operators |\n"
    "\n"
    "`domains.mx.tlsa_at` is null where the query that decides was not made (`not_asked`). Else it "
    "is `host` where `hosts.cnames` is absent. Else it is\n"
    "`target` where `address_dnssec` is `secure` and the query `expanded_tlsa_dns` failed "
    "(`bogus`, `servfail`, `timeout`, `malformed`, `cname_loop`) or\n"
    "`expanded_tlsa` has records and `expanded_tlsa_dns.ad` is true; with `--trust-ad no` neither "
    "of the two need be secure. Else it is `alias`.\n"
    "\n"
    "`status` follows from `outcome`:\n"
    "\n";

static const char tail_of_head[] =
    "- On standard output the rows of all tables are mixed; the first key of each row is `type`,\n "
    " the name of its table.\n"
    "- Times are UTC.\n"
    "- Output is valid UTF-8. Untrusted text (banners, names in certificates, TXT records) is text "
    "that\n"
    "  the other side sent: octets that are not valid UTF-8, or are zero, are replaced with "
    "U+FFFD, and\n"
    "  then the column `<name>_base64` has the exact octets; otherwise that column is null. For a "
    "list,\n"
    "  it is a list of the same length, with null for each text that was not changed.\n"
    "- In JSON, control characters, line separators, and characters that are invisible or turn "
    "the\n"
    "  direction of text (U+202E for one) are escaped: a row is one line for every reader, and can "
    "be\n"
    "  shown on a terminal. A JSON parser gets the text exactly.\n"
    "- Unsigned numbers go up to 2^63 - 1 in principle; the numbers in practice are below 2^53.\n"
    "- `mxcensus schema` has the same as JSON Schema and as tables of databases (warehouse.md).\n"
    "- CSV has a header line and lines ending in CRLF. Lists and objects are their JSON text in "
    "one\n"
    "  field. Null is an empty field, the empty text is `\"\"`. Text that begins with `=` or `@` "
    "stays as it\n"
    "  was sent. CSV has no escapes: a line break or control character other than the tab is shown "
    "as "
    "its\n"
    "  picture, such as U+240A for a line feed, so that a record is one line. A field of more than "
    "32,767\n"
    "  characters is `[N characters]` instead (`--csv-cell-max`). NDJSON has the text exactly.\n"
    "- Compressed files consist of several frames (zstd) or members (gzip), one after the other.\n";

static void put_left_out(struct buf *out)
{
    buf_put_text(out, "| column | where the fact is | condition |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
        buf_putf(out, "| %s | %s | %s |\n", left_out[i].column, left_out[i].where,
                 left_out[i].condition);
    }
}

static bool is_first_of_its_status(unsigned outcome, const char *(*status_of)(unsigned outcome))
{
    for (unsigned i = 0; i < outcome; i++) {
        if (strcmp(status_of(i), status_of(outcome)) == 0) {
            return false;
        }
    }
    return true;
}

static void put_statuses(struct buf *out, const struct vocabulary *outcomes,
                         const char *(*status_of)(unsigned outcome))
{
    buf_put_text(out, "| `status` (of zgrab2) | `outcome` |\n|---|---|\n");
    for (unsigned i = 0; i < outcomes->count; i++) {
        if (!is_first_of_its_status(i, status_of)) {
            continue;
        }
        const char *between = "";
        buf_putf(out, "| `%s` | ", status_of(i));
        for (unsigned k = i; k < outcomes->count; k++) {
            if (strcmp(status_of(k), status_of(i)) == 0) {
                buf_putf(out, "%s`%s`", between, vocabulary_word(outcomes, k));
                between = ", ";
            }
        }
        buf_put_text(out, " |\n");
    }
}

static void put_types(struct buf *out)
{
    buf_put_text(out, "\n## Types\n\n| type | in JSON |\n|---|---|\n");
    for (unsigned i = 0; i < column_type_vocabulary.count; i++) {
        buf_putf(out, "| %s | ", column_type_vocabulary.words[i].word);
        put_cell(out, column_type_vocabulary.words[i].meaning);
        buf_put_text(out, " |\n");
    }
}

static void put_type(struct buf *out, const struct column *c)
{
    buf_put_text(out, column_type_word(c->type));
    if (c->type == COLUMN_TYPE_OBJECT || c->type == COLUMN_TYPE_OBJECT_LIST) {
        const char *name = nested_definition(c->nested)->name;
        buf_putf(out, " [%s](#object-%s)", name, name);
    }
}

static const char *presence_word(const struct column *c)
{
    enum row_detail detail = column_detail(c);
    switch (c->presence) {
    case COLUMN_PRESENCE_NULLABLE:
        if (column_is_lean_only(c)) {
            return detail == ROW_DETAIL_FULL ? "in no row" : "not in full";
        }
        return detail == ROW_DETAIL_FULL ? "full only" : "";
    case COLUMN_PRESENCE_FILLED:
        return detail == ROW_DETAIL_FULL || column_is_sparse(c) ? "always in full"
               : detail == ROW_DETAIL_NORMAL                    ? "always but in summary"
                                                                : "always";
    case COLUMN_PRESENCE_KEY:
        return "key";
    }
    UNREACHABLE("unknown column_presence");
}

static void put_columns(struct buf *out, const struct definition *d)
{
    buf_put_text(out, "| column | type | present | meaning | source |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < d->column_count; i++) {
        const struct column *c = &d->columns[i];
        buf_putf(out, "| `%s` | ", c->name);
        put_type(out, c);
        buf_putf(out, " | %s | ", presence_word(c));
        put_cell(out, c->meaning);
        if (c->volatility == COLUMN_VOLATILITY_VOLATILE) {
            buf_put_text(out, " *(volatile)*");
        }
        buf_put_text(out, " | ");
        put_cell(out, c->source);
        buf_put_text(out, " |\n");
    }
}

static void dictionary_put_key(struct buf *out, const struct definition *d)
{
    const char *between = "Key: ";
    for (size_t i = 0; i < d->column_count; i++) {
        if (d->columns[i].presence == COLUMN_PRESENCE_KEY) {
            buf_putf(out, "%s`%s`", between, d->columns[i].name);
            between = ", ";
        }
    }
    buf_put_text(out, ".\n\n");
}

static void put_tables(struct buf *out)
{
    buf_put_text(out, "\n## Tables\n");
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        const struct definition *d = table_definition((enum table_id)t);
        buf_putf(out, "\n### Table `%s`\n\n%s", d->name, d->meaning);
        buf_put_text(out, table_is_csv_only((enum table_id)t) ? " CSV only.\n" : "\n");
        dictionary_put_key(out, d);
        put_columns(out, d);
    }
}

static void put_objects(struct buf *out)
{
    buf_put_text(out, "\n## Objects inside rows\n");
    for (unsigned n = 0; n < NESTED_COUNT; n++) {
        const struct definition *d = nested_definition((enum nested_id)n);
        buf_putf(out, "\n### Object `%s`\n\n%s\n\n", d->name, d->meaning);
        put_columns(out, d);
    }
}

static void put_vocabulary(struct buf *out, const struct vocabulary *v)
{
    buf_putf(out, "\n### Vocabulary `%s`\n\n%s Used in: %s.\n\n| word | meaning |\n|---|---|\n",
             v->name, v->meaning, v->used_in);
    for (unsigned i = 0; i < v->count; i++) {
        if (vocabulary_has_word(v, i)) {
            buf_putf(out, "| `%s` | ", v->words[i].word);
            put_cell(out, v->words[i].meaning);
            buf_put_text(out, " |\n");
        }
    }
}

static void dictionary_put_path(const char *table, const char *path, void *arg)
{
    struct buf *out = arg;
    buf_putf(out, "%s.%s\n", table, path);
}

static void dictionary_put_volatile(struct buf *out)
{
    buf_put_text(out,
                 "\n## Volatile columns\n\n"
                 "Two scans of unchanged servers differ only in these columns: clocks, local\n"
                 "addresses, the cache of the resolver, and the order in which things happen.\n"
                 "The order of rows in a file, and of rows on standard output, is volatile too.\n\n"
                 "```\n");
    columns_each_volatile(dictionary_put_path, out);
    buf_put_text(out, "```\n");
}

/* The columns that `less` has not and `more` has. @return how many */
static size_t put_fewer(struct buf *out, enum table_id t, const struct row_shape *less,
                        const struct row_shape *more)
{
    const struct definition *d = table_definition(t);
    size_t count = 0;
    for (size_t i = 0; i < d->column_count; i++) {
        if (less->no_column[t][i] && !more->no_column[t][i]) {
            buf_putf(out, "%s`%s`", count > 0 ? ", " : "", d->columns[i].name);
            count++;
        }
    }
    return count;
}

/* NDJSON rows have the keys that they have; the header of CSV is fixed by the detail. */
static void put_csv_by_detail(struct buf *out)
{
    struct row_shape shapes[ROW_DETAIL_FULL + 1];
    for (unsigned detail = 0; detail <= ROW_DETAIL_FULL; detail++) {
        row_shape_init(&shapes[detail], (enum row_detail)detail);
    }
    const struct row_shape *normal = &shapes[ROW_DETAIL_NORMAL];
    buf_put_text(
        out,
        "\n"
        "### CSV by detail\n"
        "\n"
        "The header of a CSV file depends on the detail of the rows, and a field of normal rows "
        "can be empty where the rules above say\n"
        "what it is. So take columns by their names, and one detail for files that are put "
        "together. All other columns are in each:\n"
        "\n"
        "| table | full, not normal | normal, not full | normal, not summary |\n"
        "|---|---|---|---|\n");
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        size_t start = out->len;
        buf_putf(out, "| `%s` | ", table_name((enum table_id)t));
        size_t count = put_fewer(out, (enum table_id)t, normal, &shapes[ROW_DETAIL_FULL]);
        buf_put_text(out, " | ");
        count += shapes[ROW_DETAIL_FULL].no_table[t]
                     ? 1
                     : put_fewer(out, (enum table_id)t, &shapes[ROW_DETAIL_FULL], normal);
        buf_put_text(out, shapes[ROW_DETAIL_FULL].no_table[t] ? "all of it | " : " | ");
        count += put_fewer(out, (enum table_id)t, &shapes[ROW_DETAIL_SUMMARY], normal);
        buf_put_text(out, " |\n");
        out->len = count > 0 ? out->len : start;
    }
}

void dictionary_write_markdown(struct buf *out, const struct vocabulary *const *vocabularies,
                               unsigned count, const struct vocabulary *outcomes,
                               const char *(*status_of)(unsigned outcome))
{
    buf_put_text(out, head);
    buf_put_text(out, detail_head);
    buf_put_text(out, tail_of_head);
    buf_put_text(out, lean_rules);
    put_left_out(out);
    buf_put_text(out, lean_notes);
    put_statuses(out, outcomes, status_of);
    put_csv_by_detail(out);
    put_types(out);
    put_tables(out);
    put_objects(out);
    buf_put_text(out, "\n## Vocabularies\n");
    for (unsigned i = 0; i < count; i++) {
        put_vocabulary(out, vocabularies[i]);
    }
    dictionary_put_volatile(out);
}
